//! `cargo xtask check`: everything that is judged without running it.

use std::rc::Rc;

use crate::licences;
use crate::process;
use crate::stage::{self, Outcome, Problem, Stage};
use crate::workspace::Workspace;

/// Runs every check, also after one has failed, and says whether all passed.
pub(crate) fn run() -> Result<bool, Problem> {
    let workspace = Rc::new(Workspace::find()?);
    let report = stage::run_all(stages(&workspace));
    report.print();

    let failed = report.names_of_failed();
    if failed.is_empty() {
        println!("check passed");
    } else {
        println!("check failed: {}", failed.join(", "));
    }
    Ok(failed.is_empty())
}

fn stages(workspace: &Rc<Workspace>) -> Vec<Stage> {
    let stage = |name, work: fn(&Workspace) -> Outcome| {
        let workspace = Rc::clone(workspace);
        Stage::new(name, move || work(&workspace))
    };
    vec![
        stage("format", format),
        stage("clippy", clippy),
        stage("documentation", documentation),
        stage("licences", licences::check),
    ]
}

fn format(workspace: &Workspace) -> Outcome {
    process::run(&mut workspace.cargo(&["fmt", "--all", "--check"]))
}

fn clippy(workspace: &Workspace) -> Outcome {
    process::run(&mut workspace.cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn documentation(workspace: &Workspace) -> Outcome {
    let mut doc = workspace.cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
    process::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}
