//! How often a connection may send events: a token bucket for each class of them.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use crate::settings::RateLimitConfig;

/// Which limit of its connection an event counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateClass {
    /// What does something, such as sending a message: `rateLimit.events`.
    #[default]
    Event,
    /// What only tells of its sender, such as typing or having read: `rateLimit.signals`.
    /// Clients send these on their own account, and they must not take the place of messages.
    Signal,
}

/// The limits of the classes, for every connection.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Since when nanoseconds are counted.
    begun: Instant,
    events: Limit,
    signals: Limit,
    /// Protocol errors in 10 minutes; 0 for as many as one likes.
    protocol_errors: usize,
}

/// What a connection has used up of its limits. Its own: no other connection waits for it.
#[derive(Default)]
pub(super) struct Used {
    events: AtomicU64,
    signals: AtomicU64,
}

impl Limits {
    pub(crate) fn of(config: &RateLimitConfig) -> Self {
        Self {
            begun: Instant::now(),
            events: Limit::new(config.events, config.events_burst),
            signals: Limit::new(config.signals, config.signals_burst),
            protocol_errors: config.protocol_errors as usize,
        }
    }

    /// Whether no event ever comes too soon.
    pub(super) fn are_off(&self) -> bool {
        self.events.is_off() && self.signals.is_off()
    }

    /// Protocol errors at which a socket is disconnected; 0 for none.
    pub(super) fn protocol_errors(&self) -> usize {
        self.protocol_errors
    }

    /// Takes a token for an event, or says when there will be one.
    pub(super) fn take(&self, class: RateClass, used: &Used) -> Result<(), Duration> {
        let (limit, full_at) = match class {
            RateClass::Event => (self.events, &used.events),
            RateClass::Signal => (self.signals, &used.signals),
        };
        if limit.is_off() {
            return Ok(());
        }
        // Enough for 584 years.
        let now = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        limit.take(full_at, now)
    }
}

/// A bucket's size and how fast it fills, in nanoseconds.
#[derive(Clone, Copy)]
struct Limit {
    /// Time in which a token comes; 0 for no limit.
    interval: u64,
    /// Time in which an empty bucket has all tokens but one.
    slack: u64,
}

impl Limit {
    /// So many events a second, and so many at once after a pause.
    fn new(rate: u32, burst: u32) -> Self {
        let interval = 1_000_000_000_u64.checked_div(rate.into()).unwrap_or(0);
        Self { interval, slack: interval * u64::from(burst.saturating_sub(1)) }
    }

    fn is_off(self) -> bool {
        self.interval == 0
    }

    /// A bucket is one number, the time at which it is full again: what is missing comes at a
    /// steady pace, so that nothing has to fill it.
    fn take(self, full_at: &AtomicU64, now: u64) -> Result<(), Duration> {
        let taken = full_at.fetch_update(Relaxed, Relaxed, |full_at| {
            let full_at = full_at.max(now);
            (full_at - now <= self.slack).then_some(full_at + self.interval)
        });
        let refused = |full_at: u64| {
            let wait = full_at.saturating_sub(now + self.slack);
            // Not a part of a millisecond too early.
            Duration::from_millis(wait.div_ceil(1_000_000).max(1))
        };
        taken.map(drop).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// How many of 100 events at the same time are let through.
    fn burst(limit: Limit, full_at: &AtomicU64, now: u64) -> usize {
        (0..100).filter(|_| limit.take(full_at, now).is_ok()).count()
    }

    #[test]
    fn bucket_gives_its_burst_and_fills_at_its_rate() {
        let (limit, full_at) = (Limit::new(10, 20), AtomicU64::default());
        assert_eq!(burst(limit, &full_at, 0), 20);
        assert_eq!(burst(limit, &full_at, SECOND), 10);
        // However long nothing comes, there is never more.
        assert_eq!(burst(limit, &full_at, 3_600 * SECOND), 20);
    }

    #[test]
    fn refusal_says_when_there_will_be_a_token_and_takes_none() {
        let (limit, full_at) = (Limit::new(10, 1), AtomicU64::default());
        limit.take(&full_at, 0).unwrap();
        let almost = limit.take(&full_at, 30_500_000).unwrap_err();
        assert_eq!(almost, Duration::from_millis(70));
        assert_eq!(limit.take(&full_at, 99_999_999), Err(Duration::from_millis(1)));
        limit.take(&full_at, 100_000_000).unwrap();
    }

    #[test]
    fn rate_of_0_is_no_limit_and_no_rate_overflows() {
        assert!(Limit::new(0, 20).is_off());
        let (slow, full_at) = (Limit::new(1, u32::MAX), AtomicU64::default());
        assert_eq!(burst(slow, &full_at, 584 * 365 * 24 * 3_600), 100);
    }
}
