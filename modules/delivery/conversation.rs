//! Conversations: the one thing that carries messages.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use database::{StorageError, Transaction};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{announcement::Vocabulary, repository::ConversationRepository};

/// Identifies a conversation: a room, a session.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct ConversationId(pub Uuid);

impl ConversationId {
    /// A new id. Version 7, so ids sort by time.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl std::fmt::Display for ConversationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Which feature a conversation belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConversationKind {
    /// One owner, and an assistant.
    Session,
    /// Many members.
    Room,
}

impl ConversationKind {
    /// The kind's name, as in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Room => "room",
        }
    }

    /// The words in which its clients hear it, unless they join it by another event.
    pub(crate) fn vocabulary(self) -> Vocabulary {
        match self {
            Self::Session => Vocabulary::Session,
            Self::Room => Vocabulary::Chat,
        }
    }

    /// The kind that has this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Session, Self::Room].into_iter().find(|it| it.as_str() == name)
    }
}

/// A conversation, as its log sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Identifies it.
    pub id: ConversationId,
    /// Feature it belongs to.
    pub kind: ConversationKind,
    /// Number of its newest event; 0 before the first.
    pub last_seq: i64,
    /// Number of the oldest event that is kept; 1 unless older ones were removed.
    pub first_seq: i64,
    /// How many messages it has, without those that were deleted.
    pub message_count: i64,
    /// Names one life of its log; another one after it was restored from a backup.
    pub epoch: Uuid,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When its newest event happened, or it began.
    pub last_activity_at: DateTime<Utc>,
}

/// Keeps something with conversations that are none of its own, and no events.
#[async_trait]
pub trait Keeper: Send + Sync {
    /// Lets go of at most `limit` things of a conversation that has ended, and tells how many
    /// those were. It is called until there are none.
    async fn forget(&self, id: ConversationId, limit: u64) -> Result<u64, StorageError>;
}

/// Begins, finds and ends conversations.
pub struct Conversations {
    repository: Arc<dyn ConversationRepository>,
    keepers: RwLock<Vec<Arc<dyn Keeper>>>,
    /// Says that one has ended, and is to be removed.
    pub(crate) ended: Notify,
}

impl Conversations {
    pub(crate) fn new(repository: Arc<dyn ConversationRepository>) -> Self {
        Self { repository, keepers: RwLock::default(), ended: Notify::new() }
    }

    /// Makes `keeper` let go of what it keeps with conversations that have ended. For `on_init`
    /// hooks.
    pub fn add_keeper(&self, keeper: Arc<dyn Keeper>) {
        self.keepers.write().unwrap_or_else(PoisonError::into_inner).push(keeper);
    }

    /// Lets keepers let go of at most `limit` things of a conversation that has ended.
    pub(crate) async fn forget(&self, id: ConversationId, limit: u64) -> Result<u64, StorageError> {
        let keepers = self.keepers.read().unwrap_or_else(PoisonError::into_inner).clone();
        for keeper in keepers {
            let forgotten = keeper.forget(id, limit).await?;
            if forgotten > 0 {
                return Ok(forgotten);
            }
        }
        Ok(0)
    }

    /// Begins a conversation in the transaction that stores the room or session it is.
    ///
    /// # Errors
    ///
    /// A failure of storage; the transaction is of no use any more.
    pub async fn begin(
        &self,
        tx: &Transaction,
        id: ConversationId,
        kind: ConversationKind,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let conversation = Conversation {
            id,
            kind,
            last_seq: 0,
            first_seq: 1,
            message_count: 0,
            epoch: Uuid::new_v4(),
            created_at: now,
            last_activity_at: now,
        };
        self.repository.insert(tx, &conversation).await
    }

    /// Ends a conversation in the transaction that removes the room or session it is. From the
    /// commit on it is unknown to everybody; its log is removed little by little.
    ///
    /// # Errors
    ///
    /// A failure of storage; the transaction is of no use any more.
    pub async fn end(&self, tx: &Transaction, id: ConversationId) -> Result<(), StorageError> {
        self.repository.end(tx, id, Utc::now()).await
    }

    /// The conversation with this id.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub async fn find(&self, id: ConversationId) -> Result<Option<Conversation>, StorageError> {
        Ok(self.find_all(&[id]).await?.pop())
    }

    /// Those of `ids` that exist, in no particular order.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub async fn find_all(
        &self,
        ids: &[ConversationId],
    ) -> Result<Vec<Conversation>, StorageError> {
        self.repository.find_all(ids).await
    }
}
