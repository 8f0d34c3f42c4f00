//! The guarantees of the event log, on a real database and a door that can be shut.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use chrono::Utc;
use database::{Database, DatabaseConfig, StorageError, Transaction};
use hornero::{App, ClientError, Frame, ServerConfig};
use tempfile::TempDir;
use tokio::sync::{Notify, Semaphore};
use uuid::Uuid;

use crate::{
    Announcement, AppendError, Appended, Conversation, ConversationId, ConversationKind,
    Conversations, DeliveryModule, Draft, EventKind, EventLog, Placed, Stored, Vocabulary,
    entity::conversation,
    hub::{Door, Event, Hub},
    repository::SeaOrmConversationRepository,
};

/// What is appended: a key by which repeats are known, and how storing it goes.
#[derive(Clone)]
struct NewNote {
    conversation: ConversationId,
    key: String,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Stored,
    Fails,
    Forgotten,
    Panics,
}

impl Draft for NewNote {
    fn conversation(&self) -> ConversationId {
        self.conversation
    }
}

#[derive(Debug, Clone)]
struct Note {
    id: Uuid,
    conversation: ConversationId,
    seq: i64,
    told: Told,
}

impl PartialEq for Note {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Stored for Note {
    fn message_id(&self) -> Option<Uuid> {
        Some(self.id)
    }
}

/// Where notes were told, and their seqs, in the order in which it happened.
type Told = Arc<Mutex<Vec<(ConversationId, i64)>>>;

impl Announcement for Note {
    /// Whoever asks for the words tells somebody.
    fn frame(&self, _: Vocabulary) -> Option<Frame> {
        self.told.lock().unwrap().push((self.conversation, self.seq));
        None
    }
}

/// A feature whose table is in memory.
#[derive(Default)]
struct Notes {
    kept: Mutex<HashMap<(ConversationId, String), Note>>,
    told: Told,
}

impl Notes {
    fn told(&self, conversation: ConversationId) -> Vec<i64> {
        let told = self.told.lock().unwrap();
        told.iter().filter(|it| it.0 == conversation).map(|it| it.1).collect()
    }
}

#[async_trait]
impl EventKind for Notes {
    type Draft = NewNote;
    type Stored = Note;

    fn name(&self) -> &'static str {
        "note.new"
    }

    async fn repeats(
        &self,
        _: &Transaction,
        drafts: &[NewNote],
    ) -> Result<Vec<Option<Note>>, StorageError> {
        let notes = self.kept.lock().unwrap();
        Ok(drafts.iter().map(|it| notes.get(&(it.conversation, it.key.clone())).cloned()).collect())
    }

    async fn store(
        &self,
        _: &Transaction,
        batch: Vec<Placed<NewNote>>,
    ) -> Result<Vec<Note>, StorageError> {
        // Others get their turn between a seq and its note, if they can.
        tokio::task::yield_now().await;
        let mut stored = Vec::new();
        for Placed { draft, seq, at } in batch {
            assert_eq!(at.timestamp_subsec_nanos() % 1_000_000, 0, "whole milliseconds");
            match draft.fate {
                Fate::Stored => {}
                Fate::Fails => return Err(down()),
                Fate::Forgotten => return Ok(Vec::new()),
                Fate::Panics => panic!("a bug in a feature"),
            }
            let NewNote { conversation, key, .. } = draft;
            let told = Arc::clone(&self.told);
            let note = Note { id: Uuid::now_v7(), conversation, seq, told };
            self.kept.lock().unwrap().insert((conversation, key), note.clone());
            stored.push(note);
        }
        Ok(stored)
    }
}

/// The nearest failure of the database that needs none: a row without columns.
fn down() -> StorageError {
    conversation::Model::try_from(conversation::ActiveModel::default()).unwrap_err().into()
}

/// A door that tells nobody anything while it is shut.
struct TestDoor {
    open: Semaphore,
    knocked: Notify,
}

impl TestDoor {
    fn new() -> Arc<Self> {
        Arc::new(Self { open: Semaphore::new(Semaphore::MAX_PERMITS), knocked: Notify::new() })
    }

