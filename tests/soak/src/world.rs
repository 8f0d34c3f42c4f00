//! What all clients of a run share.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::watch;
use uuid::Uuid;

/// How far the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Everybody talks.
    Talk,
    /// What was begun is brought to its end.
    Settle,
    /// Everybody goes home.
    End,
}

/// The server, the phase, and what is told of a run while it goes on.
pub(crate) struct World {
    pub(crate) port: u16,
    pub(crate) seed: u64,
    phase: watch::Sender<Phase>,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) delivered: AtomicU64,
    pub(crate) connected: AtomicU64,
    /// One for each client.
    pub(crate) states: Vec<State>,
    outage: Mutex<Outage>,
}

/// What is left to do for a client.
#[derive(Default)]
pub(crate) struct State {
    /// Messages without an ack.
    pub(crate) pending: AtomicU64,
    /// The last event that it has heard.
    pub(crate) seen: AtomicI64,
}

#[derive(Default)]
struct Outage {
    /// Since the first kill that nothing was acknowledged after.
    since: Option<Instant>,
    recoveries: Vec<Duration>,
}

/// Where people talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conversation {
    pub(crate) id: Uuid,
    pub(crate) is_session: bool,
}

impl Conversation {
    /// The route of its messages.
    pub(crate) fn messages(&self) -> String {
        let of = if self.is_session { "chat/sessions" } else { "rooms" };
        format!("/{of}/{}/messages", self.id)
    }
}

impl World {
    pub(crate) fn new(port: u16, seed: u64, clients: usize) -> Self {
        Self {
            port,
            seed,
            phase: watch::Sender::new(Phase::Talk),
            acknowledged: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            connected: AtomicU64::new(0),
            states: (0..clients).map(|_| State::default()).collect(),
            outage: Mutex::default(),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Something was killed just now.
    pub(crate) fn killed(&self) {
        self.outage
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .since
            .get_or_insert_with(Instant::now);
    }

    /// A message was acknowledged that was sent at `sent`.
    pub(crate) fn acknowledged(&self, sent: Instant) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = outage.since.filter(|it| sent > *it) {
            outage.since = None;
            outage.recoveries.push(since.elapsed());
        }
    }

    /// From each kill to the first message that was sent after it and acknowledged.
    pub(crate) fn recoveries(&self) -> Vec<Duration> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner).recoveries.clone()
    }

    /// Messages that still wait for their ack.
    pub(crate) fn pending(&self) -> u64 {
        self.states.iter().map(|it| it.pending.load(Ordering::Relaxed)).sum()
    }
}
