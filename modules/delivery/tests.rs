//! The guarantees of delivery, on a real database whose rows a test can count.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::Utc;
use database::{Database, DatabaseConfig};
use hornero::{App, ClientError, ServerConfig};
use tempfile::TempDir;

use crate::{
    Access, AppendError, Appended, Appending, Conversation, ConversationId, ConversationKind,
    Conversations, DeliveryConfig, DeliveryModule, EventHistory, EventLog,
    hub::{Hub, Listening},
};

mod batches;
mod commits;
mod door;
mod feeds;
mod flaky_repository;
mod gate;
mod holes;
mod kept;
mod logs;
mod numbers;
mod publishing;
mod queue;
mod repository;

use door::TestDoor;
use flaky_repository::FlakyRepository;
use repository::{Fate, NewNote, Note, Notes};

#[test]
fn wiring() {
    App::of::<DeliveryModule>().check().unwrap();
}

/// A log on a database of its own, gone at the end of the test.
struct TestLog {
    log: Arc<EventLog>,
    hub: Arc<Hub>,
    door: Arc<TestDoor>,
    notes: Arc<Notes>,
    conversations: Arc<Conversations>,
    history: Arc<EventHistory>,
    repository: Arc<FlakyRepository>,
    db: Arc<Database>,
    folder: TempDir,
}

impl TestLog {
    /// A log that writes.
    async fn started() -> Self {
        let test = Self::of(DeliveryConfig::default()).await;
        test.start().await;
        test
    }

    /// A log that does not write yet: what is submitted meanwhile is one batch.
    async fn waiting() -> Self {
        Self::of(DeliveryConfig::default()).await
    }

    async fn of(config: DeliveryConfig) -> Self {
        Self::open(tempfile::tempdir().unwrap(), config).await
    }

    async fn open(folder: TempDir, config: DeliveryConfig) -> Self {
        let server = ServerConfig { data_dir: folder.path().to_owned(), ..Default::default() };
        let db = Database::open(Arc::new(DatabaseConfig::default()), Arc::new(server)).await;
        let db = Arc::new(db.unwrap());
        let notes = Arc::new(Notes::on(&db).await);
        let repository = FlakyRepository::on(&db);
        let conversations = Arc::new(Conversations::new(repository.clone()));
        let access = Arc::new(Access::new(Arc::clone(&conversations)));
        let history = Arc::new(EventHistory::new(repository.clone(), access));
        history.set_source("note.new", notes.clone());
        history.set_source("note.single", notes.clone());
        history.add_keeper(notes.clone());
        let door = TestDoor::new();
        let hub = Arc::new(Hub::with(door.clone(), Arc::clone(&history)));
        let config = Arc::new(config);
        let log = EventLog::new(repository.clone(), Arc::clone(&hub), config, Arc::default());
        let log = Arc::new(log);
        Self { log, hub, door, notes, conversations, history, repository, db, folder }
    }

    async fn start(&self) {
        Arc::clone(&self.hub).start().await.unwrap();
        Arc::clone(&self.log).start().await.unwrap();
    }

    /// Stops, and opens the same database again.
    async fn reopened(self) -> Self {
        let test = Self::open(self.folder, DeliveryConfig::default()).await;
        test.start().await;
        test
    }

    /// Begins a conversation.
    async fn begin(&self) -> ConversationId {
        let id = ConversationId::generate();
        let tx = self.db.begin().await.unwrap();
        self.conversations.begin(&tx, id, ConversationKind::Room, Utc::now()).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Begins a conversation, and listens to it.
    async fn listened(&self) -> (ConversationId, Listening) {
        let id = self.begin().await;
        (id, self.listen(id).await)
    }

    async fn listen(&self, id: ConversationId) -> Listening {
        let listening = self.hub.listen(id);
        self.hub.open(&listening).await.unwrap();
        listening
    }

    fn submit(&self, to: ConversationId, key: &str, fate: Fate) -> Appending<Note> {
        let draft = NewNote { conversation: to, key: key.to_owned(), fate };
        self.log.submit(Arc::clone(&self.notes), draft).unwrap()
    }

    async fn append(
        &self,
        to: ConversationId,
        key: &str,
        fate: Fate,
    ) -> Result<Appended<Note>, AppendError> {
        soon(self.submit(to, key, fate).stored()).await
    }

    /// Stores `count` notes, named after their seqs.
    async fn fill(&self, to: ConversationId, count: i64) {
        for n in 1..=count {
            assert_eq!(self.append(to, &n.to_string(), Fate::Stored).await.unwrap().stored.seq, n);
        }
    }

    /// Waits until all that was submitted is stored and published.
    async fn settle(&self) {
        soon(Arc::clone(&self.log).flush()).await.unwrap();
    }

    async fn find(&self, id: ConversationId) -> Conversation {
        self.conversations.find(id).await.unwrap().unwrap()
    }
}

/// What a future resolves to; panics where it hangs.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("should not hang")
}

/// How a client is told of a failure.
fn status(error: AppendError) -> u16 {
    ClientError::from(error).kind().status().as_u16()
}
