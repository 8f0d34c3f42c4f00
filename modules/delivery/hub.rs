//! The hub: from the log to every door, each event once and in order.
//!
//! A conversation that somebody listens to has a feed, which knows the last event that it
//! has delivered: the next one is delivered, an older one is dropped, and one further on
//! shows a hole, which is filled from the database first.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use database::StorageError;
use futures_util::FutureExt;
use hornero::{BoxError, Frame};
use tokio::{
    sync::{Mutex as AsyncMutex, mpsc, oneshot},
    task::yield_now,
};

use crate::{
    announcement::{Announcement, Vocabulary},
    conversation::ConversationId,
    error::AccessError,
    history::EventHistory,
    socketio_door::SocketIoDoor,
};

/// Committed batches that may wait to be published. Then the writer waits.
const QUEUE: usize = 64;

/// Time after which the database is asked again for what is missing.
const RETRY: Duration = Duration::from_millis(500);

/// Events that are read at once to fill a hole.
const PAGE: i64 = 256;

/// Events of a conversation that doors are given at once.
const TOGETHER: usize = 64;

/// A durable event on its way to the clients.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) conversation: ConversationId,
    pub(crate) seq: i64,
    pub(crate) body: Arc<dyn Announcement>,
}

impl Event {
    /// The event in a vocabulary; `None` if that has no words for it, or the feature panics instead
    /// of finding some: then others are told all the same.
    pub(crate) fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        catch_unwind(AssertUnwindSafe(|| self.body.frame(vocabulary))).ok().flatten()
    }
}

/// A way out to clients that speak one protocol.
#[async_trait]
pub(crate) trait Door: Send + Sync {
    /// Sends events of one conversation to those who have joined it by this door, one behind the
    /// other.
    async fn deliver(&self, conversation: ConversationId, events: &[Event]);
}

/// Passes events to the doors.
pub(crate) struct Hub {
    feeds: Arc<Feeds>,
    history: Arc<EventHistory>,
    doors: Vec<Arc<dyn Door>>,
    queue: mpsc::Sender<Work>,
    /// Until it is started.
    waiting: Mutex<Option<mpsc::Receiver<Work>>>,
}

enum Work {
    Publish(Vec<Event>, Vec<oneshot::Sender<()>>),
    CatchUp(Vec<ConversationId>),
}

/// The feeds of the conversations that somebody listens to.
type Feeds = Mutex<HashMap<ConversationId, Listened>>;

struct Listened {
    feed: Arc<AsyncMutex<Feed>>,
    listeners: usize,
}

/// What was delivered of a conversation.
#[derive(Default)]
struct Feed {
    /// The last event that was delivered. Unknown until the first listener has asked.
    head: Option<i64>,
    /// The last event that was published while the head was unknown.
    passed: i64,
}

impl Hub {
    pub(crate) fn new(socketio: Arc<SocketIoDoor>, history: Arc<EventHistory>) -> Self {
        Self::with(socketio, history)
    }

    /// A hub with one door.
    pub(crate) fn with(door: Arc<dyn Door>, history: Arc<EventHistory>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (feeds, waiting) = (Arc::default(), Mutex::new(Some(waiting)));
        Self { feeds, history, doors: vec![door], queue, waiting }
    }

