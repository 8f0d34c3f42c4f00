//! One client that never reads, among a hundred.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use indicatif::ProgressBar;
use serde::Deserialize;

use super::server::Server;
use crate::process;
use crate::stage::Problem;
use crate::workspace::Workspace;

/// Members of the room.
const CLIENTS: u32 = 100;

/// What came of it.
#[derive(Debug, Deserialize)]
pub(crate) struct SlowReport {
    messages: u64,
    delivered: u64,
    p99_alone_ms: f64,
    p99_beside_ms: f64,
    put_out_after_s: Option<f64>,
    memory_before_mib: f64,
    memory_most_mib: f64,
    faults: Vec<String>,
}

impl SlowReport {
    pub(crate) fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// Prints the figures, and what is wrong.
    pub(crate) fn print(&self) {
        println!("{} messages, {} deliveries to the others", self.messages, self.delivered);
        println!(
            "p99 {:.1} ms without the slow client, {:.1} ms with it",
            self.p99_alone_ms, self.p99_beside_ms
        );
        if let Some(after) = self.put_out_after_s {
            println!("the slow client was put out after {after:.0} s");
        }
        println!(
            "memory of the server: {:.0} MiB before, at most {:.0} MiB",
            self.memory_before_mib, self.memory_most_mib
        );
        for fault in self.faults.iter().take(5) {
            println!("wrong: {fault}");
        }
    }
}

/// Starts a server on an SQLite file, and has the clients measure it.
pub(crate) fn run(workspace: &Workspace, program: &Path) -> Result<SlowReport, Problem> {
    println!("{CLIENTS} clients, of which one never reads");
    let folder = tempfile::tempdir()
        .map_err(|error| Problem::Failed(format!("no folder for the server: {error}")))?;
    let server = Server::start(program, folder.path(), None)?;
    let mut clients = Command::new(workspace.debug("soak"));
    clients.args(["slow", "--port", &server.port().to_string()]);
    clients.args(["--pid", &server.pid().unwrap_or_default().to_string()]);
    clients.args(["--clients", &CLIENTS.to_string()]);
    let bar = ProgressBar::new_spinner().with_message("a minute or two");
    bar.enable_steady_tick(Duration::from_millis(200));
    let report = process::json_of(&mut clients);
    bar.finish_and_clear();
    report
}
