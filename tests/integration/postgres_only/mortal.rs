//! A PostgreSQL server that a test may kill.

use std::{
    env, fs,
    path::PathBuf,
    process::{self, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use sqlx::{Connection, PgConnection};
use tokio::sync::{Mutex, MutexGuard};

use crate::database::execute_in;

/// Longest time it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

static TURN: Mutex<()> = Mutex::const_new(());

/// The server in the folder that `HORNERO_TEST_MORTAL_POSTGRES` names, for one test at a time.
/// The folder has its `data`, its `url`, and a script `start`.
pub(super) struct Mortal {
    folder: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

impl Mortal {
    pub(super) async fn take() -> Self {
        let turn = TURN.lock().await;
        let folder = env::var_os("HORNERO_TEST_MORTAL_POSTGRES").unwrap();
        let mortal = Self { folder: folder.into(), _turn: turn };
        // A test that failed may have left it dead.
        if !mortal.answers() {
            mortal.start();
        }
        mortal
    }

    /// Makes a database, and gives its address.
    pub(super) fn database(&self, name: &str) -> String {
        let name = format!("{name}_{}", process::id());
        execute_in(self.url(), format!("CREATE DATABASE {name}"));
        self.url().replace("/postgres", &format!("/{name}"))
    }

    /// Kills it as the kernel does when memory is short.
    pub(super) fn kill(&self) {
        let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let kill = format!("kill -KILL {}", pid.lines().next().unwrap());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Starts it again, and waits until it answers.
    pub(super) fn start(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.answers() {
            assert!(Instant::now() < deadline, "PostgreSQL does not start");
            // It does not as long as one of its killed processes is still there.
            let mut start = Command::new("sh");
            let mut server =
                start.arg(self.folder.join("start")).stdin(Stdio::null()).spawn().unwrap();
            while !self.answers() && server.try_wait().unwrap().is_none() {
                thread::sleep(Duration::from_millis(50));
            }
        }
    }

    fn url(&self) -> String {
        fs::read_to_string(self.folder.join("url")).unwrap()
    }

    fn answers(&self) -> bool {
        let url = self.url();
        let asking = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(PgConnection::connect(&url)).is_ok()
        });
        asking.join().unwrap()
    }
}
