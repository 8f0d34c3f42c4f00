//! The event log: numbers, stores and publishes what happens in conversations.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use database::{StorageError, Transaction};
use hornero::{BoxError, ClientError, Metrics};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::{
    announcement::Announcement,
    batch::{Entry, Queued},
    config::DeliveryConfig,
    conversation::ConversationId,
    error::AppendError,
    hub::Hub,
    repository::ConversationRepository,
    writer::Writer,
};

/// What a feature wants to become an event.
pub trait Draft: Send + Sync + 'static {
    /// Conversation in which it is to happen.
    fn conversation(&self) -> ConversationId;

    /// Whether the client has sent `self` and `other` as one and the same, so that whichever
    /// comes second is a repeat.
    fn repeats(&self, _other: &Self) -> bool {
        false
    }
}

/// What a feature has stored.
pub trait Stored: Announcement + Clone + 'static {
    /// Message that the event is about.
    fn message_id(&self) -> Option<Uuid>;

    /// What else the log is to keep, for when the event is told again. No words: those are
    /// the feature's, which may have to forget them.
    fn payload(&self) -> Option<Value> {
        None
    }
}

/// A draft with its place in the conversation.
#[derive(Debug)]
pub struct Placed<'a, D> {
    /// What is to be stored.
    pub draft: &'a D,
    /// Its number: 1 for the first event of the conversation, no holes after.
    pub seq: i64,
    /// When it happened, cut to milliseconds, so that live and stored times are equal.
    pub at: DateTime<Utc>,
}

/// What is to become of a draft.
#[derive(Debug)]
pub enum Decision<S> {
    /// It becomes the next event.
    Append,
    /// The client has sent it before, and this was stored then.
    Repeat(S),
    /// It can not be.
    Refuse(ClientError),
}

/// What each event of a kind does to the number of messages in its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tally {
    /// Nothing.
    Same,
    /// A message is said.
    OneMore,
    /// A message is taken back.
    OneLess,
    /// All messages are taken back.
    NoneLeft,
}

/// A kind of event, kept in the tables of the feature it belongs to.
///
/// Its functions run inside the log's transaction, so that the feature's rows, the
/// event and its seq commit together or not at all. A failure of either undoes the whole
/// batch, whose drafts are then tried one by one.
#[async_trait]
pub trait EventKind: Send + Sync {
    /// What is appended.
    type Draft: Draft;
    /// What that becomes.
    type Stored: Stored;

    /// Name of the kind, e.g. `message.new`.
    fn name(&self) -> &'static str;

    /// What each event does to the number of messages. Nothing, unless said otherwise.
    fn tally(&self) -> Tally {
        Tally::Same
    }

    /// Most drafts that are decided and stored at once. One where a draft's decision may
    /// depend on the draft before it; more where only repeats do.
    fn batch(&self) -> usize {
        1
    }

    /// Whether the feature's rows are all there is to keep of an event: its conversation, its seq,
    /// and what is to be told of it. Then the log keeps nothing, and an [`EventKeeper`] of the
    /// feature has to read such events.
    ///
    /// [`EventKeeper`]: crate::EventKeeper
    fn is_kept_by_the_feature(&self) -> bool {
        false
    }

    /// Whether a unique constraint keeps a repeat from being stored. Then nobody looks for
    /// repeats before there was one: `decide` is asked only about a batch that broke a
    /// constraint, and about those that follow it until there is none that has a repeat.
    fn repeats_break_a_constraint(&self) -> bool {
        false
    }

    /// Whether [`store`](Self::store) does nothing with the transaction but
    /// [insert](Transaction::insert) rows and [run](Transaction::run) statements, and waits for
    /// nothing else. Where nobody has to `decide` either, a batch then costs SQLite one way to
    /// another thread, and not one for each statement.
    fn stores_by_statements(&self) -> bool {
        false
    }

    /// What is to become of each draft, in the same order.
    async fn decide(
        &self,
        tx: &Transaction,
        drafts: &[&Self::Draft],
    ) -> Result<Vec<Decision<Self::Stored>>, StorageError>;

    /// Is told of each event that is committed, before anybody is answered. It must be quick.
    fn committed(&self, _: &Self::Stored) {}

