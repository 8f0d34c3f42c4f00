//! How often sockets were told of a refusal.

use std::collections::HashMap;

use crate::{
    error::{ClientError, ErrorKind},
    metrics::{Counter, Metrics},
};

/// Counts what sockets are refused, by the code that they are told.
#[derive(Default)]
pub(crate) struct Refusals(HashMap<&'static str, Counter>);

impl Refusals {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let counters = ErrorKind::ALL.map(|kind| {
            let code = kind.socket_code();
            (code, metrics.refusals(code))
        });
        Self(counters.into())
    }

    pub(super) fn count(&self, error: &ClientError) {
        if let Some(counter) = self.0.get(error.socket_code()) {
            counter.increment(1);
        }
    }
}
