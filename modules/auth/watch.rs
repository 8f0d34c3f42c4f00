//! Keeps what is known of users and logins current: other processes change them too.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use database::StorageError;
use hornero::{BoxError, Stopping};
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    AuthConfig,
    live_sockets::LiveSockets,
    repository::{UserRepository, logins::LoginRepository},
    standing::{MEMORY, Standing},
};

/// Time between two looks. What another process has changed counts here within a second.
const PERIOD: Duration = Duration::from_millis(500);

/// How far a look reaches back behind the one before: commits take time, and clocks differ.
const OVERLAP: TimeDelta = TimeDelta::seconds(10);

/// Looks what was revoked and changed, and which sockets' tokens have ended.
pub(crate) struct Watch {
    users: Arc<dyn UserRepository>,
    logins: Arc<dyn LoginRepository>,
    standing: Arc<Standing>,
    live: Arc<LiveSockets>,
    grace: Duration,
    looked_at: Mutex<DateTime<Utc>>,
}

impl Watch {
    pub(crate) fn new(
        users: Arc<dyn UserRepository>,
        logins: Arc<dyn LoginRepository>,
        standing: Arc<Standing>,
        live: Arc<LiveSockets>,
        config: Arc<AuthConfig>,
    ) -> Self {
        let looked_at = Mutex::new(Utc::now() - MEMORY);
        Self { users, logins, standing, live, grace: config.socket_grace(), looked_at }
    }

    /// Reads what tokens from before the start must be held against.
    pub(crate) async fn begin(self: Arc<Self>) -> Result<(), BoxError> {
        for user in self.users.disabled().await? {
            self.standing.change(&user);
        }
        Ok(self.look().await?)
    }

    /// Looks again and again.
    pub(crate) async fn run(self: Arc<Self>, stopping: Arc<Stopping>) -> Result<(), BoxError> {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            tokio::select! {
                () = stopping.wait() => return Ok(()),
                _ = ticks.tick() => {}
            }
            self.live.expire(Utc::now(), self.grace);
            let looked = self.look().await;
            if let (Err(error), false) = (&looked, failing) {
                tracing::warn!(%error, "Cannot see which logins were revoked: {error}");
            }
            failing = looked.is_err();
        }
    }

    /// Reads what has changed since the look before.
    async fn look(&self) -> Result<(), StorageError> {
        let now = Utc::now();
        let since = *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner) - OVERLAP;
        for (login, at) in self.logins.revoked_since(since).await? {
            self.live.end_login(&login, at);
        }
        for user in self.users.changed_since(since).await? {
            self.live.change_user(&user);
        }
        *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner) = now;
        self.standing.forget(now);
        Ok(())
    }
}
