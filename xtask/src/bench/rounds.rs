//! Rounds: every contestant of a scenario in turn, and again, so that a machine that changes its
//! speed changes it for all.

use std::fs;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

use super::bring_in::There;
use super::contestants::Contestant;
use super::figures::median;
use super::report::{Faults, Report};
use super::scenarios::{Cores, Scenario, Timing, Unit};
use super::server::Server;
use crate::stage::Problem;
use crate::workspace::Workspace;

/// What is the same for all measurements of this call.
pub(crate) struct Plan<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) there: &'a There,
    pub(crate) is_quick: bool,
    /// How often everything is measured.
    pub(crate) rounds: usize,
}

/// All scenarios.
pub(crate) struct Results {
    pub(crate) rows: Vec<Row>,
}

/// One contestant in one scenario.
pub(crate) struct Row {
    pub(crate) scenario: &'static str,
    pub(crate) unit: Unit,
    pub(crate) contestant: &'static Contestant,
    pub(crate) runs: Vec<Report>,
    /// Milliseconds from start to the first connection.
    pub(crate) startups: Vec<f64>,
    /// Why a run gave no figures.
    pub(crate) problems: Vec<String>,
}

impl Plan<'_> {
    pub(crate) fn rounds(&self, timing: Timing) -> usize {
        if timing == Timing::Once { 1 } else { self.rounds }
    }

    /// Folder for the data of servers; nothing there outlives the call.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.workspace.target.join("bench").join("scratch")
    }

    /// Arguments that say how long. Node's compiler needs its time to warm up.
    pub(crate) fn times(&self, timing: Timing, contestant: &Contestant) -> Vec<String> {
        let (warm_up, seconds) = match (self.is_quick, contestant.is_node()) {
            (true, false) => ("0.5", "1.5"),
            (true, true) => ("3", "1.5"),
            (false, false) => ("1.5", "4"),
            (false, true) => ("5", "4"),
        };
        let words: &[&str] = match timing {
            Timing::Timed => &["--warm-up", warm_up, "--seconds", seconds],
            Timing::WarmUp => &["--warm-up", warm_up],
            Timing::Once | Timing::Cold => &[],
        };
        words.iter().map(|it| (*it).to_owned()).collect()
    }

    /// Starts a server on empty data, drives it once, and ends it.
    pub(crate) fn measure(
        &self,
        contestant: &'static Contestant,
        cores: Cores,
        arguments: &[String],
    ) -> Result<(Report, f64), Problem> {
        let folder = self.scratch().join(contestant.name);
        let _ = fs::remove_dir_all(&folder);
        let server = Server::start(self.workspace, contestant, &folder, cores)?;
        let report = server.load(arguments);
        let startup = server.startup.as_secs_f64() * 1e3;
        drop(server);
        let _ = fs::remove_dir_all(&folder);
        Ok((report?, startup))
    }
}

/// A bar for so many measurements; where there is no terminal, it keeps quiet.
pub(crate) fn bar(measurements: usize) -> ProgressBar {
    let bar = ProgressBar::new(measurements as u64);
    let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len}, {eta} left: {msg}");
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

/// Measures everything that can be measured here.
pub(crate) fn run(plan: &Plan<'_>, scenarios: &[&'static Scenario]) -> Results {
    let possible: Vec<_> =
        scenarios.iter().filter(|it| plan.there.has_wrk || it.load[0] != "rest").collect();
    let count = |it: &&&Scenario| present(plan, it).count() * plan.rounds(it.timing);
    let bar = bar(possible.iter().map(count).sum());
    let mut rows = Vec::new();
    for scenario in possible {
        let measured = one(plan, scenario, &bar);
        bar.suspend(|| measured.iter().for_each(|row| println!("{}", row.line())));
        rows.extend(measured);
    }
    bar.finish_and_clear();
    Results { rows }
}

