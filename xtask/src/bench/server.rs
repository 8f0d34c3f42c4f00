//! A server that is being measured, and the generator that drives it.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use super::contestants::Contestant;
use super::machine;
use super::scenarios::Cores;
use crate::stage::Problem;
use crate::workspace::Workspace;

/// Signs the tokens. It protects nothing.
const SECRET: &str = "a secret that everybody knows, for benchmarks";

/// What a server inherits: nothing that could change what is measured.
const INHERITED: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

const START_LIMIT: Duration = Duration::from_secs(30);

/// A server that runs. It is killed when it is dropped.
pub(crate) struct Server<'a> {
    workspace: &'a Workspace,
    contestant: &'static Contestant,
    cores: Cores,
    child: Child,
    port: u16,
    folder: PathBuf,
    /// From its start until it took a connection.
    pub(crate) startup: Duration,
}

impl<'a> Server<'a> {
    /// Starts a server that keeps its data in `folder`, and waits until it takes connections.
    pub(crate) fn start(
        workspace: &'a Workspace,
        contestant: &'static Contestant,
        folder: &Path,
        cores: Cores,
    ) -> Result<Self, Problem> {
        let failed = |error: io::Error| {
            Problem::Failed(format!("{} cannot be started: {error}", contestant.name))
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let port = free_port().map_err(failed)?;
        let log = fs::File::create(folder.join("server.log")).map_err(failed)?;
        let mut command = pinned(match cores {
            Cores::Apart => "0",
            Cores::Shared => "0,1",
        });
        command.env_clear();
        command.envs(INHERITED.iter().filter_map(|it| Some((it, std::env::var_os(it)?))));
        command
            .env("PORT", port.to_string())
            .env("DATABASE_FILE", folder.join("messages.db"))
            .env("HORNERO__SERVER__PORT", port.to_string())
            .env("HORNERO__SERVER__DATA_DIR", folder)
            // What is measured is how many there can be.
            .env("HORNERO__RATE_LIMIT__MAX_REQUESTS", "0")
            .env("HORNERO__RATE_LIMIT__CREDENTIALS", "0")
            .env("HORNERO__RATE_LIMIT__HANDSHAKES", "0")
            .env("HORNERO__RATE_LIMIT__EVENTS", "0")
            .env("HORNERO__RATE_LIMIT__SIGNALS", "0")
            .env("HORNERO__RATE_LIMIT__PROTOCOL_ERRORS", "0")
            .env("JWT_SECRET", SECRET)
            .current_dir(folder);
        contestant.started_by(workspace, &mut command);
        let output = log.try_clone().map_err(failed)?;
        command.stdin(Stdio::null()).stdout(output).stderr(log);
        let begun = Instant::now();
        let child = command.spawn().map_err(failed)?;
        let folder = folder.to_owned();
        let startup = Duration::ZERO;
        let mut server = Self { workspace, contestant, cores, child, port, folder, startup };
        server.wait(begun)?;
        server.startup = begun.elapsed();
        Ok(server)
    }

    fn wait(&mut self, begun: Instant) -> Result<(), Problem> {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let ended = self.child.try_wait().is_ok_and(|it| it.is_some());
            if ended || begun.elapsed() > START_LIMIT {
                let log = fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
                let name = self.contestant.name;
                return Err(Problem::Failed(format!("{name} does not start: {}", log.trim())));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Runs the generator against the server, and reads what it says.
    pub(crate) fn load<T: DeserializeOwned>(&self, arguments: &[String]) -> Result<T, Problem> {
        let (work, options) = arguments
            .split_first()
            .map_or(("", arguments), |(work, options)| (work.as_str(), options));
        let mut command = pinned(match self.cores {
            Cores::Apart => "1",
            Cores::Shared => "0,1",
        });
        command
            .arg(self.workspace.release("load"))
            .arg(work)
            .args(["--port", &self.port.to_string()])
            .args(["--pid", &self.child.id().to_string()])
            .args(["--dialect", self.contestant.dialect()])
            .args(options)
            .env("JWT_SECRET", SECRET);
        answer(&mut command)
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        // It may have ended by itself; its data are thrown away either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the generator without a server.
pub(crate) fn load_offline(workspace: &Workspace, arguments: &[String]) -> Result<(), Problem> {
    let mut command = Command::new(workspace.release("load"));
    answer::<serde_json::Value>(command.args(arguments)).map(drop)
}

fn answer<T: DeserializeOwned>(command: &mut Command) -> Result<T, Problem> {
    let failed = |error: String| Problem::Failed(format!("the generator failed: {error}"));
    let output = command.stdin(Stdio::null()).output().map_err(|it| failed(it.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(|it| failed(it.to_string()))
}

/// A command on these cores, with as many open files as allowed. Both tools become the program
/// that they start, so that its process id is the child's.
fn pinned(cores: &str) -> Command {
    let files = machine::most_files();
    let mut command = Command::new("prlimit");
    command.arg(format!("--nofile={files}:{files}")).args(["taskset", "-c", cores]);
    command
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