    /// Is told of each draft that could not be stored, or of which nobody knows whether it was.
    /// It must be quick.
    fn failed(&self, _: &Self::Draft) {}

    /// Stores the feature's rows of a batch, and returns them in the same order.
    async fn store(
        &self,
        tx: &Transaction,
        batch: &[Placed<'_, Self::Draft>],
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

/// A draft in the queue, on its way to being stored. It is stored even if nobody waits.
#[derive(Debug)]
pub struct Appending<S>(oneshot::Receiver<Result<Appended<S>, AppendError>>);

impl<S> Appending<S> {
    /// Resolves when the event is durable.
    ///
    /// # Errors
    ///
    /// [`AppendError`].
    pub async fn stored(self) -> Result<Appended<S>, AppendError> {
        let gone = |_| Err(AppendError::Lost("the event log has ended".to_owned()));
        self.0.await.unwrap_or_else(gone)
    }
}

/// Appends events to conversations.
///
/// One writer takes whatever waits in the queue and commits it in one transaction: what a
/// commit costs is shared by all who wait for it. What is committed is published in order.
pub struct EventLog {
    queue: mpsc::Sender<Box<dyn Queued>>,
    /// Until it is started.
    writer: Mutex<Option<Writer>>,
}

impl EventLog {
    pub(crate) fn new(
        repository: Arc<dyn ConversationRepository>,
        hub: Arc<Hub>,
        config: Arc<DeliveryConfig>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(config.queue);
        let writer = Writer::new(repository, hub, waiting, config.batch);
        let depth = "Events that wait to be stored";
        let depth = metrics.gauge("gateway_queue_depth", depth, &[("queue", "event_log")]);
        let watched = queue.downgrade();
        metrics.sample(move || {
            let queue = watched.upgrade();
            let waiting = queue.map_or(0, |it| it.max_capacity() - it.capacity());
            depth.set(waiting as f64);
        });
        Self { queue, writer: Mutex::new(Some(writer)) }
    }

    /// Begins to write. Does nothing when called again.
    pub(crate) async fn start(self: Arc<Self>) -> Result<(), BoxError> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            tokio::spawn(writer.run());
        }
        Ok(())
    }

    /// Puts a draft into the queue. Those of one caller are stored in the order of the calls.
    ///
    /// # Errors
    ///
    /// [`AppendError::Busy`] at once if too many wait already.
    pub fn submit<K>(
        &self,
        kind: Arc<K>,
        draft: K::Draft,
    ) -> Result<Appending<K::Stored>, AppendError>
    where
        K: EventKind + ?Sized + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let entry = Box::new(Entry { kind, draft, answer });
        match self.queue.try_send(entry) {
            Ok(()) => Ok(Appending(answered)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(AppendError::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => {
                Err(AppendError::Lost("the event log has ended".to_owned()))
            }
        }
    }

    /// Stores a draft as the conversation's next event; it is published then.
    ///
    /// Returns when the event is durable. A draft that was stored before is neither stored
    /// nor published again.
    ///
    /// # Errors
    ///
    /// [`AppendError`]; then nothing is known to be stored.
    pub async fn append<K>(
        &self,
        kind: Arc<K>,
        draft: K::Draft,
    ) -> Result<Appended<K::Stored>, AppendError>
    where
        K: EventKind + ?Sized + 'static,
    {
        self.submit(kind, draft)?.stored().await
    }

    /// How full the queue is, from 0 to 1; `None` when nothing is stored any more.
    pub fn load(&self) -> Option<f64> {
        let (free, room) = (self.queue.capacity(), self.queue.max_capacity());
        (!self.queue.is_closed()).then(|| 1.0 - free as f64 / room as f64)
    }

    /// Waits until whatever was queued before is stored and published.
    ///
    /// # Errors
    ///
    /// None: where nothing is stored any more, there is nothing to wait for.
    pub async fn flush(self: Arc<Self>) -> Result<(), BoxError> {
        let (done, flushed) = oneshot::channel();
        if self.queue.send(Box::new(crate::batch::Flush(done))).await.is_ok() {
            // Dropped without an answer, it has nothing left to flush.
            let _ = flushed.await;
        }
        Ok(())
    }
}

impl fmt::Debug for EventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLog").finish_non_exhaustive()
    }
}
