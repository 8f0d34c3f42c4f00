//! When users were connected last. Kept in memory, and stored by and by: a socket that closes is
//! not to wait for the database.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, SubsecRound, Utc};
use database::StorageError;
use hornero::{BoxError, Stopping};
use moka::sync::Cache;

use crate::{repository::UserRepository, user::UserId};

/// Users who are gone of whom it is remembered when.
const REMEMBERED: u64 = 100_000;

/// Users of whom it may wait to be stored.
const WAITING: usize = 100_000;

/// Time between two looks at who has gone.
const PERIOD: Duration = Duration::from_millis(500);

/// Users who are stored together: nobody else writes to SQLite meanwhile.
const BATCH: usize = 200;

/// Knows when users were there last.
pub(crate) struct LastSeen {
    users: Arc<dyn UserRepository>,
    known: Cache<UserId, DateTime<Utc>>,
    unsaved: Mutex<HashMap<UserId, DateTime<Utc>>>,
}

impl LastSeen {
    pub(crate) fn new(users: Arc<dyn UserRepository>) -> Self {
        Self { users, known: Cache::new(REMEMBERED), unsaved: Mutex::default() }
    }

    /// Notes that a user has gone.
    pub(crate) fn note(&self, user: UserId) {
        let now = Utc::now().trunc_subsecs(3);
        self.known.insert(user.clone(), now);
        let mut unsaved = self.unsaved();
        // With more than that, the database has been away for long.
        if unsaved.len() < WAITING || unsaved.contains_key(&user) {
            unsaved.insert(user, now);
        }
    }

    /// When those of `users` were there last of whom it is known.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub(crate) async fn of(
        &self,
        users: &[UserId],
    ) -> Result<HashMap<UserId, DateTime<Utc>>, StorageError> {
        let (mut seen, mut unknown) = (HashMap::new(), Vec::new());
        for user in users {
            match self.known.get(user) {
                Some(at) => drop(seen.insert(user.clone(), at)),
                None => unknown.push(user.clone()),
            }
        }
        if !unknown.is_empty() {
            let stored = self.users.last_seen(&unknown).await?;
            // Not over what was noted meanwhile.
            for (user, at) in &stored {
                self.known.entry_by_ref(user).or_insert(*at);
            }
            seen.extend(stored);
        }
        Ok(seen)
    }

    /// Stores what was noted, again and again.
    pub(crate) async fn run(self: Arc<Self>, stopping: Arc<Stopping>) -> Result<(), BoxError> {
        let mut failing = false;
        loop {
            tokio::select! {
                () = stopping.wait() => return Ok(()),
                () = tokio::time::sleep(PERIOD) => {}
            }
            let saved = self.save().await;
            if let (Err(error), false) = (&saved, failing) {
                tracing::warn!(%error, "Cannot store when users were there last: {error}");
            }
            failing = saved.is_err();
        }
    }

    /// Stores what is left when the server stops.
    pub(crate) async fn finish(self: Arc<Self>) -> Result<(), BoxError> {
        Ok(self.save().await?)
    }

    async fn save(&self) -> Result<(), StorageError> {
        loop {
            let batch: Vec<_> = {
                let unsaved = self.unsaved();
                let some = unsaved.iter().take(BATCH);
                some.map(|(user, at)| (user.clone(), *at)).collect()
            };
            if batch.is_empty() {
                return Ok(());
            }
            self.users.save_last_seen(&batch).await?;
            let mut unsaved = self.unsaved();
            for (user, at) in batch {
                // Unless the user has come and gone once more.
                if unsaved.get(&user) == Some(&at) {
                    unsaved.remove(&user);
                }
            }
        }
    }

    fn unsaved(&self) -> MutexGuard<'_, HashMap<UserId, DateTime<Utc>>> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
