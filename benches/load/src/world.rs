//! What all clients of a run share. The generator has one thread: it has one core.

use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

use crate::tally::Tally;

/// Most bytes that are read from a connection at once.
const READ_AT_ONCE: usize = 64 * 1024;

/// The rooms, the clock and the tally.
pub(crate) struct World {
    pub(crate) port: u16,
    /// Ids of the rooms.
    pub(crate) rooms: Vec<String>,
    /// How many clients have joined each of them.
    pub(crate) members: Vec<Cell<u64>>,
    pub(crate) tally: RefCell<Tally>,
    pub(crate) scratch: RefCell<Vec<u8>>,
    start: Instant,
    limit: Cell<Limit>,
}

/// When a closed loop is to end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    Until(Instant),
    /// After so many sends in the whole run.
    Sends(u64),
}

impl World {
    pub(crate) fn new(port: u16, rooms: Vec<String>) -> Self {
        Self {
            port,
            members: rooms.iter().map(|_| Cell::new(0)).collect(),
            rooms,
            tally: RefCell::new(Tally::new()),
            scratch: RefCell::new(vec![0; READ_AT_ONCE]),
            start: Instant::now(),
            limit: Cell::new(Limit::Sends(0)),
        }
    }

    /// Time since the beginning of `at`.
    pub(crate) fn since_start(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.start)
    }

    pub(crate) fn set_limit(&self, limit: Limit) {
        self.limit.set(limit);
    }

    /// Whether a closed loop goes on.
    pub(crate) fn goes_on(&self, now: Instant) -> bool {
        match self.limit.get() {
            Limit::Until(end) => now < end,
            Limit::Sends(most) => self.tally.borrow().sent < most,
        }
    }
}