    /// Begins to publish. Does nothing when called again.
    pub(crate) async fn start(self: Arc<Self>) -> Result<(), BoxError> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waiting) = waiting {
            tokio::spawn(self.run(waiting));
        }
        Ok(())
    }

    async fn run(self: Arc<Self>, mut waiting: mpsc::Receiver<Work>) {
        while let Some(work) = waiting.recv().await {
            match work {
                Work::Publish(events, then) => {
                    for events in events.chunk_by(|it, next| it.conversation == next.conversation) {
                        self.deliver(events).await;
                    }
                    for done in then {
                        let _ = done.send(());
                    }
                }
                Work::CatchUp(conversations) => {
                    for conversation in conversations {
                        self.deliver_missing(conversation).await;
                    }
                }
            }
        }
    }

    /// Publishes events that are committed, those of one conversation in the order of their
    /// seqs; then tells `then`.
    pub(crate) async fn publish(&self, events: Vec<Event>, then: Vec<oneshot::Sender<()>>) {
        // It fails only when the hub has ended, and then nobody listens.
        let _ = self.queue.send(Work::Publish(events, then)).await;
    }

    /// Publishes what the database has, and nobody knows whether it was published.
    pub(crate) async fn catch_up(&self, conversations: Vec<ConversationId>) {
        let _ = self.queue.send(Work::CatchUp(conversations)).await;
    }

    /// Begins to listen to a conversation, until the guard is dropped.
    pub(crate) fn listen(&self, conversation: ConversationId) -> Listening {
        let mut feeds = lock(&self.feeds);
        let listened = feeds
            .entry(conversation)
            .or_insert_with(|| Listened { feed: Arc::default(), listeners: 0 });
        listened.listeners += 1;
        let feed = Arc::clone(&listened.feed);
        Listening { feeds: Arc::clone(&self.feeds), feed, conversation }
    }

    /// Makes sure that the head of a conversation that is listened to is known.
    pub(crate) async fn open(&self, listening: &Listening) -> Result<(), AccessError> {
        if listening.feed.lock().await.head.is_some() {
            return Ok(());
        }
        // Not under the lock: whoever publishes must not wait for the database.
        let stored = self.history.head(listening.conversation).await?;
        let mut feed = listening.feed.lock().await;
        let passed = feed.passed;
        feed.head.get_or_insert(stored.max(passed));
        Ok(())
    }

    /// Delivers events of one conversation.
    async fn deliver(&self, mut events: &[Event]) {
        let [Event { conversation, .. }, ..] = *events else { return };
        let Some(listening) = self.listened(conversation) else { return };
        let mut feed = listening.feed.lock().await;
        let Some(mut head) = feed.head else {
            let last = events.iter().map(|it| it.seq).max();
            feed.passed = feed.passed.max(last.unwrap_or_default());
            return;
        };
        while let [next, ..] = events {
            if next.seq <= head {
                events = &events[1..];
                continue;
            }
            if next.seq > head + 1
                && let Err(error) = self.fill(conversation, head, next.seq - 1).await
            {
                // Rather late than never: whoever joins meanwhile is not told twice.
                tracing::error!(%error, "Could not fill a hole: {error}");
                return self.catch_up_later(conversation);
            }
            let follow = events.windows(2).take_while(|it| it[1].seq == it[0].seq + 1).count();
            let (now, rest) = events.split_at(1 + follow);
            self.tell(conversation, now).await;
            head = now[follow].seq;
            (feed.head, events) = (Some(head), rest);
        }
    }

    /// Delivers what the database has and the feed has not.
    async fn deliver_missing(&self, conversation: ConversationId) {
        let Some(listening) = self.listened(conversation) else { return };
        let mut feed = listening.feed.lock().await;
        let Some(head) = feed.head else { return };
        let filled = async {
            let stored = self.history.head(conversation).await?;
            if stored > head {
                self.fill(conversation, head, stored).await?;
            }
            Ok::<_, AccessError>(stored)
        };
        match filled.await {
            Ok(stored) => feed.head = Some(stored.max(head)),
            Err(error) => {
                tracing::warn!(%error, "Could not catch up: {error}");
                self.catch_up_later(conversation);
            }
        }
    }

    /// Delivers the events behind `after` up to `through` from the database. All of them are
    /// read before the first one is delivered, so that a failure delivers none.
    async fn fill(
        &self,
        conversation: ConversationId,
        after: i64,
        through: i64,
    ) -> Result<(), StorageError> {
        let (mut events, mut from) = (Vec::new(), after);
        while from < through {
            let upto = through.min(from + PAGE);
            events.extend(self.history.read(conversation, from, upto).await?);
            from = upto;
        }
        self.tell(conversation, &events).await;
        Ok(())
    }

    async fn tell(&self, conversation: ConversationId, events: &[Event]) {
        for (number, events) in events.chunks(TOGETHER).enumerate() {
            if number > 0 {
                // What was told is written meanwhile, or queues would be full.
                yield_now().await;
            }
            for door in &self.doors {
                // One that panics must not silence the others.
                let told = door.deliver(conversation, events);
                let _ = AssertUnwindSafe(told).catch_unwind().await;
            }
        }
    }

    fn catch_up_later(&self, conversation: ConversationId) {
        let queue = self.queue.clone();
        tokio::spawn(async move {
            tokio::time::sleep(RETRY).await;
            let _ = queue.send(Work::CatchUp(vec![conversation])).await;
        });
    }

    #[cfg(test)]
    pub(crate) fn feeds(&self) -> usize {
        lock(&self.feeds).len()
    }

    /// The feed of a conversation that somebody listens to. Whoever delivers listens too: if
    /// the last listener leaves meanwhile, the next one would else begin a feed of its own,
    /// whose head is behind what is just being delivered, and be told that twice.
    fn listened(&self, conversation: ConversationId) -> Option<Listening> {
        let mut feeds = lock(&self.feeds);
        let listened = feeds.get_mut(&conversation)?;
        listened.listeners += 1;
        let feed = Arc::clone(&listened.feed);
        Some(Listening { feeds: Arc::clone(&self.feeds), feed, conversation })
    }
}

/// Somebody's interest in a conversation. While there is one, its events are kept track of.
pub(crate) struct Listening {
    feeds: Arc<Feeds>,
    feed: Arc<AsyncMutex<Feed>>,
    conversation: ConversationId,
}

impl Listening {
    pub(crate) fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// Calls `action` between two deliveries, with the last event that was delivered.
    pub(crate) async fn at_head<T>(&self, action: impl FnOnce(i64) -> T) -> T {
        let feed = self.feed.lock().await;
        action(feed.head.unwrap_or(feed.passed))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut feeds = lock(&self.feeds);
        if let Some(listened) = feeds.get_mut(&self.conversation) {
            listened.listeners -= 1;
            if listened.listeners == 0 {
                feeds.remove(&self.conversation);
            }
        }
    }
}

/// Nothing can panic under the lock and leave the feeds half-changed.
fn lock(feeds: &Feeds) -> MutexGuard<'_, HashMap<ConversationId, Listened>> {
    feeds.lock().unwrap_or_else(PoisonError::into_inner)
}