    fn shut(&self) {
        self.open.forget_permits(Semaphore::MAX_PERMITS);
    }

    fn open(&self) {
        self.open.add_permits(Semaphore::MAX_PERMITS);
    }
}

#[async_trait]
impl Door for TestDoor {
    async fn deliver(&self, event: &Event) {
        self.knocked.notify_one();
        drop(self.open.acquire().await.unwrap());
        event.body.frame(Vocabulary::Chat);
    }
}

/// A log on a database of its own, gone at the end of the test.
struct TestLog {
    log: Arc<EventLog>,
    notes: Arc<Notes>,
    door: Arc<TestDoor>,
    conversations: Conversations,
    db: Arc<Database>,
    folder: TempDir,
}

impl TestLog {
    async fn open() -> Self {
        Self::open_in(tempfile::tempdir().unwrap()).await
    }

    async fn open_in(folder: TempDir) -> Self {
        let server = ServerConfig { data_dir: folder.path().to_owned(), ..Default::default() };
        let db = Database::open(Arc::new(DatabaseConfig::default()), Arc::new(server)).await;
        let db = Arc::new(db.unwrap());
        let repository = SeaOrmConversationRepository::bind(Arc::clone(&db));
        let door = TestDoor::new();
        Self {
            log: Arc::new(EventLog::new(repository.clone(), Arc::new(Hub::of_test(door.clone())))),
            notes: Arc::new(Notes::default()),
            door,
            conversations: Conversations::new(repository),
            db,
            folder,
        }
    }

