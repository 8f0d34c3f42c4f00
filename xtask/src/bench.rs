//! `cargo xtask bench`: what our server and its peers cost per unit of work.

use std::fs;
use std::path::PathBuf;

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
    /// Short rounds, and one instead of three: about three minutes without the Node peers
    #[arg(long)]
    quick: bool,
    /// So many rounds instead of three, or of one in a quick run
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    rounds: Option<u8>,
    /// Only this one; --scenario help lists them
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// The Node peers, too: NestJS and plain socket.io
    #[arg(long)]
    peers: bool,
    /// Growth, too, in a quick run
    #[arg(long)]
    growth: bool,
    /// Growth up to 10,000,000 stored messages, not only 1,000,000
    #[arg(long)]
    deep: bool,
}

impl Options {
    /// Whether the page in docs is written: by nothing less than every row, every peer and growth.
    fn is_complete(&self) -> bool {
        self.scenario.is_none() && self.peers && self.wants_growth(growth::NAMES[0])
    }

    fn rounds(&self) -> usize {
        self.rounds.map_or(if self.quick { 1 } else { 3 }, usize::from)
    }

    fn wants(&self, name: &str) -> bool {
        self.scenario.as_deref().is_none_or(|it| it == name)
    }

    /// Growth takes its time, so it is left out of quick runs unless asked for.
    fn wants_growth(&self, name: &str) -> bool {
        match &self.scenario {
            Some(scenario) => scenario == name,
            None => self.growth || !self.quick,
        }
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
    let plan = Plan {
        workspace: &workspace,
        there: &there,
        is_quick: options.quick,
        rounds: options.rounds(),
    };
    let results = rounds::run(&plan, &chosen);
    // Written before growth, too, which takes long: whoever breaks off has the rows.
    publish(options, &workspace, &page::Content { there: &there, results: &results, growth: &[] })?;
    let growth = growth::run(&plan, |it| options.wants_growth(it), options.deep);
    let content = page::Content { there: &there, results: &results, growth: &growth };
    println!("\n{}", content.markdown(options));
    println!("Written to {}", publish(options, &workspace, &content)?.display());
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

/// Writes the page where it belongs.
fn publish(
    options: &Options,
    workspace: &Workspace,
    content: &page::Content<'_>,
) -> Result<PathBuf, Problem> {
    let folder = if options.is_complete() {
        workspace.root.join("docs")
    } else {
        workspace.target.join("bench")
    };
    page::write(&folder, &content.markdown(options), content)
        .map_err(|error| Problem::Failed(format!("{}: {error}", folder.display())))
}
