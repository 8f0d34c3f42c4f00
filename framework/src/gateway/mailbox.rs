//! The mailbox of a socket: its events, one after the other.
//!
//! socketioxide starts a task for every event, so that two events of one socket can
//! overtake each other. Here an event has its turn at once if no other is at work, else it
//! queues up, and one task at a time works the queue off.

use std::{
    collections::VecDeque,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::FutureExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::coop,
};

use super::events::EventCall;
use crate::provider::BoxFuture;

/// Events that may wait in one mailbox. A client that sends faster is answered
/// with `SERVER_ERROR` and a retry hint.
const CAPACITY: usize = 4_096;

/// Room for jobs that an empty queue keeps.
const KEPT_ROOM: usize = 16;

/// Events of one socket that may be set aside. With more, its next event waits.
const MAX_ASIDE: usize = 64;

/// A queue of jobs. An idle one costs no task.
pub(super) struct Mailbox {
    state: Mutex<State>,
    /// Has a permit for every event that may still be set aside.
    aside: Arc<Semaphore>,
    /// Ends when the event that was set aside last is answered.
    last_aside: Mutex<Option<oneshot::Receiver<()>>>,
}

struct State {
    waiting: VecDeque<BoxFuture<()>>,
    /// Whether some job has its turn. True as well until [`Mailbox::open`].
    busy: bool,
    /// Whether [`Mailbox::open`] was called.
    open: bool,
    /// Whether the last job has arrived.
    ended: bool,
}

/// Where an answer stands among those of its socket. The next one has its turn when this is
/// dropped, also by a panic.
pub(super) struct Place {
    before: Option<oneshot::Receiver<()>>,
    _answered: oneshot::Sender<()>,
}

impl Place {
    /// Waits until the answers before it have gone out.
    pub(super) async fn reached(&mut self) {
        if let Some(before) = self.before.take() {
            // It ends by an error: nobody sends anything.
            let _ = before.await;
        }
    }
}

/// The turn of whoever has come while no job was at work. The next one has its turn when this is
/// dropped, also by a panic.
pub(super) struct Turn<'a> {
    mailbox: &'a Arc<Mailbox>,
}

impl Turn<'_> {
    /// Leaves the rest of the turn to a task, and with it those that wait for theirs.
    pub(super) fn leave_to(self, job: BoxFuture<()>) {
        tokio::spawn(Arc::clone(self.mailbox).work(job));
        // The task ends it.
        std::mem::forget(self);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(job) = self.mailbox.next() {
            tokio::spawn(Arc::clone(self.mailbox).work(job));
        }
    }
}

/// The mailbox has no room for another job.
#[derive(Debug)]
pub(super) struct Full;

impl Mailbox {
    /// A mailbox that keeps its jobs until it is opened.
    pub(super) fn closed() -> Arc<Self> {
        let state = State { waiting: VecDeque::new(), busy: true, open: false, ended: false };
        let aside = Arc::new(Semaphore::new(MAX_ASIDE));
        Arc::new(Self { state: Mutex::new(state), aside, last_aside: Mutex::default() })
    }

    /// Runs `first`, then whatever arrived before or arrives later. It begins at once: only where there
    /// is something to wait for, that takes a task.
    pub(super) fn open(self: &Arc<Self>, first: BoxFuture<()>) {
        self.lock().open = true;
        let mut work = Box::pin(Arc::clone(self).work(first));
        if work.as_mut().now_or_never().is_none() {
            tokio::spawn(work);
        }
    }

    /// Drops all jobs if the mailbox is not open, and says whether it did. They hold the
    /// socket, which holds the mailbox, and perhaps it is never opened.
    pub(super) fn abandon(&self) -> bool {
        let mut state = self.lock();
        if state.open {
            return false;
        }
        let dropped = std::mem::take(&mut state.waiting);
        drop(state);
        drop(dropped);
        true
    }

