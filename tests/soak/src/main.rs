//! Chats with a server that is killed again and again, and tells what it has lost, doubled or
//! put out of order. `cargo xtask soak` starts it, and kills the server when it says so.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod by_rest;
mod checker;
mod client;
mod diary;
mod dice;
mod evidence;
mod outbox;
mod plan;
mod rest;
mod run;
mod say;
mod slow;
mod socket;
mod stored;
mod world;

#[derive(Parser)]
#[command(about = "Chats with a server that is killed again and again")]
struct Soak {
    #[command(subcommand)]
    work: Work,
}

#[derive(Subcommand)]
enum Work {
    /// Kills under load, and cut connections
    Kills(run::Options),
    /// One client that never reads among many
    Slow(slow::Options),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let clean = match Soak::parse().work {
        Work::Kills(options) => run::run(&options).await,
        Work::Slow(options) => slow::run(&options).await,
    };
    match clean {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}
