//! `cargo xtask test`: every suite, and what it takes to run it.

use std::rc::Rc;
use std::time::Duration;

use clap::Args;

use crate::alone;
use crate::chromium;
use crate::clamd;
use crate::counts;
use crate::generated;
use crate::kills;
use crate::node;
use crate::postgres;
use crate::process;
use crate::python;
use crate::stage::{self, Outcome, Problem, Skips, Stage, clock};
use crate::workspace::Workspace;

/// What all stages together may take on two cores, from nothing.
const BUDGET: Duration = Duration::from_secs(45 * 60);

/// How much to test, and what to make of a machine that lacks something.
#[derive(Args)]
pub(crate) struct Options {
    /// Runs the long form of tests that have one (they see `HORNERO_TEST_FULL=1`)
    #[arg(long)]
    full: bool,
    /// Counts a suite that this machine cannot run as skipped, not as failed
    #[arg(long)]
    allow_skips: bool,
    /// Runs this stage and what it needs, by the name that stands in the report
    #[arg(long, value_name = "STAGE")]
    only: Option<String>,
}

impl Options {
    fn skips(&self) -> Skips {
        if self.allow_skips { Skips::Allowed } else { Skips::Fail }
    }

    /// The environment by which every suite learns how much to test.
    fn environment(&self) -> Vec<(&'static str, String)> {
        if self.full { vec![("HORNERO_TEST_FULL", "1".to_owned())] } else { Vec::new() }
    }
}

/// Runs every stage and says whether all passed, within the budget.
pub(crate) fn run(options: &Options) -> Result<bool, Problem> {
    let workspace = Rc::new(Workspace::find()?);
    let report = stage::run_all(chosen(stages(&workspace, options), options)?);
    report.print();

    let mut total = report.counts(options.skips());
    let took = report.took();
    if took > BUDGET {
        total.failed += 1;
        println!(
            "{:<16} {:>8}  FAILED: over the budget of {}",
            "total",
            clock(took),
            clock(BUDGET)
        );
    } else {
        println!("{:<16} {:>8}  of {}", "total", clock(took), clock(BUDGET));
    }
    if report.is_incomplete() && options.skips() == Skips::Fail {
        println!("What was skipped counts as failed; with --allow-skips it does not");
    }
    println!("{total}");
    Ok(total.failed == 0)
}

/// The stages that were asked for: all, or one with what it tests.
fn chosen(stages: Vec<Stage>, options: &Options) -> Result<Vec<Stage>, Problem> {
    let Some(only) = &options.only else { return Ok(stages) };
    if stages.iter().all(|it| it.name() != only) {
        let names = stages.iter().map(Stage::name).collect::<Vec<_>>().join(", ");
        return Err(Problem::Failed(format!("there is no stage `{only}`; there are: {names}")));
    }
    let needed = |it: &Stage| it.is_needed_for(only, &stages);
    let keep: Vec<bool> = stages.iter().map(needed).collect();
    Ok(stages.into_iter().zip(keep).filter_map(|(it, kept)| kept.then_some(it)).collect())
}

/// Add a suite here: a name and a function that returns its counts.
fn stages(workspace: &Rc<Workspace>, options: &Options) -> Vec<Stage> {
    let environment = options.environment();
    let stage = |name, work: fn(&Workspace, &[(&'static str, String)]) -> Outcome| {
        let (workspace, environment) = (Rc::clone(workspace), environment.clone());
        Stage::new(name, move || work(&workspace, &environment))
    };
    vec![
        stage("build", build),
        stage("rust", rust).after("build"),
        stage("postgres", postgres::suite).after("build"),
        stage("clamd", clamd::suite).after("build"),
        stage("kills", kills::suite).after("build"),
        stage("clients", clients).after("build"),
        stage("python", python::suite).after("build"),
        stage("browser", browser).after("build"),
        stage("generator", generated::suite).after("build"),
        stage("standalone", alone::build).after("build"),
    ]
}

fn build(workspace: &Workspace, _: &[(&'static str, String)]) -> Outcome {
    process::run(&mut workspace.cargo(&["build", "--workspace", "--all-targets"]))
}

fn rust(workspace: &Workspace, environment: &[(&'static str, String)]) -> Outcome {
    let mut command = workspace.cargo(&["test", "--workspace", "--no-fail-fast"]);
    // They have a stage of their own.
    command.args(["--", "--skip", postgres::ABOUT_POSTGRES, "--skip", clamd::ABOUT_CLAMD]);
    process::run_suite(command.envs(environment.iter().cloned()), &counts::CARGO)
}

fn clients(workspace: &Workspace, environment: &[(&'static str, String)]) -> Outcome {
    node::suite(workspace, "tests/clients", environment)
}

fn browser(workspace: &Workspace, environment: &[(&'static str, String)]) -> Outcome {
    // Before a browser is brought in for nothing.
    node::require()?;
    let mut environment = environment.to_vec();
    environment.push(("HORNERO_CHROMIUM", chromium::bring_in()?.display().to_string()));
    environment
        .push(("HORNERO_SCREENSHOTS", workspace.target.join("browser").display().to_string()));
    node::suite(workspace, "tests/browser", &environment)
}
