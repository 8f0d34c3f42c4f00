//! What a run tells, as JSON on the standard output.

use serde::Serialize;

use crate::tally::{Faults, Percentiles};

/// Figures of one run; those that it does not measure are left out.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// Connections that were made.
    pub(crate) connections: usize,
    /// Units of work in the measured time, by their name.
    pub(crate) sends: u64,
    pub(crate) deliveries: u64,
    pub(crate) requests: u64,
    pub(crate) joins: u64,
    /// Length of the measured time, and of the time until everything had arrived.
    pub(crate) seconds: f64,
    /// CPU time of the server in that time, in microseconds.
    pub(crate) server_cpu_us: f64,
    /// Share of the generator's core that it needed itself: near 1, it was the limit.
    pub(crate) generator_load: f64,
    /// The same of the server.
    pub(crate) server_load: f64,
    /// CPU time of the server for one join, in microseconds, while all joined at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) join_cpu_us: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kib_per_connection: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_mib: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delivery_ms: Option<Percentiles>,
    /// Of acks, joins, connects or requests: whatever the unit of work waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) answer_ms: Option<Percentiles>,
    pub(crate) faults: Faults,
    /// What strange answers there were.
    pub(crate) samples: Vec<String>,
}
