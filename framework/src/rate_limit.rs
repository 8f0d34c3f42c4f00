//! A limit of rate for each of many: users, addresses, accounts.
//!
//! Every key has a token bucket, and a bucket is one number: the time at which it is full again.
//! One that is full need not be kept, so memory holds those who were here lately, and no more of
//! them than a fixed number. The libraries for it keep all keys until they are told to look
//! through them, and bound nothing.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::error::{ClientError, ErrorKind};

/// Most buckets that are kept: 16 bytes each, and what a hash map needs besides.
const MAX_BUCKETS: usize = 100_000;

/// So many in a period, for each key. Who comes after a pause may have all of them at once.
#[derive(Debug)]
pub struct RateLimit {
    count: u32,
    /// Time in which a token comes; zero for no limit.
    interval: Duration,
    /// Since when nanoseconds are counted.
    begun: Instant,
    /// Keys are not kept themselves, but a hash that nobody else can compute.
    hasher: RandomState,
    /// When each bucket is full again.
    full_at: Mutex<HashMap<u64, u64>>,
}

/// What is left of a limit after one more was allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many there can be at once.
    pub limit: u32,
    /// How many more there can be now.
    pub remaining: u32,
    /// Time until there can be as many as the limit again.
    pub full_in: Duration,
}

/// One more would be too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Too many requests in too short a time")]
pub struct TooMany {
    /// What is left: nothing.
    pub allowance: Allowance,
    /// Time until there can be one.
    pub retry_after: Duration,
}

impl RateLimit {
    /// So many in a `period`; 0 for as many as one likes.
    pub fn new(count: u32, period: Duration) -> Self {
        Self {
            count,
            interval: period.checked_div(count).unwrap_or_default(),
            begun: Instant::now(),
            hasher: RandomState::new(),
            full_at: Mutex::default(),
        }
    }

    /// Whether there is no limit.
    pub fn is_off(&self) -> bool {
        self.interval.is_zero()
    }

    /// Counts one for `key`. Gives nothing if there is no limit.
    ///
    /// # Errors
    ///
    /// [`TooMany`]. It is not counted then.
    pub fn take(&self, key: impl Hash) -> Result<Option<Allowance>, TooMany> {
        if self.is_off() {
            return Ok(None);
        }
        self.take_at(self.hasher.hash_one(key), nanos(self.begun.elapsed())).map(Some)
    }

    fn take_at(&self, key: u64, now: u64) -> Result<Allowance, TooMany> {
        let interval = nanos(self.interval);
        let capacity = interval.saturating_mul(self.count.into());
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = buckets.get(&key).copied().unwrap_or_default().max(now);
        let (missing, left) = (full_at - now, |missing: u64| Allowance {
            limit: self.count,
            remaining: u32::try_from(capacity.saturating_sub(missing) / interval).unwrap_or(0),
            full_in: Duration::from_nanos(missing),
        });
        if missing + interval > capacity {
            let retry_after = Duration::from_nanos(missing + interval - capacity);
            return Err(TooMany { allowance: left(missing), retry_after });
        }
        if buckets.len() >= MAX_BUCKETS {
            make_room(&mut buckets, now);
        }
        buckets.insert(key, full_at + interval);
        Ok(left(missing + interval))
    }
}

impl From<TooMany> for ClientError {
    fn from(refused: TooMany) -> Self {
        // Not a part of a millisecond too early.
        let millis = nanos(refused.retry_after).div_ceil(1_000_000);
        let error = Self::new(ErrorKind::RateLimited, refused.to_string());
        error.retry_after(Duration::from_millis(millis))
    }
}

/// Forgets the buckets that are full; if too few are, the half that is full soonest.
fn make_room(buckets: &mut HashMap<u64, u64>, now: u64) {
    buckets.retain(|_, full_at| *full_at > now);
    if buckets.len() > MAX_BUCKETS / 2 {
        let mut times: Vec<_> = buckets.values().copied().collect();
        let middle = times.len() / 2;
        let (_, middle, _) = times.select_nth_unstable(middle);
        let middle = *middle;
        buckets.retain(|_, full_at| *full_at > middle);
    }
}

/// Enough for 584 years.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn key_has_its_count_at_once_and_gets_them_back_evenly() {
        let limit = RateLimit::new(10, Duration::from_secs(60));
        let allowed = |now| (0..100).filter(|_| limit.take_at(1, now).is_ok()).count();
        assert_eq!(allowed(0), 10);
        assert_eq!(allowed(5 * SECOND), 0);
        assert_eq!(allowed(6 * SECOND), 1);
        assert_eq!(allowed(600 * SECOND), 10);
        limit.take_at(2, 600 * SECOND).unwrap();
    }

    #[test]
    fn answer_says_what_is_left_and_when_there_is_more() {
        let limit = RateLimit::new(2, Duration::from_secs(60));
        let first = limit.take_at(1, 0).unwrap();
        let expected = Allowance { limit: 2, remaining: 1, full_in: Duration::from_secs(30) };
        assert_eq!(first, expected);
        assert_eq!(limit.take_at(1, 0).unwrap().remaining, 0);
        let refused = limit.take_at(1, 10 * SECOND).unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_secs(20));
        assert_eq!(refused.allowance.remaining, 0);
    }

    #[test]
    fn limit_of_0_is_none() {
        let limit = RateLimit::new(0, Duration::from_secs(60));
        assert!((0..1_000).all(|_| limit.take("ada") == Ok(None)));
    }

    #[test]
    fn memory_is_bounded_and_whoever_is_refused_stays_so() {
        let limit = RateLimit::new(2, Duration::from_secs(60));
        for _ in 0..2 {
            limit.take_at(u64::MAX, 1).unwrap();
        }
        for key in 0..MAX_BUCKETS as u64 * 2 {
            limit.take_at(key, 0).unwrap();
        }
        assert!(limit.full_at.lock().unwrap().len() <= MAX_BUCKETS);
        limit.take_at(u64::MAX, 1).unwrap_err();
    }
}
