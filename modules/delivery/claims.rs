//! Who has taken over a conversation, for features that do not keep it.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use auth::{Caller, UserId};
use database::StorageError;

use crate::conversation::ConversationId;

/// Knows who has claimed an escalation of a conversation.
#[async_trait]
pub trait ClaimSource: Send + Sync {
    /// Whether the user has claimed one that is not resolved.
    async fn has_claimed(
        &self,
        user: &UserId,
        conversation: ConversationId,
    ) -> Result<bool, StorageError>;
}

/// Asks the feature that keeps escalations. Nobody has claimed anything where there is none.
#[derive(Default)]
pub struct Claims {
    source: RwLock<Option<Arc<dyn ClaimSource>>>,
}

impl Claims {
    /// Makes `source` tell. For `on_init` hooks.
    pub fn set_source(&self, source: Arc<dyn ClaimSource>) {
        *self.source.write().unwrap_or_else(PoisonError::into_inner) = Some(source);
    }

    /// Whether the caller, who is a supervisor still, has claimed an escalation of the
    /// conversation. It is looked up each time: a claim counts at once, and so does its end.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub async fn has(
        &self,
        caller: &Caller,
        conversation: ConversationId,
    ) -> Result<bool, StorageError> {
        let source = self.source.read().unwrap_or_else(PoisonError::into_inner).clone();
        match source.filter(|_| caller.sees_everything()) {
            Some(source) => source.has_claimed(&caller.user_id, conversation).await,
            None => Ok(false),
        }
    }
}
