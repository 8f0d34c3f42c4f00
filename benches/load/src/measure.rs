//! The time between two moments, on both sides.

use std::time::Instant;

use crate::{
    process::{CpuTime, Process},
    report::Report,
    target::Result,
};

/// A measurement that has begun.
pub(crate) struct Measurement {
    server: Process,
    start: Instant,
    server_before: CpuTime,
    own_before: CpuTime,
}

impl Measurement {
    pub(crate) fn begin(server: Process) -> Result<Self> {
        Ok(Self {
            server,
            start: Instant::now(),
            server_before: server.cpu_time()?,
            own_before: Process::this().cpu_time()?,
        })
    }

    /// The report of the time since the beginning.
    pub(crate) fn end(self) -> Result<Report> {
        let seconds = self.start.elapsed().as_secs_f64();
        let server = self.server.cpu_time()?.since(&self.server_before);
        let own = Process::this().cpu_time()?.since(&self.own_before);
        Ok(Report {
            seconds,
            server_cpu_us: server * 1e6,
            server_load: server / seconds,
            generator_load: own / seconds,
            server_mib: Some(self.server.memory()? / 1024.0),
            ..Report::default()
        })
    }
}
