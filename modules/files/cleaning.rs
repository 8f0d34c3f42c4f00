//! Removes the bytes that nobody can read any more, little by little.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use database::StorageError;
use delivery::{ConversationId, Keeper};
use hornero::{BoxError, Stopping};
use tokio::sync::Notify;

use crate::{config::FilesConfig, error::FileError, repository::FileRepository, storage::Storage};

/// Longest time between two cleanings.
const PERIOD: Duration = Duration::from_secs(60);

/// Files that are removed together: nobody else writes to SQLite meanwhile.
const BATCH: u64 = 100;

/// Pause between two batches, for others to write.
const PAUSE: Duration = Duration::from_millis(20);

/// Time that an upload has, over that of its client, to store what has come.
const SLACK: Duration = Duration::from_secs(60);

/// Removes what is left of files that were given up, of uploads that were broken off, and of
/// conversations that have ended.
pub(crate) struct Cleaning {
    files: Arc<dyn FileRepository>,
    storage: Arc<Storage>,
    /// Time after which an upload that has not ended was broken off.
    longest: TimeDelta,
    started: DateTime<Utc>,
    /// Says that there is something to remove.
    due: Notify,
}

impl Cleaning {
    pub(crate) fn new(
        files: Arc<dyn FileRepository>,
        storage: Arc<Storage>,
        config: Arc<FilesConfig>,
    ) -> Self {
        let scanning = Duration::from_millis(config.scanner.timeout_ms);
        let longest = TimeDelta::from_std(config.upload_timeout() + scanning + SLACK);
        let longest = longest.unwrap_or(TimeDelta::MAX);
        Self { files, storage, longest, started: Utc::now(), due: Notify::new() }
    }

    /// Says that there is something to remove.
    pub(crate) fn wake(&self) {
        self.due.notify_one();
    }

    /// Cleans again and again.
    pub(crate) async fn run(self: Arc<Self>, stopping: Arc<Stopping>) -> Result<(), BoxError> {
        loop {
            tokio::select! {
                () = stopping.wait() => return Ok(()),
                cleaned = self.clean() => if let Err(error) = cleaned {
                    tracing::warn!(%error, "Could not remove what is left of files: {error}");
                },
            }
            tokio::select! {
                () = stopping.wait() => return Ok(()),
                () = self.due.notified() => {}
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    }

    /// Removes all that is to be removed.
    ///
    /// # Errors
    ///
    /// A failure of the storage or the database. What is left is removed the next time.
    pub(crate) async fn clean(&self) -> Result<(), FileError> {
        loop {
            let ids = self.files.leftovers(self.broken_off(), BATCH).await?;
            if ids.is_empty() {
                return Ok(());
            }
            for id in &ids {
                self.storage.remove(*id).await?;
            }
            // Only now: a row is how it is known that there are bytes.
            self.files.remove(&ids).await?;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Uploads that began before, and have not ended, were broken off.
    fn broken_off(&self) -> DateTime<Utc> {
        let old = Utc::now() - self.longest;
        // Where nobody else receives any, so were all that this process has not begun itself.
        if self.files.is_shared() { old } else { old.max(self.started) }
    }
}

#[async_trait]
impl Keeper for Cleaning {
    async fn forget(&self, id: ConversationId, limit: u64) -> Result<u64, StorageError> {
        let forgotten = self.files.forget(id, limit).await?;
        if forgotten > 0 {
            self.wake();
        }
        Ok(forgotten)
    }
}
