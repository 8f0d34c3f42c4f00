//! The event log: numbers, stores and publishes what happens in conversations.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, Utc};
use database::{StorageError, Transaction};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{
    announcement::Announcement,
    conversation::ConversationId,
    error::AppendError,
    hub::{Event, Hub},
    repository::{ConversationRepository, EventRow},
};

/// What a feature wants to become an event.
pub trait Draft: Send + Sync + 'static {
    /// Conversation in which it is to happen.
    fn conversation(&self) -> ConversationId;
}

/// What a feature has stored.
pub trait Stored: Announcement + Clone + 'static {
    /// Message that the event is about.
    fn message_id(&self) -> Option<Uuid>;
}

/// A draft with its place in the conversation.
#[derive(Debug, Clone)]
pub struct Placed<D> {
    /// What is to be stored.
    pub draft: D,
    /// Its number: 1 for the first event of the conversation, no holes after.
    pub seq: i64,
    /// When it happened, cut to milliseconds, so that live and stored times are equal.
    pub at: DateTime<Utc>,
}

/// A kind of event, kept in the tables of the feature it belongs to.
///
/// Its functions run inside the log's transaction, so that the feature's rows, the
/// event and its seq commit together or not at all.
#[async_trait]
pub trait EventKind: Send + Sync {
    /// What is appended.
    type Draft: Draft;
    /// What that becomes.
    type Stored: Stored;

    /// Name of the kind, e.g. `message.new`.
    fn name(&self) -> &'static str;

    /// For each draft, what was stored when the client sent the same before.
    async fn repeats(
        &self,
        tx: &Transaction,
        drafts: &[Self::Draft],
    ) -> Result<Vec<Option<Self::Stored>>, StorageError>;

    /// Stores the feature's rows of a batch, and returns them in the same order.
    async fn store(
        &self,
        tx: &Transaction,
        batch: Vec<Placed<Self::Draft>>,
    ) -> Result<Vec<Self::Stored>, StorageError>;
}

/// The result of an append.
#[derive(Debug, Clone, PartialEq)]
pub struct Appended<S> {
    /// What is stored.
    pub stored: S,
    /// Whether it was stored before: the client has sent it again.
    pub repeated: bool,
}

/// Appends events to conversations.
pub struct EventLog {
    repository: Arc<dyn ConversationRepository>,
    hub: Arc<Hub>,
    /// Held from the first write to the last publish, so that events are published in
    /// the order in which they are committed.
    order: Mutex<()>,
}

impl EventLog {
    pub(crate) fn new(repository: Arc<dyn ConversationRepository>, hub: Arc<Hub>) -> Self {
        Self { repository, hub, order: Mutex::new(()) }
    }

    /// Stores a draft as the conversation's next event, then publishes it.
    ///
    /// Returns when the event is durable. A draft that was stored before is neither stored
    /// nor published again.
    ///
    /// # Errors
    ///
    /// [`AppendError`]; then nothing was stored, and nothing is published.
    pub async fn append<K>(
        self: &Arc<Self>,
        kind: Arc<K>,
        draft: K::Draft,
    ) -> Result<Appended<K::Stored>, AppendError>
    where
        K: EventKind + ?Sized + 'static,
    {
        let this = Arc::clone(self);
        // On a task of its own: a request that is given up between commit and publish must
        // not keep the event from the others.
        let appending = tokio::spawn(async move {
            let _order = this.order.lock().await;
            let appended = this.commit(&*kind, draft).await?;
            if !appended.repeated {
                let body: Arc<dyn Announcement> = Arc::new(appended.stored.clone());
                this.hub.publish(&Event { conversation: appended.conversation, body }).await;
            }
            Ok(Appended { stored: appended.stored, repeated: appended.repeated })
        });
        appending.await.map_err(|error| AppendError::Lost(error.to_string()))?
    }

    async fn commit<K>(
        &self,
        kind: &K,
        draft: K::Draft,
    ) -> Result<Committed<K::Stored>, AppendError>
    where
        K: EventKind + ?Sized,
    {
        let conversation = draft.conversation();
        let tx = self.repository.transaction().await?;
        let mut repeats = kind.repeats(&tx, std::slice::from_ref(&draft)).await?;
        if let Some(stored) = repeats.pop().flatten() {
            return Ok(Committed { conversation, stored, repeated: true });
        }
        let at = Utc::now().trunc_subsecs(3);
        let seq = self.repository.take_seqs(&tx, conversation, 1, at).await?;
        let seq = seq.ok_or(AppendError::NoConversation)?;
        let mut stored = kind.store(&tx, vec![Placed { draft, seq, at }]).await?;
        let Some(stored) = stored.pop() else {
            return Err(AppendError::Lost(format!("{} stored nothing", kind.name())));
        };
        let row =
            EventRow { conversation, seq, kind: kind.name(), message_id: stored.message_id(), at };
        self.repository.insert_events(&tx, vec![row]).await?;
        tx.commit().await.map_err(StorageError::from)?;
        Ok(Committed { conversation, stored, repeated: false })
    }
}

struct Committed<S> {
    conversation: ConversationId,
    stored: S,
    repeated: bool,
}
