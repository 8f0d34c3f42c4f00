//! The writer: commits what waits in the queue, all of it in one transaction.

use std::{panic::AssertUnwindSafe, sync::Arc};

use chrono::{SubsecRound, Utc};
use database::StorageError;
use futures_util::FutureExt;
use tokio::{
    sync::{mpsc, oneshot},
    task::yield_now,
};

use crate::{
    batch::{Group, Look, Queued, WriteError},
    error::AppendError,
    hub::Hub,
    repository::ConversationRepository,
};

/// How often all who are ready have their turn between two batches: the hub publishes, senders are
/// answered, both are written, and what clients send upon it is read.
///
/// So that is in the next batch, and not in the one behind it: on a thread that is busy, batches are
/// twice as large. On one that is not, there is nothing to wait for.
const ROUNDS: usize = 4;

/// Takes drafts out of the queue, stores them, answers, and passes them on to the hub.
pub(crate) struct Writer {
    repository: Arc<dyn ConversationRepository>,
    hub: Arc<Hub>,
    queue: mpsc::Receiver<Box<dyn Queued>>,
    /// Most drafts in one transaction.
    batch: usize,
    /// Repeats are rare, but seldom come alone: clients who come back send again what was not
    /// answered. So there is a look at what is stored after the first one, and as long as there
    /// are more.
    look: Look,
}

/// Reason a batch was not committed.
enum Failure {
    /// One of its drafts may be to blame.
    Write(WriteError),
    /// The database cannot be written to.
    Begin(StorageError),
    /// Nobody knows what the database has made of it.
    Commit(StorageError),
}

/// What was to be stored, and why it was not.
type Outcome = (Vec<Box<dyn Group>>, Option<Failure>);

impl Writer {
    pub(crate) fn new(
        repository: Arc<dyn ConversationRepository>,
        hub: Arc<Hub>,
        queue: mpsc::Receiver<Box<dyn Queued>>,
        batch: usize,
    ) -> Self {
        Self { repository, hub, queue, batch, look: Look::WhereNeeded }
    }

    /// Writes until nobody can append any more.
    pub(crate) async fn run(mut self) {
        let mut waiting = Vec::with_capacity(self.batch);
        while self.queue.recv_many(&mut waiting, self.batch).await > 0 {
            let written = async { self.write(group(waiting.drain(..))).await };
            // A feature that panics, say when it compares drafts, must not end the log.
            let _ = AssertUnwindSafe(written).catch_unwind().await;
            for _ in 0..ROUNDS {
                yield_now().await;
            }
        }
    }

    async fn write(&mut self, groups: Vec<Box<dyn Group>>) {
        let alone = groups.iter().map(|it| it.len()).sum::<usize>() == 1;
        let (mut groups, mut failure) = self.commit(groups, self.look).await;
        let repeated = matches!(&failure, Some(Failure::Write(error)) if error.is_duplicate());
        if repeated && self.look == Look::WhereNeeded {
            self.look = Look::Everywhere;
            (groups, failure) = self.commit(groups, self.look).await;
        }
        match failure {
            None => {
                if !groups.iter().any(|it| it.has_repeats()) {
                    self.look = Look::WhereNeeded;
                }
                self.committed(groups).await;
            }
            Some(Failure::Write(error)) if alone => fail_alone(groups, error.into()),
            Some(Failure::Write(error)) => {
                if !error.is_duplicate() {
                    tracing::warn!(%error, "A batch is written one by one: {error}");
                }
                self.write_one_by_one(groups).await;
            }
            Some(Failure::Begin(error)) => {
                tracing::error!(%error, "Could not write: {error}");
                fail(groups, &mut || AppendError::Unavailable);
            }
            Some(Failure::Commit(error)) => {
                tracing::error!(%error, "Could not commit: {error}");
                // It may be stored all the same: then it is published late, but not never.
                let doubtful = groups.iter().flat_map(|it| it.conversations()).collect();
                fail(groups, &mut || AppendError::Unavailable);
                self.hub.catch_up(doubtful).await;
            }
        }
    }

