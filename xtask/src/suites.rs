//! `cargo xtask suites`: the official test suite of the protocol, from a checkout of its own.

use std::env;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::node;
use crate::port;
use crate::process;
use crate::stage::Problem;
use crate::workspace::Workspace;

const VARIABLE: &str = "HORNERO_OFFICIAL_SUITES";

const HOW: &str = "the suite is in git only. Get a checkout, and name it:\n\n  \
     git clone --depth 1 https://github.com/socketio/socket.io /tmp/socket.io\n  \
     HORNERO_OFFICIAL_SUITES=/tmp/socket.io cargo xtask suites";

/// The suite of Socket.IO 5, with its part about Engine.IO 4.
const SUITE: &str = "docs/socket.io-protocol/v5-test-suite";

/// Where the suite looks for a server.
const THEIR_SERVER: &str = "http://localhost:3000";

/// What the suite finds in browsers and has to be given in Node.js. As in browsers, each message
/// has a turn of its own: the suite waits for one after the other, and `ws` would tell of all that
/// one read has brought before the second is waited for.
const IMPORTS: &str = r#"import fetch from "node-fetch";
import { WebSocket } from "ws";
import chai from "chai";
import chaiString from "chai-string";

class OneByOne extends WebSocket {
  constructor(url) {
    super(url, { allowSynchronousEvents: false });
  }
}

chai.use(chaiString);
Object.assign(globalThis, { fetch, chai, WebSocket: OneByOne });
"#;

/// Time for the server to answer.
const START_LIMIT: Duration = Duration::from_secs(20);

/// Runs the suite in the checkout, and says whether all tests passed.
pub(crate) fn run() -> Result<bool, Problem> {
    let Some(checkout) = env::var_os(VARIABLE).map(PathBuf::from) else {
        return Err(Problem::Missing(format!("{VARIABLE} is not set; {HOW}")));
    };
    let suite = checkout.join(SUITE);
    if !suite.join("test-suite.js").is_file() {
        let checkout = checkout.display();
        return Err(Problem::Missing(format!("{checkout} has no {SUITE}; {HOW}")));
    }
    node::require()?;
    let workspace = Workspace::find()?;
    process::run(&mut workspace.cargo(&["build", "--workspace", "--examples"]))?;

    let server = Server::start(&workspace)?;
    let home = copy(&workspace, &suite, &server)?;
    node::bring_in_packages(&home)?;
    let mut mocha = Command::new("node");
    mocha.args(["node_modules/.bin/mocha", "--reporter", "json", "--exit"]);
    let report: Report = process::json_of(mocha.arg("test-suite.js").current_dir(&home))?;
    Ok(report.print())
}

/// What mocha reports.
#[derive(Deserialize)]
struct Report {
    stats: Stats,
    failures: Vec<Failure>,
}

#[derive(Deserialize)]
struct Stats {
    passes: u64,
    failures: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    full_title: String,
    err: Reason,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    message: String,
}

impl Report {
    /// Prints what failed, and says whether nothing has.
    fn print(&self) -> bool {
        let Stats { passes, failures } = self.stats;
        for Failure { full_title, err } in &self.failures {
            println!("FAILED {full_title}: {}", err.message);
        }
        println!("{passes} passed, {failures} failed");
        failures == 0 && passes > 0
    }
}

/// The example that the suite is written for, on a port of its own.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(workspace: &Workspace) -> Result<Self, Problem> {
        let failed = |error| Problem::Failed(format!("there is no port: {error}"));
        let port = port::free().map_err(failed)?;
        let program = workspace.debug("examples").join("protocol");
        let mut command = Command::new(&program);
        command
            .env("HORNERO__SERVER__PORT", port.to_string())
            // The figures that the suite expects.
            .env("HORNERO__WEBSOCKET__PING_INTERVAL_MS", "300")
            .env("HORNERO__WEBSOCKET__PING_TIMEOUT_MS", "200")
            .env("HORNERO__WEBSOCKET__CONNECT_TIMEOUT_MS", "1000")
            .env("HORNERO__RATE_LIMIT__HANDSHAKES", "0")
            .env("HORNERO__RATE_LIMIT__PROTOCOL_ERRORS", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let child = command.spawn().map_err(|error| {
            Problem::Failed(format!("{} cannot be started: {error}", program.display()))
        })?;
        let server = Self { child, address: format!("127.0.0.1:{port}") };
        let deadline = Instant::now() + START_LIMIT;
        while TcpStream::connect(&server.address).is_err() {
            if Instant::now() > deadline {
                return Err(Problem::Failed("the server does not answer".to_owned()));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended by itself is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Copies the suite, so that nothing is written into the checkout, and lets it look for `server`.
fn copy(workspace: &Workspace, suite: &Path, server: &Server) -> Result<PathBuf, Problem> {
    let home = workspace.target.join("suites");
    let failed = |error| Problem::Failed(format!("{} cannot be copied: {error}", suite.display()));
    fs::create_dir_all(&home).map_err(failed)?;
    fs::write(home.join("node-imports.js"), IMPORTS).map_err(failed)?;
    for file in ["package.json", "package-lock.json", "test-suite.js"] {
        let Ok(text) = fs::read_to_string(suite.join(file)) else { continue };
        let text = text.replace(THEIR_SERVER, &format!("http://{}", server.address));
        // Packages are brought in anew where the lockfile is newer.
        if fs::read_to_string(home.join(file)).is_ok_and(|it| it == text) {
            continue;
        }
        fs::write(home.join(file), text).map_err(failed)?;
    }
    Ok(home)
}
