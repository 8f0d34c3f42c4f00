//! Those who write what waits in outlets.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use tokio::{
    runtime::Handle,
    sync::mpsc,
    task::{coop, yield_now},
};

use super::session::Session;

/// Sessions that are taken at once.
const SESSIONS: usize = 64;

/// One task for each thread of the runtime, each of which writes for its share of the sessions.
///
/// What is sent while a task is busy, or before its turn has come, is written together: whoever
/// emits a batch without waiting in between causes one write for each session.
#[derive(Debug, Default)]
pub(super) struct Flushers {
    queues: OnceLock<Vec<mpsc::UnboundedSender<Arc<Session>>>>,
    next: AtomicUsize,
}

impl Flushers {
    /// Who writes for one more session. Each session is in the queue once at most.
    pub(super) fn one(&self) -> mpsc::UnboundedSender<Arc<Session>> {
        let queues = self.queues.get_or_init(|| {
            let threads = Handle::current().metrics().num_workers();
            (0..threads.max(1)).map(|_| start()).collect()
        });
        queues[self.next.fetch_add(1, Relaxed) % queues.len()].clone()
    }
}

/// Starts a task that ends when nobody is left who could ask it for something.
fn start() -> mpsc::UnboundedSender<Arc<Session>> {
    let (queue, mut sessions) = mpsc::unbounded_channel::<Arc<Session>>();
    tokio::spawn(async move {
        let mut taken = Vec::with_capacity(SESSIONS);
        while sessions.recv_many(&mut taken, SESSIONS).await > 0 {
            // Whoever emits more to them is ready to run, such as he whose event has caused this and
            // is to be answered: it goes with the same write.
            yield_now().await;
            for session in taken.drain(..) {
                session.flush();
            }
            // It never waits as long as there is something to do; others have to have their turn.
            coop::consume_budget().await;
        }
    });
    queue
}
