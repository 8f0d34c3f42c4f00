//! The stage that tries the generator: modules with each door, in a copy of the tree.

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::copy;
use crate::counts;
use crate::generate::{self, Door};
use crate::process;
use crate::stage::{Outcome, Problem, clock};
use crate::workspace::Workspace;

/// One of several words, one that has no other plural, and both doors, each once.
const MODULES: [(&str, Door); 3] =
    [("polls", Door::Both), ("audit_logs", Door::Rest), ("news", Door::Socket)];

/// Tests to run: those that were generated, and those of every module and every route.
const TESTS: [&str; 7] = [
    "poll",
    "audit_log",
    "news",
    "wiring",
    "conventions::",
    "contract::bounds::",
    "documents_are_committed",
];

/// Generates, formats, builds and tests, and tells how long it took.
pub(crate) fn suite(workspace: &Workspace, environment: &[(&'static str, String)]) -> Outcome {
    let copy = copy::of(workspace, "", "generated")?;
    set_apart(&copy)?;
    let start = Instant::now();
    for (name, door) in MODULES {
        generate::module(&copy, name, door)?;
        if !generate::is_made(&copy, name, door)? {
            return Err(Problem::Failed(format!("`{name}` would be changed by the second run")));
        }
    }
    println!("Generated {} modules in {}", MODULES.len(), clock(start.elapsed()));

    process::run(workspace.cargo(&["fmt", "--all", "--check"]).current_dir(&copy))?;
    let mut tests = workspace.cargo(&["test", "--workspace", "--lib", "--test", "integration"]);
    tests.args(["--no-fail-fast", "--"]).args(TESTS).current_dir(&copy);
    tests.envs(environment.iter().cloned());
    tests.env("CARGO_TARGET_DIR", &workspace.target);
    tests.env("UPDATE_SNAPSHOTS", "1"); // the documents of the copy name its new routes
    tests.env("HORNERO_SKIP_NPM", "1"); // nobody looks at the chat page here
    let counts = process::run_suite(&mut tests, &counts::CARGO)?;
    println!("From nothing to tested modules in {}", clock(start.elapsed()));
    Ok(counts)
}

/// Gives the copy's crates a version of their own.
///
/// Cargo tells crates of two checkouts that share a target folder apart by name, version and
/// place in their workspace. Under the same version it would take what it has built from the
/// copy for what it would build from the tree.
fn set_apart(copy: &Path) -> Result<(), Problem> {
    let manifest = copy.join("Cargo.toml");
    let failed = |error| Problem::Failed(format!("the copy's Cargo.toml: {error}"));
    let text = fs::read_to_string(&manifest).map_err(failed)?;
    let lines: Vec<_> = text.lines().map(apart).collect();
    fs::write(&manifest, lines.join("\n") + "\n").map_err(failed)
}

/// The version of the workspace is the one that stands on a line of its own.
fn apart(line: &str) -> String {
    match line.strip_prefix("version = \"").and_then(|it| it.strip_suffix('"')) {
        Some(version) => format!("version = \"{version}-generated\""),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_of_the_workspace_is_set_apart_and_no_other() {
        assert_eq!(apart(r#"version = "0.1.0""#), r#"version = "0.1.0-generated""#);
        for line in [r#"rust-version = "1.94""#, "version.workspace = true", r#"moka = "0.12""#] {
            assert_eq!(apart(line), line);
        }
    }
}
