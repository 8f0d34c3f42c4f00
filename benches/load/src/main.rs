//! Drives a chat server by raw Socket.IO packets over WebSocket, accounts for every delivery,
//! and tells what each piece of work has cost the server. `cargo xtask bench` starts it.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::task::LocalSet;

use crate::{
    report::Report,
    target::{Result, Target},
};

mod chat;
mod client;
mod connect;
mod crowd;
mod frame;
mod join;
mod marker;
mod measure;
mod packet;
mod process;
mod report;
mod rest;
mod room;
mod seed;
mod tally;
mod target;
mod track;
mod world;

#[derive(Parser)]
#[command(about = "Loads a chat server, and tells what each piece of work costs it")]
struct Load {
    #[command(subcommand)]
    work: Work,
}

/// What is measured. Every one prints a report as JSON.
#[derive(Subcommand)]
enum Work {
    /// Messages in rooms
    Chat {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        options: chat::Options,
    },
    /// Connections
    Connect {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        options: connect::Options,
    },
    /// Joining a room that is there
    Join {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        options: join::Options,
    },
    /// Requests
    Rest {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        options: rest::Options,
    },
    /// Makes a room, and prints it and the token of its owner
    Room {
        #[command(flatten)]
        target: Target,
    },
    /// Puts messages into the database file of a server that is stopped
    Seed(seed::Options),
}

fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("load: {error}");
            return ExitCode::FAILURE;
        }
    };
    match LocalSet::new().block_on(&runtime, work(Load::parse().work)) {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn work(work: Work) -> Result<String> {
    let json = |report: Report| Ok(serde_json::to_string(&report)?);
    match work {
        Work::Chat { target, options } => json(chat::run(&target, &options).await?),
        Work::Connect { target, options } => json(connect::run(&target, &options).await?),
        Work::Join { target, options } => json(join::run(&target, &options).await?),
        Work::Rest { target, options } => json(rest::run(&target, &options)?),
        Work::Room { target } => Ok(serde_json::to_string(&room::make(&target)?)?),
        Work::Seed(options) => {
            seed::run(&options).await?;
            Ok("{}".to_owned())
        }
    }
}
