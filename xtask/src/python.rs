//! The test suite that is written in Python, in an environment of its own under the target folder.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::counts;
use crate::process;
use crate::stage::{Outcome, Problem};
use crate::workspace::Workspace;

/// The oldest Python that the suite is written for.
const OLDEST: (u64, u64) = (3, 10);

const REQUIREMENTS: &str = "requirements.txt";

/// Runs `tests/python` with the server that was just built, after bringing in its packages.
pub(crate) fn suite(workspace: &Workspace, environment: &[(&'static str, String)]) -> Outcome {
    let folder = workspace.root.join("tests/python");
    let home = workspace.target.join("python");
    bring_in_packages(&folder, &home)?;

    let mut python = Command::new(home.join("bin/python"));
    python.arg("run.py").current_dir(&folder).envs(environment.iter().cloned());
    python.env("PYTHONDONTWRITEBYTECODE", "1"); // nothing is written into the tree
    if std::env::var_os("HORNERO_BIN").is_none() {
        python.env("HORNERO_BIN", workspace.server());
    }
    process::run_suite(&mut python, &counts::UNITTEST)
}

/// Makes the environment `home` with the packages of `folder`, by their hashes, unless it is there.
///
/// Missing when there is no Python, or its packages cannot be had.
fn bring_in_packages(folder: &Path, home: &Path) -> Result<(), Problem> {
    require()?;
    let failed = |error| Problem::Failed(format!("{REQUIREMENTS} cannot be read: {error}"));
    let wanted = fs::read_to_string(folder.join(REQUIREMENTS)).map_err(failed)?;
    // Written last, so it says that all the rest is there.
    let installed = home.join(REQUIREMENTS);
    if fs::read_to_string(&installed).is_ok_and(|it| it == wanted) {
        return Ok(());
    }
    println!("Python packages of {}: bringing them in by their hashes", folder.display());
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(home);
    missing(&mut venv, "Python's module venv (on Debian the package python3-venv)")?;
    let mut pip = Command::new(home.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:"]);
    pip.arg("--requirement").arg(folder.join(REQUIREMENTS));
    missing(&mut pip, "the packages of tests/python, which pip could not bring in")?;
    let failed = |error| Problem::Failed(format!("{}: {error}", installed.display()));
    fs::write(&installed, wanted).map_err(failed)
}

fn missing(command: &mut Command, what: &str) -> Result<(), Problem> {
    match process::run(command) {
        Ok(_) => Ok(()),
        Err(problem) => Err(Problem::Missing(format!("{what}: {problem}"))),
    }
}

/// Missing when there is no Python, or one that is too old.
fn require() -> Result<(), Problem> {
    let (major, minor) = OLDEST;
    let wanted = format!("Python {major}.{minor} or newer");
    match process::answer("python3", &["--version"]) {
        None => Err(Problem::Missing(wanted)),
        Some(version) if self::version(&version).is_none_or(|it| it < OLDEST) => {
            Err(Problem::Missing(format!("{wanted} (this is {version})")))
        }
        Some(_) => Ok(()),
    }
}

fn version(answer: &str) -> Option<(u64, u64)> {
    let mut numbers = answer.strip_prefix("Python ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_read_from_pythons_answer() {
        assert_eq!(version("Python 3.11.7"), Some((3, 11)));
        assert_eq!(version("Python 3.14.0rc1"), Some((3, 14)));
        assert_eq!(version("3.11"), None);
    }
}
