//! `cargo xtask overhead`: what a request and an event cost by the framework and by hand, in
//! instructions. valgrind counts them, so neither the machine nor its load matters.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::process;
use crate::stage::Problem;
use crate::workspace::Workspace;

/// The difference between two runs is what the calls cost that only one of them made.
const COUNTS: [u64; 2] = [2_000, 12_000];

const START_LIMIT: Duration = Duration::from_secs(60);

/// Measures, and shows.
pub(crate) fn run() -> Result<bool, Problem> {
    if process::answer("valgrind", &["--version"]).is_none() {
        return Err(Problem::Failed("valgrind is not installed: it counts".to_owned()));
    }
    let workspace = Workspace::find()?;
    process::run(&mut workspace.cargo(&["build", "--release", "-p", "overhead"]))?;
    let program = workspace.release("overhead");
    println!("| | by hand | by the framework | ratio |\n|---|---:|---:|---:|");
    for door in ["controller", "gateway"] {
        let hand = instructions(&program, "hand", door)?;
        let framework = instructions(&program, "framework", door)?;
        let ratio = framework as f64 / hand as f64;
        println!("| instructions of a {door}'s call | {hand} | {framework} | {ratio:.2} |");
    }
    Ok(true)
}

fn instructions(program: &Path, by: &str, door: &str) -> Result<u64, Problem> {
    let [few, many] = COUNTS;
    let (less, more) = (counted(program, by, door, few)?, counted(program, by, door, many)?);
    Ok(more.saturating_sub(less) / (many - few))
}

/// What the server has executed, from its start to its end.
fn counted(program: &Path, by: &str, door: &str, count: u64) -> Result<u64, Problem> {
    let failed = |what: &str| Problem::Failed(format!("the {door} {by} {what}"));
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr());
    let port = port.map_err(|_| failed("has no port"))?.port();
    let server = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["serve", by, &port.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|_| failed("cannot be started"))?;
    let begun = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if begun.elapsed() > START_LIMIT {
            return Err(failed("does not listen"));
        }
        thread::sleep(Duration::from_millis(50));
    }
    let driven =
        Command::new(program).args(["drive", door, &port.to_string(), &count.to_string()]).status();
    if !driven.is_ok_and(|it| it.success()) {
        return Err(failed("was not driven to the end"));
    }
    let output = server.wait_with_output().map_err(|_| failed("did not end"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|it| it.split("Collected : ").nth(1));
    collected.and_then(|it| it.trim().parse().ok()).ok_or_else(|| failed("was not counted"))
}
