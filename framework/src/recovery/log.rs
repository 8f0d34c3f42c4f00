//! What was emitted lately.

use std::collections::{HashMap, VecDeque};

use super::{
    Entered, Limits,
    offset::{Offset, Offsets, Told},
};
use crate::gateway::Frame;

/// What an event costs besides its text, in bytes; about.
const OVERHEAD: usize = 160;

/// How many times more events are looked at for a socket than it may be sent: those of which it
/// is excepted, and those for several of its channels.
const MOST_EXCEPTED: usize = 2;

/// The last events of a namespace, in the order in which they were emitted.
#[derive(Debug)]
pub(super) struct Log {
    offsets: Offsets,
    kept: VecDeque<Kept>,
    /// The events for each channel, the oldest first.
    by_channel: HashMap<String, VecDeque<Offset>>,
    bytes: usize,
    /// The last event that is not kept any more.
    forgotten: Offset,
    /// Whether somebody forgets what is too old when nothing new comes.
    swept: bool,
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
}

impl Log {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            offsets: Offsets::new(),
            kept: VecDeque::new(),
            by_channel: HashMap::new(),
            bytes: 0,
            forgotten: Offset::default(),
            swept: false,
            limits,
        }
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
        let now = event.offset;
        self.bytes += event.size();
        for channel in &event.channels {
            match self.by_channel.get_mut(channel) {
                Some(offsets) => offsets.push_back(now),
                None => drop(self.by_channel.insert(channel.clone(), [now].into())),
            }
        }
        self.kept.push_back(event);
        self.forget(now);
    }

    /// Forgets what is too old, or too much.
    fn forget(&mut self, now: Offset) {
        let oldest = now.before(self.limits.kept);
        while let Some(first) = self.kept.front()
            && (self.bytes > self.limits.bytes
                || self.kept.len() > self.limits.events
                || first.offset < oldest)
        {
            let Some(first) = self.kept.pop_front() else { return };
            self.forgotten = first.offset;
            self.bytes -= first.size();
            for channel in &first.channels {
                let Some(offsets) = self.by_channel.get_mut(channel) else { continue };
                offsets.pop_front();
                if offsets.is_empty() {
                    self.by_channel.remove(channel);
                }
            }
        }
    }

    /// Forgets what is too old though nothing new has come; tells whether something is left.
    pub(super) fn sweep(&mut self) -> bool {
        let now = self.offsets.now();
        self.forget(now);
        self.swept = !self.kept.is_empty();
        self.swept
    }

    /// Whether nobody [sweeps](Self::sweep) the log.
    pub(super) fn is_unswept(&self) -> bool {
        !self.swept
    }

    /// Notes that somebody does, until nothing is left.
    pub(super) fn begin_sweeping(&mut self) {
        self.swept = true;
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
        // By channel: many may come back at once, and nothing is emitted meanwhile.
        let mut missed = Vec::new();
        for (channel, since) in channels {
            let Some(offsets) = self.by_channel.get(channel) else { continue };
            let first = offsets.partition_point(|it| *it <= seen.max(*since));
            missed.extend(offsets.range(first..).take(most * MOST_EXCEPTED + 1));
            if missed.len() > most * MOST_EXCEPTED {
                return None;
            }
        }
        missed.sort_unstable();
        missed.dedup();
        let kept = |offset: Offset| self.kept.binary_search_by_key(&offset, |it| it.offset).ok();
        let kept = missed.into_iter().filter_map(kept).map(|it| &self.kept[it]);
        let excepted = |it: &&Kept| !it.except.iter().any(|it| channels.contains_key(it));
        let missed: Vec<_> = kept.filter(excepted).map(|it| (it.offset, &it.frame)).collect();
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
        assert_eq!((log.kept.len(), log.by_channel["a"].len()), (1, 1));
        assert_eq!(count(&log, first, &entered(&["a"])), Some(1));
        assert_eq!(count(&log, Offset(first.0 - 1), &entered(&["a"])), None);

        assert!(log.is_unswept());
        log.begin_sweeping();
        assert!(!log.is_unswept());
        std::thread::sleep(Duration::from_millis(5));
        assert!(!log.sweep() && log.is_unswept());
        assert!(log.kept.is_empty() && log.by_channel.is_empty() && log.bytes == 0);
    }
}
