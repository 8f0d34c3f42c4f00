//! Who is typing, for features that do not keep it.

use std::sync::{Arc, PoisonError, RwLock};

use auth::UserId;

use crate::conversation::ConversationId;

/// Knows who is typing.
pub trait TypingSource: Send + Sync {
    /// Those who type in a conversation, in no particular order.
    fn typing(&self, conversation: ConversationId) -> Vec<UserId>;
}

/// Asks the feature that keeps who is typing.
#[derive(Default)]
pub struct TypingUsers {
    source: RwLock<Option<Arc<dyn TypingSource>>>,
}

impl TypingUsers {
    /// Makes `source` tell. For `on_init` hooks.
    pub fn set_source(&self, source: Arc<dyn TypingSource>) {
        *self.source.write().unwrap_or_else(PoisonError::into_inner) = Some(source);
    }

    /// Those who type in a conversation.
    pub fn of(&self, conversation: ConversationId) -> Vec<UserId> {
        let source = self.source.read().unwrap_or_else(PoisonError::into_inner).clone();
        source.map(|it| it.typing(conversation)).unwrap_or_default()
    }
}
