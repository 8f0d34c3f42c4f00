//! Notes: a feature with a table of its own, whose storing goes as the test wants it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use database::{Database, StorageError, Transaction};
use hornero::{ClientError, ErrorKind, Event, Frame};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::gate::Gate;
use crate::{
    Announcement, ConversationId, ConversationKind, Decision, Draft, EventKeeper, EventKind,
    EventSource, LoggedEvent, Placed, Stored, Vocabulary,
};

/// What is appended: a key by which repeats are known, and how storing it goes.
#[derive(Debug, Clone)]
pub(super) struct NewNote {
    pub(super) conversation: ConversationId,
    pub(super) key: String,
    pub(super) fate: Fate,
}

/// Whatever goes wrong in the middle does so when the note's row is already there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fate {
    Stored,
    /// The feature says no.
    Refused,
    /// The feature forgets to decide about it.
    Undecided,
    /// The database fails.
    Fails,
    /// The feature returns too few rows.
    Forgotten,
    /// The feature has a bug.
    Panics,
    /// The database fails when it commits.
    FailsAtCommit,
    /// The feature has a bug that shows when two drafts are compared.
    PanicsWhenCompared,
    /// It is stored, but the feature has no words for it, only a bug.
    PanicsWhenTold,
}

impl Draft for NewNote {
    fn conversation(&self) -> ConversationId {
        self.conversation
    }

    fn repeats(&self, other: &Self) -> bool {
        assert_ne!(self.fate, Fate::PanicsWhenCompared, "a bug in a feature");
        self.conversation == other.conversation && self.key == other.key
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Note {
    pub(super) id: Uuid,
    pub(super) conversation: ConversationId,
    pub(super) seq: i64,
    /// The feature panics when it is to be told.
    untellable: bool,
}

impl Note {
    /// One that was never stored.
    pub(super) fn forged(conversation: ConversationId, seq: i64) -> Self {
        Self { id: Uuid::now_v7(), conversation, seq, untellable: false }
    }
}

impl Stored for Note {
    fn message_id(&self) -> Option<Uuid> {
        Some(self.id)
    }
}

impl Announcement for Note {
    fn frame(&self, _: Vocabulary) -> Option<Frame> {
        assert!(!self.untellable, "a bug in a feature");
        Frame::of(&Noted {})
    }
}

/// What is told of a note.
#[derive(Serialize, ToSchema)]
struct Noted {}

impl Event for Noted {
    const NAME: &'static str = "noted";
}

/// Stores notes, many at once.
pub(super) struct Notes {
    db: Arc<Database>,
    /// Is passed when rows are written, and not yet committed.
    pub(super) gate: Gate,
    /// How often somebody has looked whether a batch is stored already.
    looks: AtomicUsize,
}

impl Notes {
    pub(super) async fn on(db: &Arc<Database>) -> Self {
        let tx = db.begin().await.unwrap();
        let tables = "CREATE TABLE IF NOT EXISTS shelves (id INTEGER PRIMARY KEY); \
             CREATE TABLE IF NOT EXISTS notes (id BLOB PRIMARY KEY, conversation BLOB NOT NULL, \
             seq INTEGER NOT NULL, key TEXT NOT NULL, untellable BOOLEAN NOT NULL, \
             kept BOOLEAN NOT NULL, shelf INTEGER REFERENCES shelves (id) DEFERRABLE INITIALLY DEFERRED, \
             UNIQUE (conversation, key), UNIQUE (conversation, seq))";
        tx.execute_unprepared(tables).await.unwrap();
        tx.commit().await.unwrap();
        Self { db: Arc::clone(db), gate: Gate::default(), looks: AtomicUsize::default() }
    }

    /// How often somebody has looked for repeats.
    pub(super) fn looks(&self) -> usize {
        self.looks.load(Ordering::Relaxed)
    }

    /// Keys of the notes of a conversation that are committed, by their seqs.
    pub(super) async fn keys(&self, of: ConversationId) -> Vec<String> {
        let sql = "SELECT key FROM notes WHERE conversation = $1 ORDER BY seq";
        let rows = query(self.db.read(), sql, [of.0.into()]).await.unwrap();
        rows.iter().map(|it| it.try_get("", "key").unwrap()).collect()
    }

    /// Takes the events after `seq` out of the log, as if they had never been written.
    pub(super) async fn lose_event(&self, of: ConversationId, seq: i64) {
        let tx = self.db.begin().await.unwrap();
        let sql = "DELETE FROM events WHERE conversation_id = $1 AND seq = $2 RETURNING seq";
        assert_eq!(query(&tx, sql, [of.0.into(), seq.into()]).await.unwrap().len(), 1);
        tx.commit().await.unwrap();
    }

    /// The seqs that the log has of a conversation.
    pub(super) async fn logged(&self, of: ConversationId) -> Vec<i64> {
        let sql = "SELECT seq FROM events WHERE conversation_id = $1 ORDER BY seq";
        let rows = query(self.db.read(), sql, [of.0.into()]).await.unwrap();
        rows.iter().map(|it| it.try_get("", "seq").unwrap()).collect()
    }
}

#[async_trait]
impl EventKind for Notes {
    type Draft = NewNote;
    type Stored = Note;

    fn name(&self) -> &'static str {
        "note.new"
    }

    fn batch(&self) -> usize {
        usize::MAX
    }

    async fn decide(
        &self,
        tx: &Transaction,
        drafts: &[&NewNote],
    ) -> Result<Vec<Decision<Note>>, StorageError> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        let mut decisions = Vec::new();
        for draft in drafts {
            let sql = "SELECT * FROM notes WHERE conversation = $1 AND key = $2";
            let key = [draft.conversation.0.into(), draft.key.clone().into()];
            let rows = query(tx, sql, key).await?;
            decisions.push(match (rows.first(), draft.fate) {
                (Some(row), _) => Decision::Repeat(note_of(row)?),
                (None, Fate::Refused) => {
                    Decision::Refuse(ClientError::new(ErrorKind::Forbidden, "No notes today"))
                }
                (None, Fate::Undecided) => continue,
                (None, _) => Decision::Append,
            });
        }
        Ok(decisions)
    }

