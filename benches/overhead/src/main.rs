//! The same poll twice: by the framework, and written by hand on axum and socketioxide. An
//! instruction counter around `serve` tells what the framework adds.
//!
//! ```text
//! overhead serve framework 3000          serves, until something is posted to /stop
//! overhead drive controller 3000 10000   sends 10,000 requests, one after the other
//! overhead drive gateway 3000 10000      sends 10,000 events, one after the other
//! ```

use std::{error::Error, net::Ipv4Addr, sync::Arc};

use clap::{Parser, ValueEnum};
use tokio::{net::TcpListener, sync::Notify};

mod drive;
mod framework;
mod hand;
mod poll;

#[derive(Parser)]
enum Command {
    /// Serves the poll
    Serve { by: By, port: u16 },
    /// Votes
    Drive { door: drive::Door, port: u16, count: u32 },
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    Framework,
    Hand,
}

/// On one thread: what is counted must not depend on who was faster.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    match Command::parse() {
        Command::Serve { by, port } => {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
            let stop = Arc::new(Notify::new());
            match by {
                By::Framework => framework::serve(listener, stop).await,
                By::Hand => hand::serve(listener, stop).await,
            }
        }
        Command::Drive { door, port, count } => drive::run(door, port, count).await,
    }
}
