//! `cargo xtask`: the chores of this repository that are more than one command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod check;
mod chromium;
mod counts;
mod deny;
mod licences;
mod node;
mod process;
mod spdx;
mod stage;
mod test;
mod workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The chores of this repository")]
struct Xtask {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Formatting, lints, documentation and licences: everything that is judged without running it.
    Check,
    /// Every test suite; ends with the line `N passed, N failed`.
    Test(test::Options),
}

fn main() -> ExitCode {
    let passed = match Xtask::parse().chore {
        Chore::Check => check::run(),
        Chore::Test(options) => test::run(&options),
    };
    match passed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("cargo xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}
