//! The stage that kills: nothing that was acknowledged may be lost, doubled or out of order.

use crate::counts::Counts;
use crate::soak::{self, Database, Plan};
use crate::stage::{Outcome, Problem};
use crate::workspace::Workspace;

/// Kills of the server on SQLite, on PostgreSQL, and of PostgreSQL itself.
const SHORT: [u32; 3] = [5, 3, 1];
const FULL: [u32; 3] = [20, 10, 5];

/// Seconds for each kill, with the time until the server is back.
const SECONDS_A_KILL: u32 = 4;

/// Connections at the same time.
const CLIENTS: u32 = 24;

/// Kills on both databases; in the full form also a hundred clients of which one never reads.
///
/// Each run counts as one test. What chance decides is another one each time, and its seed is told.
pub(crate) fn suite(workspace: &Workspace, environment: &[(&'static str, String)]) -> Outcome {
    let is_full = environment.iter().any(|(name, _)| *name == "HORNERO_TEST_FULL");
    let [sqlite, postgres, of_postgres] = if is_full { FULL } else { SHORT };
    let mut counts = Counts::default();
    judge(&mut counts, run(workspace, Database::Sqlite, sqlite, 0)?);
    if is_full {
        let report = soak::slow(workspace, &workspace.server())?;
        report.print();
        judge(&mut counts, report.is_clean());
    }
    match run(workspace, Database::Postgres, postgres, of_postgres) {
        Ok(passed) => judge(&mut counts, passed),
        // What has failed is told rather than what is missing.
        Err(Problem::Missing(_)) if counts.failed > 0 => {}
        Err(problem) => return Err(problem),
    }
    Ok(counts)
}

fn run(
    workspace: &Workspace,
    database: Database,
    kills: u32,
    postgres_kills: u32,
) -> Result<bool, Problem> {
    let seconds = u64::from((kills + postgres_kills) * SECONDS_A_KILL);
    let plan = Plan { seconds, clients: CLIENTS, kills, postgres_kills, seed: soak::seed() };
    let report = soak::on(workspace, &workspace.server(), database, &plan)?;
    report.print();
    Ok(report.is_clean())
}

fn judge(counts: &mut Counts, passed: bool) {
    if passed { counts.passed += 1 } else { counts.failed += 1 }
}
