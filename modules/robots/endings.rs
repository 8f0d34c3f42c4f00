//! Ends the runs that nobody else ends, since their process is gone.

use std::{sync::Arc, time::Duration};

use chat::{ChatError, ChatService};
use chrono::{DateTime, TimeDelta, Utc};
use database::StorageError;
use hornero::{BoxError, Stopping};
use tokio::time::sleep;

use crate::{mind::Failure, repository::RunRepository, robots::Robots, run::Run, runner::Runner};

/// Time after which a process is gone that was not heard of: several of its beats.
const GONE: TimeDelta = TimeDelta::seconds(45);

/// Time between two looks.
const PERIOD: Duration = Duration::from_secs(15);

/// Time that clients have to come back to a server that was started anew, before they are told
/// what has become of a run.
const RETURN: Duration = Duration::from_secs(3);

/// Runs that are read at once.
const PAGE: u64 = 100;

/// Ends what others have begun.
pub(crate) struct Endings {
    runs: Arc<dyn RunRepository>,
    runner: Arc<Runner>,
    robots: Arc<Robots>,
    chat: Arc<ChatService>,
}

impl Endings {
    pub(crate) fn new(
        runs: Arc<dyn RunRepository>,
        runner: Arc<Runner>,
        robots: Arc<Robots>,
        chat: Arc<ChatService>,
    ) -> Self {
        Self { runs, runner, robots, chat }
    }

    /// Ends runs, at once and then from time to time.
    pub(crate) async fn run(self: Arc<Self>, stopping: Arc<Stopping>) -> Result<(), BoxError> {
        let mut patience = self.runs.patience(GONE);
        loop {
            match self.end_before(Utc::now() - patience).await {
                Ok(ended) if ended.is_empty() => {}
                Ok(ended) => {
                    tokio::select! {
                        () = stopping.wait() => return Ok(()),
                        () = sleep(RETURN) => {}
                    }
                    for run in ended {
                        self.runner.tell_failed(&run, Failure::Lost).await;
                    }
                }
                Err(error) => tracing::warn!(%error, "Could not look for runs: {error}"),
            }
            patience = GONE;
            tokio::select! {
                () = stopping.wait() => return Ok(()),
                () = sleep(PERIOD) => {}
            }
        }
    }

    /// Ends the runs that were not heard of since `before`, and tells which have failed so.
    async fn end_before(&self, before: DateTime<Utc>) -> Result<Vec<Run>, StorageError> {
        let mut ended = Vec::new();
        for run in self.runs.stale(before, PAGE).await? {
            if self.runner.is_live(run.message) {
                continue;
            }
            match self.end(&run).await {
                Ok(true) => ended.push(run),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "Could not end a run: {error}"),
            }
        }
        Ok(ended)
    }

    /// Stores what has come. Tells whether the answer was not there before.
    async fn end(&self, run: &Run) -> Result<bool, ChatError> {
        let is_stored = self.chat.is_stored(run.message).await?;
        if !is_stored {
            // It may have been taken out of the configuration; what it has said is told all the same.
            let robot = self.robots.find(Some(&run.robot)).ok();
            let formatting = robot.map(|it| it.formatting).unwrap_or_default();
            self.runner.store(run, formatting, false).await?;
        }
        self.runner.forget(run).await;
        Ok(!is_stored)
    }
}
