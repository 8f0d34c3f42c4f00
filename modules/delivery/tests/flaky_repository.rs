//! The real repository, which counts transactions and can lose its connection.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use database::{StorageError, Transaction};
use futures_util::future::BoxFuture;

use super::{Arc, AtomicBool, AtomicUsize, Database, Ordering, repository::down};
use crate::{
    Conversation, ConversationId, LoggedEvent, Tally,
    repository::{ConversationRepository, EventRow, SeaOrmConversationRepository},
};

pub(super) struct FlakyRepository {
    real: Arc<dyn ConversationRepository>,
    transactions: AtomicUsize,
    reads_fail: AtomicBool,
    writes_fail: AtomicBool,
    writes_panic: AtomicBool,
}

impl FlakyRepository {
    pub(super) fn on(db: &Arc<Database>) -> Arc<Self> {
        Arc::new(Self {
            real: SeaOrmConversationRepository::bind(Arc::clone(db)),
            transactions: AtomicUsize::default(),
            reads_fail: AtomicBool::default(),
            writes_fail: AtomicBool::default(),
            writes_panic: AtomicBool::default(),
        })
    }

    /// Transactions that were begun.
    pub(super) fn transactions(&self) -> usize {
        self.transactions.load(Ordering::Relaxed)
    }

    pub(super) fn fail_reads(&self, fail: bool) {
        self.reads_fail.store(fail, Ordering::Relaxed);
    }

    pub(super) fn fail_writes(&self, fail: bool) {
        self.writes_fail.store(fail, Ordering::Relaxed);
    }

    pub(super) fn panic_in_writes(&self, panic: bool) {
        self.writes_panic.store(panic, Ordering::Relaxed);
    }

    fn writes(&self) -> Result<(), StorageError> {
        assert!(!self.writes_panic.load(Ordering::Relaxed), "a bug");
        if self.writes_fail.load(Ordering::Relaxed) {
            return Err(down());
        }
        self.transactions.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn reads(&self) -> Result<(), StorageError> {
        if self.reads_fail.load(Ordering::Relaxed) { Err(down()) } else { Ok(()) }
    }
}

#[async_trait]
impl ConversationRepository for FlakyRepository {
    async fn transaction(&self) -> Result<Transaction, StorageError> {
        self.writes()?;
        self.real.transaction().await
    }

    async fn blocking_transaction(&self) -> Result<Transaction, StorageError> {
        self.writes()?;
        self.real.blocking_transaction().await
    }

    fn blocks(&self) -> bool {
        self.real.blocks()
    }

    fn spawn_blocking(&self, work: BoxFuture<'static, ()>) {
        self.real.spawn_blocking(work);
    }

    async fn insert(&self, tx: &Transaction, it: &Conversation) -> Result<(), StorageError> {
        self.real.insert(tx, it).await
    }

    async fn end(
        &self,
        tx: &Transaction,
        id: ConversationId,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        self.real.end(tx, id, now).await
    }

    async fn ended(&self) -> Result<Option<ConversationId>, StorageError> {
        self.reads()?;
        self.real.ended().await
    }

    async fn remove(&self, id: ConversationId, limit: u64) -> Result<u64, StorageError> {
        self.real.remove(id, limit).await
    }

    async fn find_all(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>, StorageError> {
        self.reads()?;
        self.real.find_all(ids).await
    }

    async fn take_seqs(
        &self,
        tx: &Transaction,
        counts: &HashMap<ConversationId, i64>,
        tally: Tally,
        now: DateTime<Utc>,
    ) -> Result<HashMap<ConversationId, i64>, StorageError> {
        self.real.take_seqs(tx, counts, tally, now).await
    }

    async fn insert_events(
        &self,
        tx: &Transaction,
        rows: Vec<EventRow>,
    ) -> Result<(), StorageError> {
        self.real.insert_events(tx, rows).await
    }

    async fn events(
        &self,
        id: ConversationId,
        after: i64,
        through: i64,
    ) -> Result<Vec<LoggedEvent>, StorageError> {
        self.reads()?;
        self.real.events(id, after, through).await
    }
}
