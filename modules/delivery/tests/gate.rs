//! A place at which a test can hold up what passes.

use futures_util::FutureExt;
use tokio::sync::{Notify, Semaphore};

use super::soon;

pub(super) struct Gate {
    open: Semaphore,
    knocked: Notify,
}

impl Default for Gate {
    fn default() -> Self {
        Self { open: Semaphore::new(Semaphore::MAX_PERMITS), knocked: Notify::new() }
    }
}

impl Gate {
    pub(super) fn shut(&self) {
        // Who has passed before is not who waits now.
        let _ = self.knocked.notified().now_or_never();
        self.open.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(super) fn open(&self) {
        self.open.add_permits(Semaphore::MAX_PERMITS);
    }

    /// Waits until somebody has come to the gate.
    pub(super) async fn knocked(&self) {
        soon(self.knocked.notified()).await;
    }

    pub(super) async fn pass(&self) {
        self.knocked.notify_one();
        drop(self.open.acquire().await.unwrap());
    }
}
