//! How many clients came back, and to what.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::metrics::Metrics;

/// What became of the clients that wanted to be recovered, since the start. A provider in every
/// module.
#[derive(Debug, Default)]
pub struct Recoveries {
    recovered: AtomicU64,
    too_old: AtomicU64,
    refused: AtomicU64,
}

impl Recoveries {
    /// Those who went on where they were.
    pub fn recovered(&self) -> u64 {
        self.recovered.load(Relaxed)
    }

    /// Those who were let in as new: too long away, too much missed, or unknown after a restart.
    pub fn too_old(&self) -> u64 {
        self.too_old.load(Relaxed)
    }

    /// Those who were not let in, or not as whom they said they were.
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    /// Lets the metrics tell them.
    pub(crate) fn told_by(self: &Arc<Self>, metrics: &Metrics) {
        let counter = |outcome| {
            let help = "Clients that came back after they had lost their connection";
            metrics.counter("gateway_recoveries_total", help, &[("outcome", outcome)])
        };
        let outcomes = ["recovered", "too_old", "refused"].map(counter);
        let told = Arc::clone(self);
        metrics.sample(move || {
            let counts = [told.recovered(), told.too_old(), told.refused()];
            for (counter, count) in outcomes.iter().zip(counts) {
                counter.absolute(count);
            }
        });
    }

    pub(super) fn count_recovered(&self) {
        self.recovered.fetch_add(1, Relaxed);
    }

    pub(super) fn count_too_old(&self) {
        self.too_old.fetch_add(1, Relaxed);
    }

    pub(super) fn count_refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }
}
