//! Test suites that are npm packages of their own.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::counts;
use crate::process;
use crate::stage::{Outcome, Problem};
use crate::workspace::Workspace;

/// The oldest Node that the suites are written for.
const OLDEST_NODE: u64 = 20;

/// Runs the suite in `folder` with the server that was just built, after bringing in its packages.
///
/// A `HORNERO_BIN` that is already set stays, so that another build can be tested.
pub(crate) fn suite(
    workspace: &Workspace,
    folder: &str,
    environment: &[(&'static str, String)],
) -> Outcome {
    let path = workspace.root.join(folder);
    bring_in_packages(&path)?;

    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec"])
        .current_dir(&path)
        .envs(environment.iter().cloned());
    node.env_remove("FORCE_COLOR"); // coloured counts could not be read
    if env::var_os("HORNERO_BIN").is_none() {
        node.env("HORNERO_BIN", workspace.server());
    }
    node.env("HORNERO_EXAMPLES", workspace.debug("examples"));
    process::run_suite(&mut node, &counts::NODE)
}

/// Brings in the npm packages of a folder by its lockfile, unless they are there; tells whether
/// they were brought in now.
pub(crate) fn bring_in_packages(folder: &Path) -> Result<bool, Problem> {
    require()?;
    let Some(reason) = outdated(folder) else { return Ok(false) };
    println!("npm packages of {}: {reason}; bringing them in by the lockfile", folder.display());
    let npm_ci = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    process::run(Command::new("npm").args(npm_ci).current_dir(folder))?;
    Ok(true)
}

/// Missing when there is no Node, or one that is too old, or no npm.
pub(crate) fn require() -> Result<(), Problem> {
    let wanted = format!("Node {OLDEST_NODE} or newer with npm");
    let Some(version) = process::answer("node", &["--version"]) else {
        return Err(Problem::Missing(wanted));
    };
    if major(&version).is_none_or(|major| major < OLDEST_NODE) {
        return Err(Problem::Missing(format!("{wanted} (this is {version})")));
    }
    if process::answer("npm", &["--version"]).is_none() {
        return Err(Problem::Missing(format!("{wanted} (npm is not there)")));
    }
    Ok(())
}

fn major(version: &str) -> Option<u64> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Why the packages must be brought in. npm writes the file inside `node_modules` when it has finished.
fn outdated(folder: &Path) -> Option<&'static str> {
    let written = |name: &str| fs::metadata(folder.join(name)).and_then(|file| file.modified());
    let Ok(installed) = written("node_modules/.package-lock.json") else {
        return Some("not there yet");
    };
    match written("package-lock.json") {
        Ok(locked) if locked <= installed => None,
        _ => Some("the lockfile is newer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_nodes_answer() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("20.20.2"), None);
        assert_eq!(major(""), None);
    }
}
