//! `cargo xtask`: the chores of this repository that are more than one command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod alone;
mod bench;
mod check;
mod chromium;
mod clamd;
mod copy;
mod counts;
mod debian;
mod deny;
#[cfg(test)]
mod documented;
mod generate;
mod generated;
mod kills;
mod licences;
mod node;
mod overhead;
mod port;
mod postgres;
mod process;
mod python;
mod soak;
mod spdx;
mod stage;
mod suites;
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
    /// New code in the form that the rest has.
    Generate {
        #[command(subcommand)]
        what: generate::What,
    },
    /// What our server and its peers cost per unit of work; the full run writes docs/benchmarks.md.
    Bench(bench::Options),
    /// What a request and an event cost by the framework and by hand, in instructions; needs valgrind.
    Overhead,
    /// The official test suite of the protocol, from the checkout that `HORNERO_OFFICIAL_SUITES` names.
    Suites,
    /// Kills the server under load, and counts what was lost, doubled or put out of order.
    Soak(soak::Options),
}

fn main() -> ExitCode {
    let passed = match Xtask::parse().chore {
        Chore::Check => check::run(),
        Chore::Test(options) => test::run(&options),
        Chore::Generate { what } => generate::run(&what),
        Chore::Bench(options) => bench::run(&options),
        Chore::Overhead => overhead::run(),
        Chore::Suites => suites::run(),
        Chore::Soak(options) => soak::run(&options),
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
