//! A PostgreSQL server for the tests: on a free port of this machine, in a folder that goes
//! with it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::programs::Programs;
use crate::process;
use crate::stage::Problem;

/// Its superuser, and the password. It goes over the wire as everybody's does.
const USER: &str = "hornero";
const PASSWORD: &str = "only for tests";

/// Longest time until it accepts connections.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server. Its folder has, besides the data: `start`, a program that starts it
/// again, and `url`, its address.
pub(super) struct Cluster<'a> {
    programs: &'a Programs,
    folder: TempDir,
    url: String,
}

impl<'a> Cluster<'a> {
    /// Makes a server and starts it.
    pub(super) fn start(programs: &'a Programs) -> Result<Self, Problem> {
        let folder = tempfile::tempdir().map_err(|error| cannot("make a folder", &error))?;
        let address = free_address().map_err(|error| cannot("find a free port", &error))?;
        let password = PASSWORD.replace(' ', "%20");
        let url = format!("postgres://{USER}:{password}@{address}/postgres");
        let cluster = Self { programs, folder, url };
        cluster.initialise(address)?;
        cluster.launch(address)?;
        Ok(cluster)
    }

    /// Its address, with the database that every server has.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn initialise(&self, address: SocketAddr) -> Result<(), Problem> {
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
        // Only the making of it goes without fsync. The server itself has its defaults.
        initdb.args(["--no-locale", "--no-sync", "--no-instructions", "--pwfile"]).arg(&password);
        process::run(initdb.arg("--pgdata").arg(self.data()).current_dir(folder))?;

        let settings = format!(
            "listen_addresses = '{}'\nport = {}\nunix_socket_directories = ''\n\
             max_connections = 300\n",
            address.ip(),
            address.port()
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

    fn launch(&self, address: SocketAddr) -> Result<(), Problem> {
        let mut start = Command::new("sh");
        start.arg(self.folder.path().join("start")).current_dir(self.folder.path());
        // It outlives this handle; the drop below ends it.
        start.stdin(Stdio::null()).spawn().map_err(|error| cannot("start", &error))?;
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            if Instant::now() > deadline {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                return Err(Problem::Failed(format!("PostgreSQL does not start:\n{log}")));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
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

fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

fn cannot(what: &str, error: &std::io::Error) -> Problem {
    Problem::Failed(format!("cannot {what} for PostgreSQL: {error}"))
}
