//! The word that the server stops.

use tokio::sync::watch;

/// Tells background tasks to end. A provider in every module.
///
/// ```
/// # use std::{sync::Arc, time::Duration};
/// # use hornero::{BoxError, Stopping};
/// async fn sweep(stopping: Arc<Stopping>) -> Result<(), BoxError> {
///     loop {
///         tokio::select! {
///             () = stopping.wait() => return Ok(()),
///             () = tokio::time::sleep(Duration::from_secs(60)) => { /* sweep */ }
///         }
///     }
/// }
/// ```
#[derive(Debug, Default)]
pub struct Stopping {
    word: watch::Sender<bool>,
    /// Every [`Hold`] is a receiver of it.
    held: watch::Sender<()>,
}

/// Keeps the server from ending while it is kept.
#[derive(Debug)]
pub(crate) struct Hold(#[expect(dead_code, reason = "its being there counts")] watch::Receiver<()>);

impl Stopping {
    /// Resolves when the server stops, at once if it does already.
    pub async fn wait(&self) {
        // An error would mean that the sender is gone, and it is `self`.
        let _ = self.word.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// Whether the server stops.
    pub fn has_begun(&self) -> bool {
        *self.word.borrow()
    }

    /// Tells all who wait.
    pub(crate) fn say(&self) {
        self.word.send_replace(true);
    }

    /// Asks the server to wait for whoever keeps the answer.
    pub(crate) fn hold(&self) -> Hold {
        Hold(self.held.subscribe())
    }

    /// Resolves when nobody asks the server to wait.
    pub(crate) async fn released(&self) {
        self.held.closed().await;
    }
}
