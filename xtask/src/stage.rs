//! Stages: one piece of work after another, announced, timed and reported.

use std::collections::HashSet;
use std::fmt;
use std::time::{Duration, Instant};

use crate::counts::Counts;

/// How much of what failed tests said is told again at the end, for each stage.
const LINES_OF_FAILURES: usize = 60;

/// What a stage has to say at its end.
pub(crate) type Outcome = Result<Counts, Problem>;

/// Why a stage did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It failed as a whole.
    Failed(String),
    /// Some of its tests failed, and said why.
    TestsFailed { counts: Counts, failures: String },
    /// This machine lacks something that we may not or cannot bring in; it was not started.
    Missing(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(reason) => f.write_str(reason),
            Self::TestsFailed { counts, .. } => counts.fmt(f),
            Self::Missing(what) => write!(f, "missing: {what}"),
        }
    }
}

/// One piece of work with a name.
pub(crate) struct Stage {
    name: &'static str,
    /// The stage without whose success this one would judge something stale.
    after: Option<&'static str>,
    work: Box<dyn Fn() -> Outcome>,
}

impl Stage {
    pub(crate) fn new(name: &'static str, work: impl Fn() -> Outcome + 'static) -> Self {
        Self { name, after: None, work: Box::new(work) }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Lets this stage start only when the stage called `name` succeeded.
    pub(crate) fn after(self, name: &'static str) -> Self {
        Self { after: Some(name), ..self }
    }

    /// Whether the stage called `name` is this one, or cannot start without it.
    pub(crate) fn is_needed_for(&self, name: &str, stages: &[Self]) -> bool {
        let is_before = |it: &Self| it.name == name && it.after == Some(self.name);
        self.name == name || stages.iter().any(is_before)
    }
}

/// Runs the stages in their order, also after one has failed.
pub(crate) fn run_all(stages: Vec<Stage>) -> Report {
    let mut rows = Vec::new();
    let mut failed = HashSet::new();
    for stage in stages {
        println!("\n==> {}", stage.name);
        let start = Instant::now();
        let outcome = match stage.after.filter(|name| failed.contains(name)) {
            Some(name) => Err(Problem::Failed(format!("not started, because {name} failed"))),
            None => (stage.work)(),
        };
        let row = Row { name: stage.name, took: start.elapsed(), outcome };
        if row.counts().failed > 0 {
            failed.insert(stage.name);
        }
        println!("<== {} ({}): {}", row.name, clock(row.took), row.result());
        rows.push(row);
    }
    Report { rows }
}

/// What became of every stage.
pub(crate) struct Report {
    rows: Vec<Row>,
}

struct Row {
    name: &'static str,
    took: Duration,
    outcome: Outcome,
}

impl Row {
    /// A stage that cannot start counts as one failure, and so does one that is missing what it needs.
    fn counts(&self) -> Counts {
        match &self.outcome {
            Ok(counts) | Err(Problem::TestsFailed { counts, .. }) => *counts,
            Err(_) => Counts { failed: 1, ..Counts::default() },
        }
    }

    fn result(&self) -> String {
        match &self.outcome {
            Ok(counts) if *counts == Counts::default() => "ok".to_owned(),
            Ok(counts) => counts.to_string(),
            Err(problem @ Problem::TestsFailed { .. }) => problem.to_string(),
            Err(problem @ Problem::Failed(_)) => format!("FAILED: {problem}"),
            Err(problem @ Problem::Missing(_)) => format!("SKIPPED, {problem}"),
        }
    }
}

impl Report {
    /// The sum over all stages. A missing stage counts as skipped where skips are allowed, else as failed.
    pub(crate) fn counts(&self, skips: Skips) -> Counts {
        let mut sum = Counts::default();
        for row in &self.rows {
            sum += match (&row.outcome, skips) {
                (Err(Problem::Missing(_)), Skips::Allowed) => {
                    Counts { skipped: 1, ..Counts::default() }
                }
                _ => row.counts(),
            };
        }
        sum
    }

    /// Whether this machine lacked something for one of the stages.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.rows.iter().any(|row| matches!(row.outcome, Err(Problem::Missing(_))))
    }

