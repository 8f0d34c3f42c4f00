//! What is said to whoever has started us and owns the processes that are killed: one JSON a
//! line. Each kill is answered by the lines `killed` and `up`.

use std::io::{self, Write};

use serde::Serialize;

use crate::{checker::Verdict, plan::Victim};

/// One line.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Say {
    /// Kill it, and start it again after the pause.
    Kill {
        victim: Victim,
        pause_ms: u64,
    },
    Progress(Progress),
    Report(Report),
}

/// How far it is.
#[derive(Serialize)]
pub(crate) struct Progress {
    pub(crate) seconds: f64,
    pub(crate) acknowledged: u64,
    pub(crate) delivered: u64,
    /// What it is busy with.
    pub(crate) phase: &'static str,
}

/// What came of it.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) acknowledged: usize,
    pub(crate) changed: usize,
    pub(crate) stored: usize,
    pub(crate) delivered: usize,
    /// Messages that were sent more than once until they were acknowledged.
    pub(crate) retried: usize,
    /// Connections that there were, of all clients.
    pub(crate) connections: u64,
    /// Events that listeners were told to read themselves.
    pub(crate) told_gaps: i64,
    /// Milliseconds from each kill to the next message that was sent and acknowledged.
    pub(crate) recoveries_ms: Vec<u64>,
    pub(crate) verdict: Verdict,
}

impl Say {
    pub(crate) fn say(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, self)?;
        out.write_all(b"\n")?;
        out.flush()
    }
}
