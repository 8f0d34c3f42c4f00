//! `cargo xtask generate`: a new module in the form that all modules have.

use std::path::Path;
use std::time::Instant;

use clap::{Args, Subcommand, ValueEnum};

use crate::stage::{Problem, clock};
use crate::workspace::Workspace;

mod edit;
mod names;
mod plan;
mod template;

use names::Names;
use plan::Plan;

/// What can be generated.
#[derive(Subcommand)]
pub(crate) enum What {
    /// A module that makes, finds and lists named things of the caller: all files, a migration,
    /// the lines that wire it up, and tests that pass
    Module(Options),
}

#[derive(Args)]
pub(crate) struct Options {
    /// Name of the module: small letters and `_`, e.g. `polls` or `audit_logs`
    name: String,
    /// By which door clients come in
    #[arg(long, value_enum, default_value_t = Door::Both)]
    door: Door,
    /// Shows what would be done, and does nothing
    #[arg(long)]
    dry_run: bool,
}

/// By which door clients come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Door {
    /// REST only.
    Rest,
    /// Socket.IO only.
    Socket,
    /// REST and Socket.IO.
    Both,
}

impl Door {
    pub(crate) fn has_rest(self) -> bool {
        self != Self::Socket
    }

    pub(crate) fn has_socket(self) -> bool {
        self != Self::Rest
    }
}

/// Generates what was asked for, and says whether it could.
pub(crate) fn run(what: &What) -> Result<bool, Problem> {
    let What::Module(options) = what;
    let start = Instant::now();
    let root = Workspace::find()?.root;
    let names = Names::of(&options.name, &root)?;
    let plan = Plan::of(&root, &names, options.door)?;
    if plan.is_done() {
        println!("`{}` is there already, as it would be made: nothing was changed.", options.name);
        return Ok(true);
    }
    plan.print();
    if options.dry_run {
        println!("\nThis was a dry run: nothing was changed.");
        return Ok(true);
    }
    plan.apply()?;
    println!("\nMade the module `{}` in {}.", options.name, clock(start.elapsed()));
    println!("Next: {}", next(&names));
    Ok(true)
}

/// Generates a module in the tree at `root`, as the command does.
pub(crate) fn module(root: &Path, name: &str, door: Door) -> Result<(), Problem> {
    Plan::of(root, &Names::of(name, root)?, door)?.apply()
}

/// Whether the generator has nothing left to do for a module.
pub(crate) fn is_made(root: &Path, name: &str, door: Door) -> Result<bool, Problem> {
    Ok(Plan::of(root, &Names::of(name, root)?, door)?.is_done())
}

/// The commands that bring the documents up to date and show that the new module works.
fn next(names: &Names) -> String {
    format!(
        "UPDATE_SNAPSHOTS=1 cargo test --workspace --test integration documents_are_committed\n      \
         cargo test --workspace --lib --test integration -- {} wiring",
        names.thing
    )
}