    pub(crate) fn names_of_failed(&self) -> Vec<&'static str> {
        self.rows.iter().filter(|row| row.counts().failed > 0).map(|row| row.name).collect()
    }

    /// The time of all stages together.
    pub(crate) fn took(&self) -> Duration {
        self.rows.iter().map(|row| row.took).sum()
    }

    /// Prints what failed tests said once more, and one line a stage: name, time, result.
    pub(crate) fn print(&self) {
        for row in &self.rows {
            if let Err(Problem::TestsFailed { failures, .. }) = &row.outcome {
                println!("\n==> what failed in {}\n{}", row.name, shortened(failures));
            }
        }
        println!();
        for row in &self.rows {
            println!("{:<16} {:>8}  {}", row.name, clock(row.took), row.result());
        }
    }
}

/// The first lines: whoever reads the end of a log wants to find them there.
fn shortened(failures: &str) -> String {
    let count = failures.lines().count();
    let mut lines: Vec<_> = failures.lines().take(LINES_OF_FAILURES).map(str::to_owned).collect();
    if count > LINES_OF_FAILURES {
        lines.push(format!("({} lines more stand above)", count - LINES_OF_FAILURES));
    }
    lines.join("\n")
}

/// What a stage that could not run on this machine amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skips {
    /// It is a failure: the default, so that nothing is passed by not being tested.
    Fail,
    /// It is counted as skipped.
    Allowed,
}

/// A duration as people say it: `4.2 s`, `3 min 05 s`.
pub(crate) fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        return format!("{:.1} s", duration.as_secs_f64());
    }
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(name: &'static str) -> Stage {
        Stage::new(name, || Err(Problem::Failed("broken".to_owned())))
    }

    fn passing(name: &'static str) -> Stage {
        Stage::new(name, || Ok(Counts { passed: 3, ..Counts::default() }))
    }

    #[test]
    fn a_stage_after_a_failed_one_is_not_started() {
        let unreachable = Stage::new("tests", || unreachable!("the build failed")).after("build");
        let report = run_all(vec![failing("build"), unreachable, passing("other")]);
        assert_eq!(report.counts(Skips::Fail), Counts { passed: 3, failed: 2, skipped: 0 });
        assert_eq!(report.names_of_failed(), ["build", "tests"]);
    }

    #[test]
    fn failed_tests_hold_back_what_comes_after() {
        let suite = Stage::new("build", || Ok(Counts { passed: 1, failed: 1, skipped: 0 }));
        let report = run_all(vec![suite, passing("tests").after("build")]);
        assert_eq!(report.counts(Skips::Fail), Counts { passed: 1, failed: 2, skipped: 0 });
    }

    #[test]
    fn tests_that_failed_count_with_those_that_passed() {
        let counts = Counts { passed: 2, failed: 1, skipped: 0 };
        let work = move || Err(Problem::TestsFailed { counts, failures: String::new() });
        let report = run_all(vec![Stage::new("build", work), passing("tests").after("build")]);
        assert_eq!(report.counts(Skips::Fail), Counts { passed: 2, failed: 2, skipped: 0 });
        assert_eq!(report.rows[0].result(), "2 passed, 1 failed");
    }

    #[test]
    fn a_long_story_is_shortened() {
        let story = "a line\n".repeat(LINES_OF_FAILURES + 5);
        let told = shortened(&story);
        assert_eq!(told.lines().count(), LINES_OF_FAILURES + 1);
        assert!(told.ends_with("(5 lines more stand above)"), "{told}");
        assert_eq!(shortened("one\ntwo"), "one\ntwo");
    }

    #[test]
    fn what_is_missing_fails_unless_skips_are_allowed() {
        let report =
            run_all(vec![Stage::new("browser", || Err(Problem::Missing("chromium".to_owned())))]);
        assert_eq!(report.counts(Skips::Fail), Counts { failed: 1, ..Counts::default() });
        assert_eq!(report.counts(Skips::Allowed), Counts { skipped: 1, ..Counts::default() });
    }

    #[test]
    fn times_read_as_people_say_them() {
        assert_eq!(clock(Duration::from_millis(4_230)), "4.2 s");
        assert_eq!(clock(Duration::from_secs(185)), "3 min 05 s");
    }
}
