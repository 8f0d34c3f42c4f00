//! `cargo xtask bench`: what our server and its peers cost per unit of work.

use std::fs;

use clap::Args;

use crate::stage::Problem;
use crate::workspace::Workspace;

mod bring_in;
mod contestants;
mod figures;
mod growth;
mod machine;
mod page;
mod plot;
mod report;
mod rounds;
mod scenarios;
mod server;
mod tables;

use rounds::Plan;
use scenarios::{SCENARIOS, Scenario};

/// What to measure, and how long.
#[derive(Args)]
pub(crate) struct Options {
    /// One short round instead of three: about three minutes without the Node peers
    #[arg(long)]
    quick: bool,
    /// Only this one; --scenario help lists them
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// The Node peers, too: NestJS and plain socket.io
    #[arg(long)]
    peers: bool,
    /// Growth up to 10,000,000 stored messages, not only 1,000,000
    #[arg(long)]
    deep: bool,
}

impl Options {
    /// Whether the page in docs is written: by nothing less than everything.
    fn is_full(&self) -> bool {
        !self.quick && self.scenario.is_none()
    }

    fn wants(&self, name: &str) -> bool {
        self.scenario.as_deref().is_none_or(|it| it == name)
    }
}

/// Measures, prints the tables, and says whether our server has lost, doubled or inverted nothing.
pub(crate) fn run(options: &Options) -> Result<bool, Problem> {
    if let Some(name) = options.scenario.as_deref().filter(|it| !is_known(it)) {
        let names: Vec<_> = SCENARIOS.iter().map(|it| it.name).chain(growth::NAMES).collect();
        return Err(Problem::Failed(format!("no scenario {name}; there are {}", names.join(", "))));
    }
    machine::require()?;
    let workspace = Workspace::find()?;
    let there = bring_in::all(&workspace, options.peers)?;

    let chosen: Vec<&Scenario> = SCENARIOS.iter().filter(|it| options.wants(it.name)).collect();
    let plan = Plan { workspace: &workspace, there: &there, is_quick: options.quick };
    let results = rounds::run(&plan, &chosen)?;
    let growth = growth::run(&plan, |it| growth_wanted(options, it), options.deep)?;

    let content = page::Content { there: &there, results: &results, growth: &growth };
    let text = content.markdown(options);
    println!("\n{text}");
    let folder = if options.is_full() {
        workspace.root.join("docs")
    } else {
        workspace.target.join("bench")
    };
    let page = page::write(&folder, &text, &content).map_err(|error| {
        Problem::Failed(format!("{} cannot be written: {error}", folder.display()))
    })?;
    println!("Written to {}", page.display());
    let faults = results.faults_of_ours();
    for fault in &faults {
        println!("FAULT of ours: {fault}");
    }
    let _ = fs::remove_dir_all(plan.scratch());
    Ok(faults.is_empty())
}

fn is_known(name: &str) -> bool {
    SCENARIOS.iter().any(|it| it.name == name) || growth::NAMES.contains(&name)
}

/// Growth takes its time, so it is left out of quick runs unless asked for by name.
fn growth_wanted(options: &Options, name: &str) -> bool {
    match &options.scenario {
        Some(scenario) => scenario == name,
        None => !options.quick,
    }
}
