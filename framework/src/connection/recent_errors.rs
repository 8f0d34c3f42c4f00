//! How often a client has lately sent what cannot be understood.

use std::{
    collections::VecDeque,
    sync::Mutex,
    time::{Duration, Instant},
};

use super::session::lock;

/// Time after which an error is forgotten.
const PERIOD: Duration = Duration::from_mins(10);

/// When the last errors were.
#[derive(Debug, Default)]
pub(super) struct RecentErrors(Mutex<VecDeque<Instant>>);

impl RecentErrors {
    /// Adds one, and tells whether there are `most` by now. No more than these are kept.
    pub(super) fn add(&self, most: usize, now: Instant) -> bool {
        let mut errors = lock(&self.0);
        errors.retain(|it| now.duration_since(*it) < PERIOD);
        errors.push_back(now);
        while errors.len() > most {
            errors.pop_front();
        }
        errors.len() == most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_count_for_ten_minutes() {
        let (errors, start) = (RecentErrors::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!errors.add(3, at(0)));
        assert!(!errors.add(3, at(300)));
        assert!(!errors.add(3, at(600)), "the first is forgotten");
        assert!(errors.add(3, at(601)));
        assert!(errors.add(3, at(602)), "once too many, each is");
        assert!(!errors.add(3, at(2_000)));
    }
}