    async fn store(
        &self,
        tx: &Transaction,
        batch: &[Placed<'_, NewNote>],
    ) -> Result<Vec<Note>, StorageError> {
        self.store_all(tx, batch, false).await
    }
}

impl Notes {
    async fn store_all(
        &self,
        tx: &Transaction,
        batch: &[Placed<'_, NewNote>],
        kept: bool,
    ) -> Result<Vec<Note>, StorageError> {
        let mut stored = Vec::new();
        for Placed { draft, seq, at } in batch {
            assert_eq!(at.timestamp_subsec_nanos() % 1_000_000, 0, "whole milliseconds");
            let untellable = draft.fate == Fate::PanicsWhenTold;
            let (id, conversation, seq) = (Uuid::now_v7(), draft.conversation, *seq);
            let note = Note { id, conversation, seq, untellable };
            let no_shelf = (draft.fate == Fate::FailsAtCommit).then_some(404_i64);
            let sql = "INSERT INTO notes (id, conversation, seq, key, untellable, kept, shelf) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)";
            let key = draft.key.clone();
            let row: [Value; 7] = [
                note.id.into(),
                note.conversation.0.into(),
                note.seq.into(),
                key.into(),
                untellable.into(),
                kept.into(),
                no_shelf.into(),
            ];
            let backend = tx.get_database_backend();
            tx.run(Statement::from_sql_and_values(backend, sql, row)).await?;
            match draft.fate {
                Fate::Fails => {
                    tx.run(Statement::from_string(backend, "SELECT * FROM nowhere")).await?;
                    unreachable!("there is no such table");
                }
                Fate::Forgotten => continue,
                Fate::Panics => panic!("a bug in a feature"),
                _ => stored.push(note),
            }
        }
        self.gate.pass().await;
        Ok(stored)
    }
}

#[async_trait]
impl EventSource for Notes {
    async fn recall(
        &self,
        _: ConversationKind,
        events: &[LoggedEvent],
    ) -> Result<Vec<Option<Arc<dyn Announcement>>>, StorageError> {
        let mut bodies = Vec::new();
        for event in events {
            let sql = "SELECT * FROM notes WHERE id = $1";
            let rows = query(self.db.read(), sql, [event.message_id.into()]).await?;
            let note = rows.first().map(note_of).transpose()?;
            bodies.push(note.map(|it| Arc::new(it) as Arc<dyn Announcement>));
        }
        Ok(bodies)
    }
}

#[async_trait]
impl EventKeeper for Notes {
    async fn kept(
        &self,
        conversation: ConversationId,
        _: ConversationKind,
        after: i64,
        through: i64,
    ) -> Result<Vec<(i64, Arc<dyn Announcement>)>, StorageError> {
        let sql = "SELECT * FROM notes WHERE kept AND conversation = $1 AND seq > $2 AND seq <= $3";
        let range = [conversation.0.into(), after.into(), through.into()];
        let rows = query(self.db.read(), sql, range).await?;
        let kept = |row| {
            let note = note_of(row)?;
            Ok((note.seq, Arc::new(note) as Arc<dyn Announcement>))
        };
        rows.iter().map(kept).collect()
    }
}

/// Stores notes that the log need not keep.
pub(super) struct Kept(pub(super) Arc<Notes>);

#[async_trait]
impl EventKind for Kept {
    type Draft = NewNote;
    type Stored = Note;

