//! The tests of the whole server once more, on PostgreSQL.

mod cluster;
mod programs;

use crate::clamd;
use crate::counts;
use crate::process;
use crate::stage::Outcome;
use crate::workspace::Workspace;

pub(crate) use cluster::Cluster;
pub(crate) use programs::Programs;

/// Module of the tests that are about SQLite's file.
const ABOUT_FILES: &str = "sqlite_only";

/// Module of the tests that need PostgreSQL, and are ignored where there is none.
pub(crate) const ABOUT_POSTGRES: &str = "postgres_only";

/// Runs the integration tests on a server of their own, which is gone afterwards, and gives
/// them a second one to kill.
pub(crate) fn suite(workspace: &Workspace, environment: &[(&'static str, String)]) -> Outcome {
    let programs = Programs::bring_in()?;
    println!("PostgreSQL of {}", programs.folder().display());
    let shared = Cluster::start_forgetful(&programs)?;
    let mortal = Cluster::start(&programs)?;

    println!("Tests about SQLite's file are skipped here: {ABOUT_FILES}");
    let mut tests = workspace.cargo(&["test", "--workspace", "--no-fail-fast"]);
    tests.args(["--test", "integration", "--", "--include-ignored", "--skip", ABOUT_FILES]);
    tests.args(["--skip", clamd::ABOUT_CLAMD]);
    tests.envs(environment.iter().cloned());
    tests.env("HORNERO_TEST_DATABASE_URL", shared.url());
    tests.env("HORNERO_TEST_MORTAL_POSTGRES", mortal.folder());
    process::run_suite(&mut tests, &counts::CARGO_WITH_FILTERED)
}
