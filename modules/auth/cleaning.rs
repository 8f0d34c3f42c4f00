//! Removes guests who are gone, and logins that have ended.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use database::StorageError;
use hornero::{BoxError, Stopping};

use crate::{
    AuthConfig,
    repository::{UserRepository, logins::LoginRepository},
};

/// Longest time between two cleanings.
const PERIOD: Duration = Duration::from_secs(10 * 60);

/// Rows that are removed together: nobody else writes to SQLite meanwhile.
const BATCH: u64 = 100;

/// Pause between two batches, for others to write.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a revoked login is kept. Its tokens must be known until the last one has ended.
const REVOKED: TimeDelta = TimeDelta::hours(24);

/// Removes what nobody comes back for.
pub(crate) struct Cleaning {
    users: Arc<dyn UserRepository>,
    logins: Arc<dyn LoginRepository>,
    config: Arc<AuthConfig>,
}

impl Cleaning {
    pub(crate) fn new(
        users: Arc<dyn UserRepository>,
        logins: Arc<dyn LoginRepository>,
        config: Arc<AuthConfig>,
    ) -> Self {
        Self { users, logins, config }
    }

    /// Cleans again and again.
    pub(crate) async fn run(self: Arc<Self>, stopping: Arc<Stopping>) -> Result<(), BoxError> {
        let period = self.config.guest_life().min(PERIOD);
        loop {
            tokio::select! {
                () = stopping.wait() => return Ok(()),
                () = tokio::time::sleep(period) => {}
            }
            tokio::select! {
                () = stopping.wait() => return Ok(()),
                cleaned = self.clean(Utc::now()) => if let Err(error) = cleaned {
                    tracing::warn!(%error, "Could not remove guests who are gone: {error}");
                },
            }
        }
    }

    async fn clean(&self, now: DateTime<Utc>) -> Result<(), StorageError> {
        let guests = now - self.config.guest_life();
        while self.users.remove_guests(guests, BATCH).await? == BATCH {
            tokio::time::sleep(PAUSE).await;
        }
        let unused = now - self.config.refresh_life();
        while self.logins.remove_ended(unused, now - REVOKED, BATCH).await? == BATCH {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}
