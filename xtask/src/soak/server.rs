//! The server that is killed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::port;
use crate::stage::Problem;

/// What it inherits: nothing that could change what is tested.
const INHERITED: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// Longest time until it answers.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Its data and its port stay; its process comes and goes. It is killed when it is dropped.
pub(crate) struct Server {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    database: Option<String>,
    child: Option<Child>,
}

impl Server {
    /// Starts `program` on a free port with its data in `folder`, or in the PostgreSQL database
    /// of an address, and waits until it answers.
    pub(crate) fn start(
        program: &Path,
        folder: &Path,
        database: Option<String>,
    ) -> Result<Self, Problem> {
        let port = port::free().map_err(|error| failed(&error))?;
        let (program, folder) = (program.to_owned(), folder.to_owned());
        let mut server = Self { program, folder, port, database, child: None };
        server.start_again()?;
        Ok(server)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The process, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Its database, as who reads it himself has to name it.
    pub(crate) fn database(&self) -> String {
        let file = || format!("sqlite://{}", self.folder.join("hornero.db").display());
        self.database.clone().unwrap_or_else(file)
    }

    /// Ends it with SIGKILL. Fails if it has ended by itself.
    pub(crate) fn kill(&mut self) -> Result<(), Problem> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        if let Ok(Some(status)) = child.try_wait() {
            return Err(Problem::Failed(format!(
                "the server ended by itself with {status}: {}",
                self.log()
            )));
        }
        child.kill().and_then(|()| child.wait()).map_err(|error| failed(&error))?;
        Ok(())
    }

    /// Starts it on the same port and data.
    pub(crate) fn start_again(&mut self) -> Result<(), Problem> {
        let log = OpenOptions::new().create(true).append(true).open(self.folder.join("server.log"));
        let log: File = log.map_err(|error| failed(&error))?;
        let mut command = Command::new(&self.program);
        command.env_clear();
        command.envs(INHERITED.iter().filter_map(|it| Some((it, std::env::var_os(it)?))));
        command
            .env("HORNERO__SERVER__PORT", self.port.to_string())
            .env("HORNERO__SERVER__DATA_DIR", &self.folder)
            .env("HORNERO__RATE_LIMIT__EVENTS", "0") // clients talk faster than people
            .env("HORNERO__RATE_LIMIT__SIGNALS", "0")
            .env("HORNERO__RATE_LIMIT__MAX_REQUESTS", "0")
            .env("HORNERO__RATE_LIMIT__CREDENTIALS", "0")
            .env("HORNERO__RATE_LIMIT__HANDSHAKES", "0")
            .env("HORNERO__RATE_LIMIT__PROTOCOL_ERRORS", "0")
            .current_dir(&self.folder);
        if let Some(url) = &self.database {
            command.env("DATABASE_URL", url);
        }
        let output = log.try_clone().map_err(|error| failed(&error))?;
        command.stdin(Stdio::null()).stdout(output).stderr(log);
        let child = self.child.insert(command.spawn().map_err(|error| failed(&error))?);
        let begun = Instant::now();
        while !answers(self.port) {
            let has_ended = child.try_wait().is_ok_and(|it| it.is_some());
            if has_ended || begun.elapsed() > START_LIMIT {
                return Err(Problem::Failed(format!("the server does not start: {}", self.log())));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// The end of what it has logged.
    pub(crate) fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself; its data are thrown away either way.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Whether it answers requests: it takes connections before it has opened its database.
fn answers(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream
            .write_all(b"GET /auth/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok::<_, io::Error>(status == *b"HTTP/1.1 401")
    };
    ask().unwrap_or(false)
}

fn failed(error: &io::Error) -> Problem {
    Problem::Failed(format!("the server that is to be killed: {error}"))
}
