//! How much a user has not read.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use auth::UserId;
use database::StorageError;

use crate::conversation::ConversationId;

/// Most that is counted of one conversation.
const MOST: u64 = 100;

/// How many messages of others a user has not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unread {
    /// 100 at most.
    pub count: u64,
    /// Whether there are more.
    pub more: bool,
}

/// Counts messages, which their feature keeps.
#[async_trait]
pub trait UnreadSource: Send + Sync {
    /// How many messages of others there are in each conversation behind the seq named with it:
    /// `most` where there are more. A conversation without any may be left out.
    async fn count_unread(
        &self,
        user: &UserId,
        behind: &[(ConversationId, i64)],
        most: u64,
    ) -> Result<HashMap<ConversationId, u64>, StorageError>;
}

/// Asks the feature that keeps messages.
#[derive(Default)]
pub struct UnreadCounter {
    source: RwLock<Option<Arc<dyn UnreadSource>>>,
}

impl UnreadCounter {
    /// Makes `source` count. For `on_init` hooks.
    pub fn set_source(&self, source: Arc<dyn UnreadSource>) {
        *self.source.write().unwrap_or_else(PoisonError::into_inner) = Some(source);
    }

    /// How much the user has not read in each conversation, where the user has read up to the
    /// seq named with it. One in which nothing is unread may be left out.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub async fn count(
        &self,
        user: &UserId,
        read: &[(ConversationId, i64)],
    ) -> Result<HashMap<ConversationId, Unread>, StorageError> {
        let source = self.source.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(source) = source.filter(|_| !read.is_empty()) else { return Ok(HashMap::new()) };
        let counts = source.count_unread(user, read, MOST + 1).await?;
        let unread = |count: u64| Unread { count: count.min(MOST), more: count > MOST };
        Ok(counts.into_iter().map(|(id, count)| (id, unread(count))).collect())
    }
}
