//! Connection state recovery: a client whose connection broke comes back as who it was, and is
//! sent what it has missed.
//!
//! ```text
//! emit ──> Log: number it, send it, keep it ─────────────────────┐
//! CONNECT ──> pid ──> Seat ··· connection lost ··· Absence        │ what it has missed
//! CONNECT {pid, offset} ──> authenticate ──> Absence ──> Seat <───┘
//! ```
//!
//! Every event carries the number under which it is kept, its *offset*, as its last argument, and
//! clients remember the last one. What is kept is kept once, however many sockets hear it. The
//! order in which events are numbered is that in which they go into the queues of the sockets:
//! both happen under one lock, so that the last offset says what a client has seen.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;

use crate::{gateway::Frame, settings::WebsocketConfig};

mod absence;
mod log;
mod members;
mod offset;
mod owner;
mod pid;
mod recoverable;
mod recoveries;
mod seat;

use absence::{Absence, Returning};
use log::{Kept, Log};
use members::{Found, Members};
pub(crate) use offset::Told;
pub use owner::Owner;
pub(crate) use pid::Pid;
pub use recoverable::{Recoverable, Unfinished};
pub use recoveries::Recoveries;
pub(crate) use seat::{NotRestored, Seat};

/// The channel of all sockets of a namespace.
pub(crate) const EVERYBODY: &str = "";

/// Most events that are sent again to one socket. With more, coming back in the ordinary way,
/// which is paced, is better for both sides.
const MAX_MISSED: usize = 1_000;

/// How often old events are looked for in the time that they are kept.
const SWEEPS: u32 = 8;

/// What one namespace keeps, so that its sockets can be recovered.
pub(crate) struct Recovery {
    log: Mutex<Log>,
    members: Mutex<Members>,
    recoveries: Arc<Recoveries>,
    limits: Limits,
}

/// How long, and how much.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How long a socket may be away.
    away: Duration,
    /// How long events are kept: a connection may have been dead for a while when it is noticed.
    kept: Duration,
    /// How many events are kept.
    events: usize,
    /// How many bytes they may have.
    bytes: usize,
    /// How many sockets may be away.
    sessions: usize,
    /// How many events one socket is sent again.
    missed: usize,
}

impl Limits {
    /// The limits in the settings; `None` if recovery is off.
    pub(crate) fn of(config: &WebsocketConfig) -> Option<Self> {
        let recovery = &config.recovery;
        let away = Duration::from_millis(recovery.max_disconnection_ms);
        let unnoticed = config.ping_interval_ms.saturating_add(config.ping_timeout_ms);
        let limits = Self {
            away,
            kept: away.saturating_add(Duration::from_millis(unnoticed)),
            events: recovery.max_events,
            bytes: recovery.max_bytes,
            sessions: recovery.max_sessions,
            // The queue has more to carry than that.
            missed: MAX_MISSED.min(config.send_queue_size / 2),
        };
        Some(limits).filter(|_| !away.is_zero())
    }
}

/// What a client shows that wants to be who it was.
#[derive(Debug)]
pub(crate) struct Shown {
    pid: Pid,
    /// The last event that it has seen.
    offset: Option<String>,
}

impl Shown {
    /// Reads the `auth` object of a handshake. What has not the form of a `pid` is none.
    pub(crate) fn read(auth: &Value) -> Option<Self> {
        let pid = Pid::parse(auth.get("pid")?.as_str()?)?;
        let offset = auth.get("offset").and_then(Value::as_str).map(str::to_owned);
        Some(Self { pid, offset })
    }
}

impl Recovery {
    pub(crate) fn new(limits: Limits, recoveries: Arc<Recoveries>) -> Arc<Self> {
        let (log, members) = (Mutex::new(Log::new(limits)), Mutex::default());
        Arc::new(Self { log, members, recoveries, limits })
    }

    /// Sends a frame to the sockets in one of `channels` and in none of `except`, and keeps it.
    /// Nothing else is sent in the namespace meanwhile.
    pub(crate) fn broadcast<T>(
        self: &Arc<Self>,
        frame: &Frame,
        (channels, except): (Vec<String>, Vec<String>),
        send: impl FnOnce(Told<'_>) -> T,
    ) -> T {
        let mut log = lock(&self.log);
        let offset = log.next();
        let sent = send(log.told(offset));
        self.keep(&mut log, Kept { offset, channels, except, frame: frame.clone() });
        sent
    }

    /// Keeps an event for as long as somebody may come back who has missed it, and not longer.
    fn keep(self: &Arc<Self>, log: &mut Log, event: Kept) {
        log.keep(event);
        // Whoever emits from outside of the runtime leaves that to the next one.
        if log.is_unswept()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            log.begin_sweeping();
            let (recovery, pause) = (Arc::downgrade(self), self.limits.kept / SWEEPS);
            runtime.spawn(async move {
                loop {
                    tokio::time::sleep(pause).await;
                    let Some(recovery) = recovery.upgrade() else { return };
                    if !lock(&recovery.log).sweep() {
                        return;
                    }
                }
            });
        }
    }

    /// Counts a client that is refused though it has shown whom it was.
    pub(crate) fn refused(&self, shown: &Shown) {
        if lock(&self.members).knows(&shown.pid) {
            self.recoveries.count_refused();
        }
    }

    /// Takes up what a client has left that was let in, under `owner`. It can be taken up once.
    fn take(&self, shown: &Shown, owner: Option<&Owner>) -> Option<Returning> {
        let Some(absence) = self.take_absence(&shown.pid) else {
            self.recoveries.count_too_old();
            return None;
        };
        if absence.owner.as_ref() != owner {
            self.recoveries.count_refused();
            return None;
        }
        let seen = {
            let log = lock(&self.log);
            let seen = absence.seen(shown.offset.as_deref(), &log);
            seen.filter(|it| log.missed(*it, &absence.channels, self.limits.missed).is_some())
        };
        if seen.is_none() {
            self.recoveries.count_too_old();
        }
        Some(Returning { seen: seen?, absence })
    }

    fn take_absence(&self, pid: &Pid) -> Option<Absence> {
        // The second time for a connection that is found lost between the two looks.
        for _ in 0..2 {
            // Not under the lock: a seat puts its absence away while it is locked itself.
            let found = lock(&self.members).take(pid);
            match found {
                Found::Nobody => return None,
                Found::Away(absence) => return Some(absence),
                Found::Here(seat) => {
                    if let Some(absence) = seat.give_up() {
                        return Some(absence);
                    }
                }
            }
        }
        None
    }

    /// Keeps what a socket has left until it comes back, or for as long as it may be away.
    /// Gives those that are dropped for it.
    #[must_use]
    fn put_away(self: &Arc<Self>, pid: &Pid, absence: Absence) -> Vec<Absence> {
        let mut members = lock(&self.members);
        let dropped = members.put_away(pid, absence, self.limits.sessions);
        if members.begin_watch() {
            members::watch(Arc::downgrade(self));
        }
        dropped
    }
}

/// Channels with the offset at which a socket entered each: of what was before, it hears nothing.
type Entered = HashMap<String, offset::Offset>;

/// Nothing can panic under these locks and leave them half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
