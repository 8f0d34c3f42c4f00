//! A PostgreSQL server for the tests: on a free port of this machine, in a folder that goes
//! with it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::programs::Programs;
use crate::port;
use crate::process;
use crate::stage::Problem;

/// Its superuser, and the password. It goes over the wire as everybody's does.
const USER: &str = "hornero";
const PASSWORD: &str = "only for tests";

/// Longest time until it accepts connections.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server. Its folder has, besides the data: `start`, a program that starts it
/// again, and `url`, its address.
pub(crate) struct Cluster<'a> {
    programs: &'a Programs,
    folder: TempDir,
    address: SocketAddr,
    url: String,
}

/// Settings of a server whose databases are made and thrown away by the hundred: nobody needs
/// them after a power cut, and to wait for the disk would take most of the time.
const FORGETFUL: &str = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n";

impl<'a> Cluster<'a> {
    /// Makes a server with PostgreSQL's own settings and starts it.
    pub(crate) fn start(programs: &'a Programs) -> Result<Self, Problem> {
        Self::start_with(programs, "")
    }

    /// Makes a server that does not wait for the disk and starts it.
    pub(crate) fn start_forgetful(programs: &'a Programs) -> Result<Self, Problem> {
        Self::start_with(programs, FORGETFUL)
    }

    fn start_with(programs: &'a Programs, settings: &str) -> Result<Self, Problem> {
        let folder = tempfile::tempdir().map_err(|error| cannot("make a folder", &error))?;
        let port = port::free().map_err(|error| cannot("find a free port", &error))?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let password = PASSWORD.replace(' ', "%20");
        let url = format!("postgres://{USER}:{password}@{address}/postgres");
        let cluster = Self { programs, folder, address, url };
        cluster.initialise(settings)?;
        cluster.start_again()?;
        Ok(cluster)
    }

    /// Its address, with the database that every server has.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends it and all its processes with SIGKILL, as the kernel does when memory is short.
    pub(crate) fn kill(&self) -> Result<(), Problem> {
        let file = fs::read_to_string(self.data().join("postmaster.pid"));
        let file = file.map_err(|error| cannot("find the process", &error))?;
        let postmaster = file.lines().next().unwrap_or_default();
        // Where there is no such file they end by themselves, a little later.
        let children = fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children"));
        let mut kill = Command::new("kill");
        kill.arg("-KILL").arg(postmaster).args(children.unwrap_or_default().split_whitespace());
        // A child may have ended meanwhile, and then kill fails.
        kill.stderr(Stdio::null()).status().map_err(|error| cannot("kill", &error))?;
        Ok(())
    }

    /// Starts it, and waits until it takes connections.
    pub(crate) fn start_again(&self) -> Result<(), Problem> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut start = Command::new("sh");
            start.arg(self.folder.path().join("start")).current_dir(self.folder.path());
            // It outlives this handle; the drop below ends it.
            let started = start.stdin(Stdio::null()).spawn();
            let mut server = started.map_err(|error| cannot("start", &error))?;
            // It refuses as long as one of its killed processes is still there.
            while matches!(server.try_wait(), Ok(None)) && Instant::now() < deadline {
                if TcpStream::connect(self.address).is_ok() {
                    // A process that nobody has waited for would seem to be still there.
                    thread::spawn(move || server.wait());
                    return Ok(());
                }
                thread::sleep(Duration::from_millis(20));
            }
            if Instant::now() > deadline {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                return Err(Problem::Failed(format!("PostgreSQL does not start:\n{log}")));
            }
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn initialise(&self, settings: &str) -> Result<(), Problem> {
        let folder = self.folder.path();
        let failed = |error| cannot("prepare the folder", &error);
        let password = folder.join("password");
        fs::write(&password, PASSWORD).map_err(failed)?;
        fs::write(folder.join("url"), &self.url).map_err(failed)?;
        fs::write(folder.join("start"), self.script()).map_err(failed)?;
        if let Some(user) = self.programs.user() {
            let owner = ["-R".to_owned(), format!("{user}:"), folder.display().to_string()];
            process::run(Command::new("chown").args(owner))?;
        }
        let mut initdb = self.programs.command("initdb");
        initdb.args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8"]);
        // The making of it goes without fsync in any case.
        initdb.args(["--no-locale", "--no-sync", "--no-instructions", "--pwfile"]).arg(&password);
        process::run(initdb.arg("--pgdata").arg(self.data()).current_dir(folder))?;

        let settings = format!(
            "listen_addresses = '{}'\nport = {}\nunix_socket_directories = ''\n\
             max_connections = 300\n{settings}",
            self.address.ip(),
            self.address.port()
        );
        let file = self.data().join("postgresql.conf");
        let file = OpenOptions::new().append(true).open(file);
        file.and_then(|mut it| it.write_all(settings.as_bytes())).map_err(failed)
    }

    /// Runs the server until it is told to stop, in the foreground, so that Ctrl-C ends it too.
    fn script(&self) -> String {
        let postgres = self.programs.command("postgres");
        let words = std::iter::once(postgres.get_program()).chain(postgres.get_args());
        let words: Vec<_> = words.map(|it| format!("'{}'", it.to_string_lossy())).collect();
        let (log, data) = (self.folder.path().join("log"), self.data());
        format!("exec {} -D '{}' >>'{}' 2>&1\n", words.join(" "), data.display(), log.display())
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        let mut stop = self.programs.command("pg_ctl");
        stop.args(["stop", "--silent", "--mode", "immediate", "--pgdata"]).arg(self.data());
        // A test may have left it dead, or it has never started.
        stop.stderr(Stdio::null()).current_dir("/").status().ok();
    }
}

fn cannot(what: &str, error: &std::io::Error) -> Problem {
    Problem::Failed(format!("cannot {what} for PostgreSQL: {error}"))
}