    fn name(&self) -> &'static str {
        "note.kept"
    }

    fn batch(&self) -> usize {
        usize::MAX
    }

    fn is_kept_by_the_feature(&self) -> bool {
        true
    }

    fn repeats_break_a_constraint(&self) -> bool {
        true
    }

    fn stores_by_statements(&self) -> bool {
        true
    }

    async fn decide(
        &self,
        tx: &Transaction,
        drafts: &[&NewNote],
    ) -> Result<Vec<Decision<Note>>, StorageError> {
        self.0.decide(tx, drafts).await
    }

    async fn store(
        &self,
        tx: &Transaction,
        batch: &[Placed<'_, NewNote>],
    ) -> Result<Vec<Note>, StorageError> {
        self.0.store_all(tx, batch, true).await
    }
}

/// Stores notes too, but one at a time: the next one's decision may depend on it.
pub(super) struct Singles(pub(super) Arc<Notes>);

#[async_trait]
impl EventKind for Singles {
    type Draft = NewNote;
    type Stored = Note;

    fn name(&self) -> &'static str {
        "note.single"
    }

    async fn decide(
        &self,
        tx: &Transaction,
        drafts: &[&NewNote],
    ) -> Result<Vec<Decision<Note>>, StorageError> {
        assert_eq!(drafts.len(), 1);
        self.0.decide(tx, drafts).await
    }

    async fn store(
        &self,
        tx: &Transaction,
        batch: &[Placed<'_, NewNote>],
    ) -> Result<Vec<Note>, StorageError> {
        self.0.store(tx, batch).await
    }
}

fn note_of(row: &QueryResult) -> Result<Note, StorageError> {
    Ok(Note {
        id: row.try_get("", "id")?,
        conversation: ConversationId(row.try_get("", "conversation")?),
        seq: row.try_get("", "seq")?,
        untellable: row.try_get("", "untellable")?,
    })
}

async fn query<const N: usize>(
    on: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
) -> Result<Vec<QueryResult>, StorageError> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, values);
    Ok(on.query_all_raw(statement).await?)
}

/// A failure of the database that needs none.
pub(super) fn down() -> StorageError {
    DbErr::Custom("the test wants it".to_owned()).into()
}