    /// Takes the turn, if nobody has it.
    pub(super) fn turn(self: &Arc<Self>) -> Option<Turn<'_>> {
        let mut state = self.lock();
        if state.busy || state.ended {
            return None;
        }
        state.busy = true;
        Some(Turn { mailbox: self })
    }

    /// Adds a job behind the others. One that comes after the last is dropped.
    pub(super) fn push(self: &Arc<Self>, job: BoxFuture<()>) -> Result<(), Full> {
        let mut state = self.lock();
        if state.waiting.len() >= CAPACITY {
            return Err(Full);
        }
        if !state.ended {
            self.add(&mut state, job);
        }
        Ok(())
    }

    /// Adds the last job, which is never refused. There is only one: a second is dropped.
    pub(super) fn push_last(self: &Arc<Self>, job: BoxFuture<()>) {
        let aside = Arc::clone(&self.aside);
        let job = Box::pin(async move {
            // An error would mean that the semaphore was closed, which nobody does.
            let _all = aside.acquire_many(MAX_ASIDE as u32).await;
            job.await;
        });
        let mut state = self.lock();
        if !std::mem::replace(&mut state.ended, true) {
            self.add(&mut state, job);
        }
    }

    /// Lets the next job begin while `call` still waits for its answer. The last job waits
    /// for all that were set aside.
    pub(super) async fn set_aside(&self, call: EventCall) {
        // An error would mean that the semaphore was closed, which nobody does.
        let Ok(permit) = Arc::clone(&self.aside).acquire_owned().await else { return };
        finish(call, permit);
    }

    /// The same, if no event has to be answered before. Else gives the call back.
    pub(super) fn try_set_aside(&self, call: EventCall) -> Result<(), EventCall> {
        match Arc::clone(&self.aside).try_acquire_owned() {
            Ok(permit) => {
                finish(call, permit);
                Ok(())
            }
            Err(_) => Err(call),
        }
    }

    /// The place of an answer behind those that are outstanding.
    pub(super) fn place(&self) -> Place {
        let (answered, next) = oneshot::channel();
        let mut last = self.last_aside.lock().unwrap_or_else(PoisonError::into_inner);
        Place { before: last.replace(next), _answered: answered }
    }

    fn add(self: &Arc<Self>, state: &mut State, job: BoxFuture<()>) {
        if std::mem::replace(&mut state.busy, true) {
            state.waiting.push_back(job);
        } else {
            tokio::spawn(Arc::clone(self).work(job));
        }
    }

    async fn work(self: Arc<Self>, first: BoxFuture<()>) {
        let mut next = Some(first);
        while let Some(job) = next {
            // A job that panics ends alone: those behind it must not wait for ever.
            let _ = AssertUnwindSafe(job).catch_unwind().await;
            // Jobs that never wait must let other tasks have the thread, too.
            coop::consume_budget().await;
            next = self.next();
        }
    }

    fn next(&self) -> Option<BoxFuture<()>> {
        let mut state = self.lock();
        let job = state.waiting.pop_front();
        if job.is_none() {
            state.busy = false;
            // A flood is over; its room would be kept for as long as the socket lives.
            state.waiting.shrink_to(KEPT_ROOM);
        }
        job
    }

    /// No job runs under the lock, so a panicking one cannot have left the state half-changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a call that was set aside until it is answered.
fn finish(call: EventCall, permit: OwnedSemaphorePermit) {
    tokio::spawn(async move {
        // Whatever came of it was answered.
        let _ = call.await;
        drop(permit);
    });
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn jobs_run_in_order_of_arrival_though_each_waits() {
        let mailbox = Mailbox::closed();
        let (done, mut results) = mpsc::unbounded_channel();
        for n in 1..=200 {
            let done = done.clone();
            let job = async move {
                tokio::task::yield_now().await;
                done.send(n).unwrap();
            };
            mailbox.push(Box::pin(job)).unwrap();
        }
        let done_first = done.clone();
        mailbox.open(Box::pin(async move { done_first.send(0).unwrap() }));

        for expected in 0..=200 {
            assert_eq!(results.recv().await, Some(expected));
        }
    }

    #[tokio::test]
    async fn full_mailbox_refuses_and_recovers() {
        let mailbox = Mailbox::closed();
        for _ in 0..CAPACITY {
            mailbox.push(Box::pin(async {})).unwrap();
        }
        mailbox.push(Box::pin(async {})).unwrap_err();

        let (done, mut results) = mpsc::unbounded_channel();
        mailbox.open(Box::pin(async {}));
        while mailbox.lock().busy {
            tokio::task::yield_now().await;
        }
        assert!(mailbox.lock().waiting.capacity() <= KEPT_ROOM);

        mailbox.push(Box::pin(async move { done.send("again").unwrap() })).unwrap();
        assert_eq!(next(&mut results).await, Some("again"));
    }

    #[tokio::test]
    async fn last_job_is_never_refused_and_nothing_runs_after_it() {
        let mailbox = Mailbox::closed();
        for _ in 0..CAPACITY {
            mailbox.push(Box::pin(async {})).unwrap();
        }
        let (done, mut results) = mpsc::unbounded_channel();
        let last = done.clone();
        mailbox.push_last(Box::pin(async move { last.send("last").unwrap() }));
        mailbox.open(Box::pin(async {}));
        assert_eq!(next(&mut results).await, Some("last"));

        let again = done.clone();
        mailbox.push_last(Box::pin(async move { again.send("again").unwrap() }));
        mailbox.push(Box::pin(async move { done.send("too late").unwrap() })).unwrap();
        assert_eq!(next(&mut results).await, None);
    }

    #[tokio::test]
    async fn only_a_mailbox_that_is_not_yet_open_can_be_abandoned() {
        let mailbox = Mailbox::closed();
        let socket = Arc::new(());
        let held = Arc::clone(&socket);
        mailbox.push(Box::pin(async move { drop(held) })).unwrap();

        assert!(mailbox.abandon());
        assert_eq!(Arc::strong_count(&socket), 1);

        let (done, mut results) = mpsc::unbounded_channel();
        mailbox.open(Box::pin(async {}));
        mailbox.push(Box::pin(async move { done.send("kept").unwrap() })).unwrap();
        assert!(!mailbox.abandon());
        assert_eq!(next(&mut results).await, Some("kept"));
    }

    async fn next(results: &mut mpsc::UnboundedReceiver<&'static str>) -> Option<&'static str> {
        tokio::time::timeout(Duration::from_secs(5), results.recv()).await.unwrap()
    }
}
