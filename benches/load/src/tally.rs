//! What has happened to all clients together.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Strange answers that are kept, so that somebody can see what went wrong.
const KEPT_SAMPLES: usize = 5;

/// Counts and times of one run.
pub(crate) struct Tally {
    pub(crate) joined: u64,
    pub(crate) sent: u64,
    pub(crate) acked: u64,
    pub(crate) refused: u64,
    /// Deliveries that are due: every send times the members of its room.
    pub(crate) expected: u64,
    /// Different ones that came.
    pub(crate) delivered: u64,
    pub(crate) doubled: u64,
    pub(crate) inverted: u64,
    pub(crate) disconnected: u64,
    pub(crate) delivery: Times,
    pub(crate) ack: Times,
    pub(crate) join: Times,
    pub(crate) samples: Vec<String>,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self {
            joined: 0,
            sent: 0,
            acked: 0,
            refused: 0,
            expected: 0,
            delivered: 0,
            doubled: 0,
            inverted: 0,
            disconnected: 0,
            delivery: Times::new(),
            ack: Times::new(),
            join: Times::new(),
            samples: Vec::new(),
        }
    }

    /// Whether nothing is on its way any more.
    pub(crate) fn is_settled(&self) -> bool {
        self.acked + self.refused >= self.sent && self.delivered >= self.expected
    }

    /// Forgets the times, as what came before was the warm-up.
    pub(crate) fn forget_times(&mut self) {
        self.delivery = Times::new();
        self.ack = Times::new();
    }

    pub(crate) fn sample(&mut self, text: impl FnOnce() -> String) {
        if self.samples.len() < KEPT_SAMPLES {
            self.samples.push(text());
        }
    }

    /// What was wrong with the whole run.
    pub(crate) fn faults(&self) -> Faults {
        Faults {
            lost: self.expected.saturating_sub(self.delivered),
            unacked: self.sent.saturating_sub(self.acked + self.refused),
            doubled: self.doubled,
            inverted: self.inverted,
            refused: self.refused,
            disconnected: self.disconnected,
        }
    }
}

/// What must not happen.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Faults {
    /// Deliveries that did not come.
    pub(crate) lost: u64,
    /// Sends without an answer.
    pub(crate) unacked: u64,
    /// Deliveries that came once more.
    pub(crate) doubled: u64,
    /// Deliveries that came after a later one.
    pub(crate) inverted: u64,
    /// Joins and sends that were answered by an error.
    pub(crate) refused: u64,
    /// Connections that ended by themselves.
    pub(crate) disconnected: u64,
}

/// Longest time that is told apart from longer ones, in microseconds.
const LONGEST: u64 = 600_000_000;

/// A distribution of times, exact to a thousandth.
pub(crate) struct Times(Histogram<u64>);

impl Times {
    pub(crate) fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST, 3);
        Self(histogram.expect("the bounds are in order, and three digits are allowed"))
    }

    pub(crate) fn note(&mut self, time: Duration) {
        self.0.saturating_record(time.as_micros() as u64);
    }

    pub(crate) fn percentiles(&self) -> Option<Percentiles> {
        let at = |quantile| self.0.value_at_quantile(quantile) as f64 / 1e3;
        let all = || Percentiles { p50: at(0.5), p99: at(0.99), max: self.0.max() as f64 / 1e3 };
        (!self.0.is_empty()).then(all)
    }
}

/// Of times, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_in_milliseconds_also_of_long_times() {
        let mut times = Times::new();
        assert!(times.percentiles().is_none());
        (1..=100).for_each(|it| times.note(Duration::from_millis(it * 10)));
        let of_all = times.percentiles().unwrap();
        assert!((of_all.p50 - 500.0).abs() < 1.0, "{of_all:?}");
        assert!((of_all.p99 - 990.0).abs() < 1.0, "{of_all:?}");
        assert!((of_all.max - 1_000.0).abs() < 1.0, "{of_all:?}");
    }

    #[test]
    fn what_is_missing_at_the_end_is_lost() {
        let mut tally = Tally::new();
        (tally.sent, tally.acked, tally.refused) = (10, 8, 1);
        (tally.expected, tally.delivered) = (18, 17);
        assert!(!tally.is_settled());
        let faults = tally.faults();
        assert_eq!((faults.lost, faults.unacked, faults.refused), (1, 1, 1));
    }
}
