//! Who may do what in a conversation. Each feature decides for its own kind.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use auth::{Caller, UserId};
use database::StorageError;
use hornero::Frame;
use quick_cache::sync::Cache;

use crate::{
    conversation::{ConversationId, ConversationKind, Conversations},
    error::AccessError,
    subscriptions::Joined,
};

/// Conversations whose kind is remembered. A kind never changes.
const REMEMBERED_KINDS: usize = 100_000;

/// What a caller wants to do in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Read what was said.
    Read,
    /// Listen, and become a member first where anybody may.
    Join,
    /// Say something.
    Send,
    /// Change or take back what one has said.
    Edit,
    /// Take back what others have said.
    Moderate,
    /// Change its name and the like.
    Change,
    /// Take back all that was said, or the conversation itself.
    Clear,
}

/// Somebody who takes part in a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Participant {
    /// The user.
    pub user_id: UserId,
    /// What the user is there: `owner`, `moderator`, `member`.
    pub role: &'static str,
}

/// The rules of one kind of conversation.
#[async_trait]
pub trait AccessPolicy: Send + Sync {
    /// Lets the caller use `right`, and tells what the caller is there, or refuses.
    async fn require(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        right: Right,
    ) -> Result<&'static str, AccessError>;

    /// The first `limit` participants, owners first, and how many there are in all.
    async fn participants(
        &self,
        conversation: ConversationId,
        limit: u64,
    ) -> Result<(Vec<Participant>, u64), StorageError>;

    /// The event that tells a client that it has joined as it had asked for when it connected.
    async fn joined(
        &self,
        conversation: ConversationId,
        joined: Joined,
    ) -> Result<Option<Frame>, StorageError>;
}

/// Asks the policy of a conversation's kind.
pub struct Access {
    conversations: Arc<Conversations>,
    policies: RwLock<HashMap<ConversationKind, Arc<dyn AccessPolicy>>>,
    kinds: Cache<ConversationId, ConversationKind>,
}

impl Access {
    pub(crate) fn new(conversations: Arc<Conversations>) -> Self {
        let kinds = Cache::new(REMEMBERED_KINDS);
        Self { conversations, policies: RwLock::default(), kinds }
    }

    /// Makes `policy` decide over conversations of `kind`. For `on_init` hooks.
    pub fn set_policy(&self, kind: ConversationKind, policy: Arc<dyn AccessPolicy>) {
        self.policies.write().unwrap_or_else(PoisonError::into_inner).insert(kind, policy);
    }

    /// Lets the caller use `right`, and tells what the caller is there.
    ///
    /// # Errors
    ///
    /// [`AccessError::Denied`] in the same words whether the conversation is absent or
    /// forbidden, or whatever else its policy says.
    pub async fn require(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        right: Right,
    ) -> Result<&'static str, AccessError> {
        self.policy(conversation).await?.require(caller, conversation, right).await
    }

    pub(crate) async fn joined(
        &self,
        conversation: ConversationId,
        joined: Joined,
    ) -> Result<Option<Frame>, AccessError> {
        Ok(self.policy(conversation).await?.joined(conversation, joined).await?)
    }

    pub(crate) async fn participants(
        &self,
        conversation: ConversationId,
        limit: u64,
    ) -> Result<(Vec<Participant>, u64), AccessError> {
        let policy = self.policy(conversation).await?;
        Ok(policy.participants(conversation, limit).await?)
    }

    /// What kind of conversation it is.
    ///
    /// # Errors
    ///
    /// [`AccessError::Denied`] if there is none.
    pub async fn kind(&self, id: ConversationId) -> Result<ConversationKind, AccessError> {
        if let Some(kind) = self.kinds.get(&id) {
            return Ok(kind);
        }
        let conversation = self.conversations.find(id).await?.ok_or(AccessError::Denied)?;
        self.kinds.insert(id, conversation.kind);
        Ok(conversation.kind)
    }

    async fn policy(&self, id: ConversationId) -> Result<Arc<dyn AccessPolicy>, AccessError> {
        let kind = self.kind(id).await?;
        let policies = self.policies.read().unwrap_or_else(PoisonError::into_inner);
        policies.get(&kind).cloned().ok_or(AccessError::Denied)
    }
}
