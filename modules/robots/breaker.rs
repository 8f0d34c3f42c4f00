//! The circuit breaker: what fails again and again is let alone for a while.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Failures in a row that open it.
const FAILURES: u32 = 5;

/// Time for which it is open. Then one attempt is let through, to see.
const COOL_DOWN: Duration = Duration::from_secs(30);

/// Counts failures, and refuses for a while after too many.
#[derive(Default)]
pub(crate) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Lets an attempt through. While it is open, one each half minute.
    ///
    /// # Errors
    ///
    /// Time after which to try again.
    pub(crate) fn admit(&self) -> Result<(), Duration> {
        let mut state = self.state();
        let Some(until) = state.open_until else { return Ok(()) };
        let now = Instant::now();
        if now < until {
            return Err(until - now);
        }
        // The others wait for what becomes of this one.
        state.open_until = Some(now + COOL_DOWN);
        Ok(())
    }

    /// Notes that an attempt has succeeded.
    pub(crate) fn succeeded(&self) {
        *self.state() = State::default();
    }

    /// Notes that one has failed.
    pub(crate) fn failed(&self) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES {
            state.open_until = Some(Instant::now() + COOL_DOWN);
        }
    }

    /// Time for which it stays open, if it is.
    pub(crate) fn open_for(&self) -> Option<Duration> {
        let left = self.state().open_until?.checked_duration_since(Instant::now())?;
        Some(left).filter(|it| !it.is_zero())
    }

    /// Nothing can panic under the lock and leave the state half-changed.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn fail(breaker: &Breaker, times: u32) {
        for _ in 0..times {
            breaker.admit().unwrap();
            breaker.failed();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn five_failures_in_a_row_open_it_for_half_a_minute() {
        let breaker = Breaker::default();
        fail(&breaker, 4);
        breaker.succeeded();
        fail(&breaker, 4);
        assert_eq!(breaker.open_for(), None);
        fail(&breaker, 1);
        advance(Duration::from_secs(10)).await;
        assert_eq!(breaker.admit(), Err(Duration::from_secs(20)));
        assert_eq!(breaker.open_for(), Some(Duration::from_secs(20)));
    }

    #[tokio::test(start_paused = true)]
    async fn one_attempt_decides_whether_it_closes() {
        let breaker = Breaker::default();
        fail(&breaker, 5);
        advance(COOL_DOWN).await;
        assert_eq!(breaker.admit(), Ok(()));
        assert!(breaker.admit().is_err(), "one at a time");
        breaker.failed();
        assert!(breaker.admit().is_err());
        advance(COOL_DOWN).await;
        assert_eq!(breaker.admit(), Ok(()));
        breaker.succeeded();
        assert_eq!((breaker.admit(), breaker.admit()), (Ok(()), Ok(())));
    }
}
