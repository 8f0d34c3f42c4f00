//! Running other programs: shown before they start, their output passed on as it comes.

use std::io::{self, Read, Write};
use std::process::{Command, ExitStatus, Stdio};

use serde::de::DeserializeOwned;

use crate::counts::{Counts, Reader};
use crate::stage::{Outcome, Problem};

/// Runs a command that either succeeds or not, and counts nothing.
pub(crate) fn run(command: &mut Command) -> Outcome {
    announce(command);
    let status =
        command.stdin(Stdio::null()).status().map_err(|error| cannot_start(command, &error))?;
    if status.success() { Ok(Counts::default()) } else { Err(ended_with(command, status)) }
}

/// Runs a test suite and reads from its standard output what became of its tests.
///
/// A suite that says that all passed and still fails counts one failure more: something outside its tests broke.
pub(crate) fn run_suite(command: &mut Command, reader: &Reader) -> Outcome {
    announce(command);
    let (status, output) = passed_on(command).map_err(|error| cannot_start(command, &error))?;
    match (reader.counts)(&output) {
        Some(counts) if counts.failed > 0 => {
            Err(Problem::TestsFailed { counts, failures: reader.failures(&output) })
        }
        Some(counts) if !status.success() => {
            let failures = format!(
                "no test said that it failed, but `{}` ended with {status}",
                shown(command)
            );
            Err(Problem::TestsFailed { counts: Counts { failed: 1, ..counts }, failures })
        }
        Some(counts) if counts.passed > 0 => Ok(counts),
        Some(_) if status.success() => Err(Problem::Failed("no test ran".to_owned())),
        _ => Err(ended_with(command, status)),
    }
}

/// Runs a command in silence and parses what it prints.
pub(crate) fn json<T: DeserializeOwned>(command: &mut Command) -> Result<T, Problem> {
    serde_json::from_str(&text(command)?).map_err(|error| {
        Problem::Failed(format!("`{}` printed something unexpected: {error}", shown(command)))
    })
}

/// The same for one that may end with a failure of which its JSON tells.
pub(crate) fn json_of<T: DeserializeOwned>(command: &mut Command) -> Result<T, Problem> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| cannot_start(command, &error))?;
    serde_json::from_slice(&output.stdout).map_err(|_| ended_with(command, output.status))
}

/// Runs a command in silence and gives what it prints.
pub(crate) fn text(command: &mut Command) -> Result<String, Problem> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| cannot_start(command, &error))?;
    if !output.status.success() {
        return Err(ended_with(command, output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What a command prints, trimmed; nothing when it cannot be started or fails.
pub(crate) fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn announce(command: &Command) {
    println!("$ {}", shown(command));
}

fn shown(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let name = program.rsplit(['/', '\\']).next().unwrap_or(&program).to_owned();
    let words = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(name).chain(words).collect::<Vec<_>>().join(" ")
}

/// Only standard output is piped: counts stand there, and progress bars on the error output stay alive.
fn passed_on(command: &mut Command) -> io::Result<(ExitStatus, String)> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut kept = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        let mut chunk = [0; 8192];
        loop {
            let length = stdout.read(&mut chunk)?;
            if length == 0 {
                break;
            }
            kept.extend_from_slice(&chunk[..length]);
            let mut ours = io::stdout().lock();
            ours.write_all(&chunk[..length])?;
            ours.flush()?;
        }
    }
    Ok((child.wait()?, String::from_utf8_lossy(&kept).into_owned()))
}

fn cannot_start(command: &Command, error: &io::Error) -> Problem {
    Problem::Failed(format!("`{}` cannot be started: {error}", shown(command)))
}

fn ended_with(command: &Command, status: ExitStatus) -> Problem {
    Problem::Failed(format!("`{}` ended with {status}", shown(command)))
}