    async fn begin(&self) -> ConversationId {
        let id = ConversationId::generate();
        let tx = self.db.begin().await.unwrap();
        self.conversations.begin(&tx, id, ConversationKind::Room, Utc::now()).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    fn append(
        &self,
        conversation: ConversationId,
        key: &str,
        fate: Fate,
    ) -> impl Future<Output = Result<Appended<Note>, AppendError>> + Send + use<> {
        let (log, notes) = (Arc::clone(&self.log), Arc::clone(&self.notes));
        let draft = NewNote { conversation, key: key.to_owned(), fate };
        async move { log.append(notes, draft).await }
    }

    async fn find(&self, id: ConversationId) -> Conversation {
        self.conversations.find(id).await.unwrap().unwrap()
    }
}

#[test]
fn wiring() {
    App::of::<DeliveryModule>().check().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seqs_have_no_holes_though_some_fail_and_some_are_sent_twice() {
    let test = TestLog::open().await;
    let (room, other) = (test.begin().await, test.begin().await);
    let mut appending = tokio::task::JoinSet::new();
    for n in 0..50 {
        let fate = if n % 5 == 0 { Fate::Fails } else { Fate::Stored };
        appending.spawn(test.append(room, &format!("{n}"), fate));
        if n % 4 == 1 {
            appending.spawn(test.append(room, &format!("{n}"), fate));
            appending.spawn(test.append(other, &format!("{n}"), fate));
        }
    }

    let results = appending.join_all().await;

    let (stored, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(failed.len(), 10 + 2 * 3);
    let stored: Vec<_> = stored.into_iter().map(Result::unwrap).collect();
    for (conversation, count) in [(room, 40), (other, 10)] {
        let there = stored.iter().filter(|it| it.stored.conversation == conversation);
        let (repeated, first): (Vec<_>, Vec<_>) = there.partition(|it| it.repeated);
        let mut seqs: Vec<_> = first.iter().map(|it| it.stored.seq).collect();
        seqs.sort();
        assert_eq!(seqs, (1..=count).collect::<Vec<_>>());
        assert_eq!(repeated.len(), if conversation == room { 10 } else { 0 });
        for repeat in repeated {
            assert!(first.iter().any(|it| it.stored == repeat.stored), "{repeat:?}");
        }
        assert_eq!(test.find(conversation).await.last_seq, count);
        // Published once, and in the order in which they are numbered.
        assert_eq!(test.notes.told(conversation), seqs);
    }
}

#[tokio::test]
async fn nothing_is_numbered_or_published_that_was_not_stored() {
    let test = TestLog::open().await;
    let room = test.begin().await;
    let before = test.find(room).await;
    for fate in [Fate::Fails, Fate::Forgotten, Fate::Panics] {
        let key = format!("{}", fate as u8);
        let error = test.append(room, &key, fate).await.unwrap_err();
        let status = ClientError::from(error).kind().status().as_u16();
        assert_eq!(status, if fate == Fate::Fails { 503 } else { 500 });
    }
    assert_eq!(test.find(room).await, before);
    assert!(test.notes.told(room).is_empty());

    // And the next one finds everything as it was.
    let note = test.append(room, "again", Fate::Stored).await.unwrap().stored;

    assert_eq!(note.seq, 1);
    let after = test.find(room).await;
    assert_eq!((after.last_seq, after.epoch), (1, before.epoch));
    assert!(after.last_activity_at >= before.last_activity_at);
    assert_eq!(test.notes.told(room), [1]);
}

#[tokio::test]
async fn repeat_is_answered_with_the_first_and_published_once() {
    let test = TestLog::open().await;
    let room = test.begin().await;
    let first = test.append(room, "same", Fate::Stored).await.unwrap();

    let again = test.append(room, "same", Fate::Stored).await.unwrap();

    assert!(!first.repeated);
    assert_eq!(again, Appended { repeated: true, ..first });
    assert_eq!(test.notes.told(room), [1]);
    assert_eq!(test.find(room).await.last_seq, 1);
}

#[tokio::test]
async fn conversation_that_is_absent_takes_no_events() {
    let test = TestLog::open().await;
    let nowhere = ConversationId::generate();

    let error = test.append(nowhere, "lost", Fate::Stored).await.unwrap_err();

    assert!(matches!(error, AppendError::NoConversation), "{error:?}");
    assert_eq!(ClientError::from(error).socket_code(), "ROOM_ACCESS_DENIED");
    assert!(test.notes.kept.lock().unwrap().is_empty());
    assert!(test.notes.told(nowhere).is_empty());
}

#[tokio::test]
async fn event_waits_until_the_one_before_is_published() {
    let test = TestLog::open().await;
    let room = test.begin().await;
    test.door.shut();
    let first = tokio::spawn(test.append(room, "first", Fate::Stored));
    test.door.knocked.notified().await;

    let second = tokio::spawn(test.append(room, "second", Fate::Stored));
    // Writers are served in their order: the second would be through before these.
    for _ in 0..3 {
        test.begin().await;
    }
    assert_eq!(test.find(room).await.last_seq, 1);
    assert!(test.notes.told(room).is_empty());

    test.door.open();
    assert_eq!(first.await.unwrap().unwrap().stored.seq, 1);
    assert_eq!(second.await.unwrap().unwrap().stored.seq, 2);
    assert_eq!(test.notes.told(room), [1, 2]);
}

#[tokio::test]
async fn append_that_is_given_up_is_published_all_the_same() {
    let test = TestLog::open().await;
    let room = test.begin().await;
    test.door.shut();
    tokio::select! {
        _ = test.append(room, "given up", Fate::Stored) => panic!("the door is shut"),
        // It is committed by now, and about to be published.
        () = test.door.knocked.notified() => {}
    }
    assert!(test.notes.told(room).is_empty());

    test.door.open();
    let next = test.append(room, "next", Fate::Stored).await.unwrap();

    assert_eq!(next.stored.seq, 2);
    assert_eq!(test.notes.told(room), [1, 2]);
}

#[tokio::test]
async fn log_goes_on_where_it_was_when_the_database_is_opened_again() {
    let mut test = TestLog::open().await;
    let room = test.begin().await;
    let epoch = test.find(room).await.epoch;
    for expected in 1..=3 {
        let note = test.append(room, &format!("{expected}"), Fate::Stored).await.unwrap();
        assert_eq!(note.stored.seq, expected);
        test = TestLog::open_in(test.folder).await;
    }
    let found = test.find(room).await;
    assert_eq!((found.last_seq, found.epoch), (3, epoch));
}
