//! The number of an event.

use std::{
    fmt,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// Where an event stands among those of its namespace: later ones have higher numbers.
///
/// It is also when the event was emitted, in microseconds since the log began: a count of events
/// would tell clients how much others have to say to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Offset(pub(super) u64);

impl Offset {
    /// What an event had at most that was emitted so long before this one.
    pub(super) fn before(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(micros(time)))
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Gives out offsets.
#[derive(Debug)]
pub(super) struct Offsets {
    begun: Instant,
    last: Offset,
    /// Distinguishes the offsets of this log from those of another one, which a client may still
    /// remember when the server was started anew.
    life: String,
}

impl Offsets {
    pub(super) fn new() -> Self {
        let life = BASE64_URL_SAFE_NO_PAD.encode(&Uuid::new_v4().as_bytes()[..3]);
        Self { begun: Instant::now(), last: Offset::default(), life }
    }

    /// The next one, which nothing has had before.
    pub(super) fn next(&mut self) -> Offset {
        self.last = self.now().max(Offset(self.last.0.saturating_add(1)));
        self.last
    }

    /// What an event of this moment has at least.
    pub(super) fn now(&self) -> Offset {
        Offset(micros(self.begun.elapsed()))
    }

    /// The last one that was given out.
    pub(super) fn last(&self) -> Offset {
        self.last
    }

    pub(super) fn told(&self, offset: Offset) -> Told<'_> {
        Told { offset, life: &self.life }
    }

    /// Reads what a client has remembered; `None` for what it cannot have been told. Who still
    /// remembers an offset of another log has not been told any by this one.
    pub(super) fn read(&self, told: &str) -> Option<Offset> {
        let (offset, life) = told.split_once('.')?;
        let offset = Offset(offset.parse().ok()?);
        if life.len() == self.life.len() && life != self.life {
            return Some(Offset::default());
        }
        (life == self.life && offset <= self.last).then_some(offset)
    }
}

/// An offset as clients are told it: a string.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told<'a> {
    offset: Offset,
    life: &'a str,
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.offset.0, self.life)
    }
}

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_rise_also_within_a_microsecond() {
        let mut offsets = Offsets::new();
        let mut last = offsets.last();
        for _ in 0..10_000 {
            let next = offsets.next();
            assert!(next > last);
            last = next;
        }
    }

    #[test]
    fn only_what_was_told_by_this_log_is_read() {
        let mut offsets = Offsets::new();
        let offset = offsets.next();
        let told = offsets.told(offset).to_string();
        assert_eq!(offsets.read(&told), Some(offset));

        let later = offsets.told(Offset(offset.0 + 1)).to_string();
        for odd in ["", ".", "7", "x.y", &told[..told.len() - 1], &later] {
            assert_eq!(offsets.read(odd), None, "{odd}");
        }
        let foreign = Offsets::new().told(offset).to_string();
        assert_eq!(offsets.read(&foreign), Some(Offset::default()));
    }
}