    /// Writes each draft in a transaction of its own, so that a bad one fails alone.
    async fn write_one_by_one(&self, groups: Vec<Box<dyn Group>>) {
        let mut queued = groups.into_iter().flat_map(|it| it.into_queued());
        while let Some(draft) = queued.next() {
            let (groups, failure) = self.commit(vec![draft.begin()], Look::Everywhere).await;
            match failure {
                None => self.committed(groups).await,
                Some(Failure::Write(error)) => fail_alone(groups, error.into()),
                Some(Failure::Begin(error) | Failure::Commit(error)) => {
                    tracing::error!(%error, "Could not write: {error}");
                    let rest: Vec<_> = groups.into_iter().chain(group(queued.by_ref())).collect();
                    let doubtful = rest.iter().flat_map(|it| it.conversations()).collect();
                    fail(rest, &mut || AppendError::Unavailable);
                    self.hub.catch_up(doubtful).await;
                }
            }
        }
    }

    /// Stores all of it or nothing.
    async fn commit(&self, groups: Vec<Box<dyn Group>>, look: Look) -> Outcome {
        let blocks =
            self.repository.blocks() && groups.iter().all(|it| it.writes_by_statements(look));
        if !blocks {
            return store(Arc::clone(&self.repository), groups, look, false).await;
        }
        // From the first statement to the last, so that the way there and back is gone once.
        let conversations = groups.iter().flat_map(|it| it.conversations()).collect();
        let stored = store(Arc::clone(&self.repository), groups, look, true);
        let (done, outcome) = oneshot::channel();
        self.repository.spawn_blocking(Box::pin(async move {
            // Whoever asked may be gone: it is stored all the same.
            let _ = done.send(stored.await);
        }));
        let Ok(outcome) = outcome.await else {
            tracing::error!("A batch was lost: whoever stored it has panicked");
            self.hub.catch_up(conversations).await;
            return Outcome::default();
        };
        outcome
    }

    async fn committed(&self, groups: Vec<Box<dyn Group>>) {
        let (mut events, mut then) = (Vec::new(), Vec::new());
        for group in groups {
            group.committed(&mut events, &mut then);
        }
        self.hub.publish(events, then).await;
    }
}

async fn store(
    repository: Arc<dyn ConversationRepository>,
    mut groups: Vec<Box<dyn Group>>,
    look: Look,
    blocks: bool,
) -> Outcome {
    let begun = match blocks {
        true => repository.blocking_transaction().await,
        false => repository.transaction().await,
    };
    let tx = match begun {
        Ok(tx) => tx,
        Err(error) => return (groups, Some(Failure::Begin(error))),
    };
    let at = Utc::now().trunc_subsecs(3);
    for group in &mut groups {
        let written = group.write(&tx, &*repository, look, at);
        match AssertUnwindSafe(written).catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return (groups, Some(Failure::Write(error))),
            Err(_) => return (groups, Some(Failure::Write(WriteError::Panic))),
        }
    }
    let committed = tx.commit().await;
    (groups, committed.err().map(Failure::Commit))
}

/// Groups drafts that follow each other and are of one kind.
fn group(queued: impl Iterator<Item = Box<dyn Queued>>) -> Vec<Box<dyn Group>> {
    let mut groups: Vec<Box<dyn Group>> = Vec::new();
    for draft in queued {
        let draft = match groups.last_mut() {
            Some(group) => group.add(draft).err(),
            None => Some(draft),
        };
        groups.extend(draft.map(Queued::begin));
    }
    groups
}

fn fail(groups: Vec<Box<dyn Group>>, reason: &mut (dyn FnMut() -> AppendError + Send)) {
    for group in groups {
        group.failed(reason);
    }
}

/// Fails the only draft there is.
fn fail_alone(groups: Vec<Box<dyn Group>>, error: AppendError) {
    let mut error = Some(error);
    fail(groups, &mut || error.take().unwrap_or(AppendError::Unavailable));
}
