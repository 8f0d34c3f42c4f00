//! What was emitted lately.

use std::collections::VecDeque;

use super::{
    Entered, Limits,
    offset::{Offset, Offsets, Told},
};
use crate::gateway::Frame;

/// What an event costs besides its text, in bytes; about.
const OVERHEAD: usize = 160;

/// The last events of a namespace, in the order in which they were emitted.
#[derive(Debug)]
pub(super) struct Log {
    offsets: Offsets,
    kept: VecDeque<Kept>,
    bytes: usize,
    /// The last event that is not kept any more.
    forgotten: Offset,
    limits: Limits,
}

/// An event, and who hears it.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) offset: Offset,
    pub(super) channels: Vec<String>,
    pub(super) except: Vec<String>,
    pub(super) frame: Frame,
}

impl Kept {
    fn size(&self) -> usize {
        let channels = self.channels.iter().chain(&self.except);
        channels.map(String::len).sum::<usize>() + self.frame.len() + OVERHEAD
    }

    /// Whether a socket that is in these channels hears it.
    fn is_for(&self, channels: &Entered) -> bool {
        let entered = |it: &String| channels.get(it).is_some_and(|since| *since < self.offset);
        self.channels.iter().any(entered) && !self.except.iter().any(|it| channels.contains_key(it))
    }
}

impl Log {
    pub(super) fn new(limits: Limits) -> Self {
        let (offsets, kept) = (Offsets::new(), VecDeque::new());
        Self { offsets, kept, bytes: 0, forgotten: Offset::default(), limits }
    }

    /// An offset for the next event.
    pub(super) fn next(&mut self) -> Offset {
        self.offsets.next()
    }

    /// The offset of the last event.
    pub(super) fn last(&self) -> Offset {
        self.offsets.last()
    }

    pub(super) fn told(&self, offset: Offset) -> Told<'_> {
        self.offsets.told(offset)
    }

    /// Reads the offset that a client has remembered.
    pub(super) fn read(&self, told: &str) -> Option<Offset> {
        self.offsets.read(told)
    }

    /// Keeps an event, and forgets those that are too old or too many.
    pub(super) fn keep(&mut self, event: Kept) {
        let oldest = event.offset.0.saturating_sub(self.limits.kept.as_micros() as u64);
        self.bytes += event.size();
        self.kept.push_back(event);
        while let Some(first) = self.kept.front()
            && (self.bytes > self.limits.bytes
                || self.kept.len() > self.limits.events
                || first.offset.0 < oldest)
        {
            self.forgotten = first.offset;
            self.bytes -= first.size();
            self.kept.pop_front();
        }
    }

    /// What a socket in `channels` has missed that has seen `seen`; `None` if that is not
    /// kept any more, or more than `most` events.
    pub(super) fn missed(
        &self,
        seen: Offset,
        channels: &Entered,
        most: usize,
    ) -> Option<Vec<(Offset, &Frame)>> {
        if seen < self.forgotten {
            return None;
        }
        let first = self.kept.partition_point(|it| it.offset <= seen);
        let missed = self.kept.range(first..).filter(|it| it.is_for(channels));
        let missed: Vec<_> = missed.take(most + 1).map(|it| (it.offset, &it.frame)).collect();
        (missed.len() <= most).then_some(missed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde::Serialize;
    use utoipa::ToSchema;

    use super::*;
    use crate::contract::Event;

    #[derive(Serialize, ToSchema)]
    struct Said {
        n: usize,
    }

    impl Event for Said {
        const NAME: &'static str = "said";
    }

    fn log(events: usize, bytes: usize) -> Log {
        let day = Duration::from_secs(86_400);
        Log::new(Limits { away: day, kept: day, events, bytes, sessions: 1, missed: 1_000 })
    }

    fn keep(log: &mut Log, n: usize, channels: &[&str], except: &[&str]) -> Offset {
        let owned = |them: &[&str]| them.iter().map(|it| (*it).to_owned()).collect();
        let (offset, frame) = (log.next(), Frame::of(&Said { n }).unwrap());
        log.keep(Kept { offset, channels: owned(channels), except: owned(except), frame });
        offset
    }

    fn entered(channels: &[&str]) -> Entered {
        channels.iter().map(|it| ((*it).to_owned(), Offset::default())).collect()
    }

    fn count(log: &Log, seen: Offset, channels: &Entered) -> Option<usize> {
        log.missed(seen, channels, 1_000).map(|it| it.len())
    }

    #[test]
    fn socket_misses_what_is_for_it_since_it_entered() {
        let mut log = log(100, 1_000_000);
        let first = keep(&mut log, 1, &["a"], &[]);
        keep(&mut log, 2, &["b"], &[]);
        let third = keep(&mut log, 3, &["a", "b"], &[]);
        keep(&mut log, 4, &["a"], &["me"]);

        assert_eq!(count(&log, Offset::default(), &entered(&["a"])), Some(3));
        assert_eq!(count(&log, Offset::default(), &entered(&["a", "me"])), Some(2));
        assert_eq!(count(&log, first, &entered(&["a", "b", "me"])), Some(2));
        assert_eq!(count(&log, log.last(), &entered(&["a"])), Some(0));
        let late = Entered::from([("a".to_owned(), first), ("b".to_owned(), third)]);
        assert_eq!(count(&log, Offset::default(), &late), Some(2));
    }

    #[test]
    fn too_many_and_too_large_are_forgotten_and_said_to_be() {
        let mut by_count = log(3, 1_000_000);
        let offsets: Vec<_> = (0..5).map(|n| keep(&mut by_count, n, &["a"], &[])).collect();
        assert_eq!(count(&by_count, offsets[0], &entered(&["a"])), None);
        assert_eq!(count(&by_count, offsets[1], &entered(&["a"])), Some(3));

        let mut by_size = log(1_000, 1_000);
        for n in 0..1_000 {
            keep(&mut by_size, n, &["a"], &[]);
        }
        assert!(by_size.bytes <= 1_000 && by_size.kept.len() < 10, "{}", by_size.bytes);
        let sizes: usize = by_size.kept.iter().map(Kept::size).sum();
        assert_eq!(by_size.bytes, sizes);
    }

    #[test]
    fn more_than_one_socket_may_be_sent_is_too_much() {
        let mut log = log(100, 1_000_000);
        for n in 0..11 {
            keep(&mut log, n, &["a"], &[]);
        }
        assert!(log.missed(Offset::default(), &entered(&["a"]), 10).is_none());
        assert!(log.missed(Offset::default(), &entered(&["a"]), 11).is_some());
    }

    #[test]
    fn what_is_too_old_is_forgotten() {
        let mut log = log(100, 1_000_000);
        log.limits.kept = Duration::from_millis(1);
        let first = keep(&mut log, 1, &["a"], &[]);
        std::thread::sleep(Duration::from_millis(5));
        keep(&mut log, 2, &["a"], &[]);
        assert_eq!(log.kept.len(), 1);
        assert_eq!(count(&log, first, &entered(&["a"])), Some(1));
        assert_eq!(count(&log, Offset(first.0 - 1), &entered(&["a"])), None);
    }
}