fn present(plan: &Plan<'_>, scenario: &Scenario) -> impl Iterator<Item = &'static Contestant> {
    let named = scenario.contestants.iter().filter(|it| plan.there.has(it));
    named.filter_map(|it| Contestant::named(it))
}

fn one(plan: &Plan<'_>, scenario: &'static Scenario, bar: &ProgressBar) -> Vec<Row> {
    let row = |contestant| Row {
        scenario: scenario.name,
        unit: scenario.unit,
        contestant,
        runs: Vec::new(),
        startups: Vec::new(),
        problems: Vec::new(),
    };
    let mut rows: Vec<Row> = present(plan, scenario).map(row).collect();
    let rounds = plan.rounds(scenario.timing);
    for round in 1..=rounds {
        for row in &mut rows {
            let name = row.contestant.name;
            bar.set_message(format!("{} of {name}, round {round} of {rounds}", scenario.name));
            let arguments = arguments(plan, scenario, row.contestant);
            match plan.measure(row.contestant, scenario.cores, &arguments) {
                Ok((report, startup)) => {
                    row.runs.push(report);
                    row.startups.push(startup);
                }
                Err(problem) => row.problems.push(problem.to_string()),
            }
            bar.inc(1);
        }
    }
    rows
}

fn arguments(plan: &Plan<'_>, scenario: &Scenario, contestant: &Contestant) -> Vec<String> {
    let words = scenario.quick_load.filter(|_| plan.is_quick).unwrap_or(scenario.load);
    let mut arguments: Vec<String> = words.iter().map(|it| (*it).to_owned()).collect();
    arguments.extend(plan.times(scenario.timing, contestant));
    if scenario.load[0] == "rest" {
        arguments.push("--scratch".to_owned());
        arguments.push(plan.scratch().display().to_string());
    }
    arguments
}

impl Results {
    /// The row of a contestant in a scenario.
    pub(crate) fn row(&self, scenario: &str, contestant: &str) -> Option<&Row> {
        let mut rows = self.rows.iter();
        rows.find(|it| it.scenario == scenario && it.contestant.name == contestant)
    }

    /// Whatever went wrong with our own server.
    pub(crate) fn faults_of_ours(&self) -> Vec<String> {
        let ours = self.rows.iter().filter(|it| it.contestant.is_ours());
        let faults = ours.flat_map(|row| {
            let words = row.faults().words();
            let counted = (!words.is_empty()).then(|| format!("{}: {words}", row.scenario));
            let problems = row.problems.iter().map(|it| format!("{}: {it}", row.scenario));
            counted.into_iter().chain(problems).collect::<Vec<_>>()
        });
        faults.collect()
    }
}

impl Row {
    /// The figures of all rounds.
    pub(crate) fn figures(&self) -> Vec<f64> {
        self.runs.iter().filter_map(|it| self.unit.of(it)).collect()
    }

    pub(crate) fn figure(&self) -> Option<f64> {
        median(self.figures())
    }

    /// The median of something else that a run tells.
    pub(crate) fn median(&self, of: impl Fn(&Report) -> Option<f64>) -> Option<f64> {
        median(self.runs.iter().filter_map(of))
    }

    /// Those of all rounds together.
    pub(crate) fn faults(&self) -> Faults {
        self.runs.iter().fold(Faults::default(), |sum, run| sum.plus(run.faults))
    }

    /// A line for somebody who watches.
    fn line(&self) -> String {
        let figure = self.figure().map_or("–".to_owned(), super::figures::shown);
        let faults = self.faults().words();
        let samples = self.runs.iter().flat_map(|it| it.samples.iter()).next();
        let rest: Vec<String> = [faults]
            .into_iter()
            .chain(self.problems.iter().cloned())
            .chain(samples.cloned())
            .filter(|it| !it.is_empty())
            .collect();
        let Self { scenario, contestant, unit, .. } = self;
        let line = match unit {
            Unit::Faults => format!("{scenario:<12} {:<13} accounted for", contestant.name),
            _ => format!("{scenario:<12} {:<13} {figure:>8} {}", contestant.name, unit.label()),
        };
        if rest.is_empty() { line } else { format!("{line}; {}", rest.join("; ")) }
    }
}
