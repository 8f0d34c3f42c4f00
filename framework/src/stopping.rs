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
pub struct Stopping(watch::Sender<bool>);

impl Stopping {
    /// Resolves when the server stops, at once if it does already.
    pub async fn wait(&self) {
        // An error would mean that the sender is gone, and it is `self`.
        let _ = self.0.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// Tells all who wait.
    pub(crate) fn say(&self) {
        self.0.send_replace(true);
    }
}
