//! Starts server and clients, and kills what the clients want killed.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::report::{Progress, Report, Said, Victim};
use super::server::Server;
use crate::postgres::Cluster;
use crate::stage::Problem;
use crate::workspace::Workspace;

/// What is done in one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) seconds: u64,
    pub(crate) clients: u32,
    pub(crate) kills: u32,
    pub(crate) postgres_kills: u32,
    pub(crate) seed: u64,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} clients talk for {} s; {} kills of the server, {} of PostgreSQL; --seed {}",
            self.clients, self.seconds, self.kills, self.postgres_kills, self.seed
        )
    }
}

impl Plan {
    fn arguments(&self, server: &Server) -> Vec<String> {
        let words = [
            ("--port", server.port().to_string()),
            ("--database", server.database()),
            ("--seconds", self.seconds.to_string()),
            ("--clients", self.clients.to_string()),
            ("--kills", self.kills.to_string()),
            ("--postgres-kills", self.postgres_kills.to_string()),
            ("--seed", self.seed.to_string()),
        ];
        words.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }
}

/// Runs it on an SQLite file in a folder of its own, or on PostgreSQL.
///
/// What the server has logged and stored is kept where something was wrong.
pub(crate) fn run(
    workspace: &Workspace,
    program: &Path,
    postgres: Option<&Cluster<'_>>,
    plan: &Plan,
) -> Result<Report, Problem> {
    let folder = tempfile::tempdir().map_err(|error| failed(&error))?;
    let database = postgres.map(|it| it.url().to_owned());
    let mut server = Server::start(program, folder.path(), database)?;
    let report = drive(workspace, &mut server, postgres, plan);
    if !report.as_ref().is_ok_and(Report::is_clean) {
        println!("The server's last words:\n{}", server.log());
        drop(server);
        println!("Its folder is kept: {}", kept(workspace, folder.path(), plan)?.display());
    }
    report
}

fn drive(
    workspace: &Workspace,
    server: &mut Server,
    postgres: Option<&Cluster<'_>>,
    plan: &Plan,
) -> Result<Report, Problem> {
    let mut command = Command::new(workspace.debug("soak"));
    command.arg("kills").args(plan.arguments(server));
    let mut clients = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&error))?;
    let (Some(mut orders), Some(said)) = (clients.stdin.take(), clients.stdout.take()) else {
        return Err(Problem::Failed("the clients cannot be spoken to".to_owned()));
    };
    let bar = bar(plan.seconds);
    let mut report = None;
    let (mut server_kills, mut postgres_kills) = (0, 0);
    for line in BufReader::new(said).lines() {
        let line = line.map_err(|error| failed(&error))?;
        let said = serde_json::from_str(&line)
            .map_err(|error| Problem::Failed(format!("the clients said {line}: {error}")))?;
        match said {
            Said::Progress(progress) => show(&bar, &progress, server_kills + postgres_kills),
            Said::Report(it) => report = Some(it),
            Said::Kill { victim, pause_ms } => {
                let pause = Duration::from_millis(pause_ms);
                let mut tell = |word: &str| writeln!(orders, "{word}").map_err(|it| failed(&it));
                match (victim, postgres) {
                    (Victim::Postgres, Some(postgres)) => {
                        postgres.kill()?;
                        tell("killed")?;
                        thread::sleep(pause);
                        postgres.start_again()?;
                        postgres_kills += 1;
                    }
                    _ => {
                        server.kill()?;
                        tell("killed")?;
                        thread::sleep(pause);
                        server.start_again()?;
                        server_kills += 1;
                    }
                }
                tell("up")?;
            }
        }
    }
    bar.finish_and_clear();
    let status = clients.wait().map_err(|error| failed(&error))?;
    let gone = || Problem::Failed(format!("the clients ended with {status}"));
    let mut report: Report = report.ok_or_else(gone)?;
    (report.server_kills, report.postgres_kills) = (server_kills, postgres_kills);
    report.seed = plan.seed;
    Ok(report)
}

/// Moves what is left of a run to where it can be looked at.
fn kept(workspace: &Workspace, folder: &Path, plan: &Plan) -> Result<PathBuf, Problem> {
    let kept = workspace.target.join("soak").join(plan.seed.to_string());
    let _ = fs::remove_dir_all(&kept);
    fs::create_dir_all(&kept).map_err(|error| failed(&error))?;
    for entry in fs::read_dir(folder).map_err(|error| failed(&error))?.flatten() {
        if entry.path().is_file() {
            fs::copy(entry.path(), kept.join(entry.file_name())).map_err(|error| failed(&error))?;
        }
    }
    Ok(kept)
}

fn bar(seconds: u64) -> ProgressBar {
    let bar = ProgressBar::new(seconds);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} s  {msg}");
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

fn show(bar: &ProgressBar, progress: &Progress, kills: u32) {
    if progress.phase == "talking" {
        bar.set_position(progress.seconds as u64);
    }
    bar.set_message(format!(
        "{}: acknowledged {}, delivered {}, kills {kills}",
        progress.phase, progress.acknowledged, progress.delivered
    ));
}

fn failed(error: &std::io::Error) -> Problem {
    Problem::Failed(format!("soak: {error}"))
}
