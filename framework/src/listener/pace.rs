//! How long a connection may take for what it sends.

use std::{
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    task::Context,
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// How long clients are waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For all of a request's head, from its first byte; the first one's from the beginning of
    /// the connection.
    pub(crate) head: Duration,
    /// For the next request on a connection that is kept.
    pub(crate) idle: Duration,
}

/// What is waited for on a connection, and since when: a phase, and milliseconds since it began.
#[derive(Debug)]
pub(crate) struct Pace {
    begun: Instant,
    state: AtomicU64,
}

/// A head is being read.
const HEAD: u64 = 0;
/// Nothing is being read.
const IDLE: u64 = 1;
/// A request is being answered, and its body is somebody else's.
const ANSWERING: u64 = 2;
/// It is not HTTP any more.
const UPGRADED: u64 = 3;

const PHASES: u64 = 4;

impl Default for Pace {
    fn default() -> Self {
        Self { begun: Instant::now(), state: AtomicU64::new(HEAD) }
    }
}

impl Pace {
    /// Notes that the head of a request is all there.
    pub(crate) fn request_begins(&self) {
        self.enter(ANSWERING);
    }

    /// Notes that the head of an answer is there, after which a request may come again.
    pub(crate) fn request_ends(&self, upgraded: bool) {
        self.enter(if upgraded { UPGRADED } else { IDLE });
    }

    /// Notes that bytes were read.
    pub(super) fn heard(&self) {
        if self.phase() == IDLE {
            self.enter(HEAD);
        }
    }

    /// Notes that bytes were written: an answer may take its time.
    pub(super) fn said(&self) {
        if self.phase() == IDLE {
            self.enter(IDLE);
        }
    }

    pub(super) fn is_upgraded(&self) -> bool {
        self.phase() == UPGRADED
    }

    /// When the client has taken too long, if it is being waited for.
    fn deadline(&self, patience: Patience) -> Option<Instant> {
        let state = self.state.load(Relaxed);
        let since = self.begun + Duration::from_millis(state / PHASES);
        match state % PHASES {
            HEAD => Some(since + patience.head),
            IDLE => Some(since + patience.idle),
            _ => None,
        }
    }

    fn phase(&self) -> u64 {
        self.state.load(Relaxed) % PHASES
    }

    fn enter(&self, phase: u64) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX / PHASES);
        self.state.store(now * PHASES + phase, Relaxed);
    }
}

/// Wakes a connection when its client has taken too long.
///
/// It is set once for many requests: one that fires too early is set again.
#[derive(Default)]
pub(super) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Whether the client has taken too long; else the task is woken when it may have.
    pub(super) fn rings(
        &mut self,
        pace: &Pace,
        patience: Patience,
        context: &mut Context<'_>,
    ) -> bool {
        if pace.is_upgraded() {
            // Most connections are, and keep nothing for it.
            self.0 = None;
        }
        let Some(deadline) = pace.deadline(patience) else { return false };
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(context).is_ready() {
            if sleep.deadline() >= deadline {
                return true;
            }
            sleep.as_mut().reset(deadline);
        }
        false
    }
}
