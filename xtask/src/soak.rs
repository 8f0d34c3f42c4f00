//! `cargo xtask soak`: kills the server under load, and counts what was lost, doubled or put out
//! of order.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::postgres::{Cluster, Programs};
use crate::process;
use crate::stage::Problem;
use crate::workspace::Workspace;

mod driver;
mod report;
mod server;
mod slow;

pub(crate) use driver::Plan;
pub(crate) use report::Report;
pub(crate) use slow::SlowReport;

/// How long, how many, and on what.
#[derive(Args)]
pub(crate) struct Options {
    /// Time in which is talked and killed
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u64).range(5..=3_000))]
    seconds: u64,
    /// Socket.IO connections at the same time; every third person talks by REST
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(4..=500))]
    clients: u32,
    /// How often the server is killed. Default one in six seconds
    #[arg(long, value_name = "N")]
    kills: Option<u32>,
    /// How often PostgreSQL is killed. Default half as often
    #[arg(long, value_name = "N")]
    postgres_kills: Option<u32>,
    /// Where the server keeps its data
    #[arg(long, value_enum, default_value_t = Database::Sqlite)]
    database: Database,
    /// Repeats the chance of an earlier run. Default another one each time
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Has one client among a hundred that never reads, on SQLite, instead of kills
    #[arg(long, conflicts_with_all = ["seconds", "clients", "kills", "postgres_kills", "database", "seed"])]
    slow: bool,
    /// Takes the development build of the server, not the release build
    #[arg(long)]
    debug: bool,
}

/// A database that the server can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Database {
    /// A file in a temporary folder
    Sqlite,
    /// A server of our own in a temporary folder
    Postgres,
}

impl Options {
    fn plan(&self) -> Plan {
        let kills = self.kills.unwrap_or((self.seconds / 6) as u32);
        let postgres_kills = match self.database {
            Database::Sqlite => 0,
            Database::Postgres => self.postgres_kills.unwrap_or(kills / 2),
        };
        let seed =
            self.seed.unwrap_or_else(|| u64::from(chrono::Utc::now().timestamp_subsec_nanos()));
        Plan { seconds: self.seconds, clients: self.clients, kills, postgres_kills, seed }
    }
}

/// Another one each time.
pub(crate) fn seed() -> u64 {
    u64::from(chrono::Utc::now().timestamp_subsec_micros())
}

/// Builds what is needed, runs it, and tells whether nothing was wrong.
pub(crate) fn run(options: &Options) -> Result<bool, Problem> {
    if options.database == Database::Sqlite && options.postgres_kills.is_some() {
        let text = "--postgres-kills needs --database postgres".to_owned();
        return Err(Problem::Failed(text));
    }
    let workspace = Workspace::find()?;
    let server = build(&workspace, options.debug)?;
    if options.slow {
        let report = slow(&workspace, &server)?;
        report.print();
        return Ok(report.is_clean());
    }
    let report = on(&workspace, &server, options.database, &options.plan())?;
    report.print();
    Ok(report.is_clean())
}

/// Builds the clients, and the server as it is shipped or as it is developed.
fn build(workspace: &Workspace, debug: bool) -> Result<PathBuf, Problem> {
    let mut clients = workspace.cargo(&["build", "--workspace", "--bin", "soak"]);
    if debug {
        process::run(clients.args(["--bin", "hornero"]))?;
        return Ok(workspace.server());
    }
    process::run(&mut clients)?;
    process::run(&mut workspace.cargo(&["build", "--release", "-p", "hornero-server"]))?;
    Ok(workspace.release("hornero"))
}

/// Has one client that never reads among many.
pub(crate) fn slow(workspace: &Workspace, server: &Path) -> Result<SlowReport, Problem> {
    slow::run(workspace, server)
}

/// Runs it on a database that is made for it.
pub(crate) fn on(
    workspace: &Workspace,
    server: &Path,
    database: Database,
    plan: &Plan,
) -> Result<Report, Problem> {
    println!("{plan}");
    match database {
        Database::Sqlite => driver::run(workspace, server, None, plan),
        Database::Postgres => {
            let programs = Programs::bring_in()?;
            let cluster = Cluster::start(&programs)?;
            driver::run(workspace, server, Some(&cluster), plan)
        }
    }
}
