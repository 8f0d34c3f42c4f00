//! The command `hornero`.

use std::process::ExitCode;

use clap::Parser;
use hornero_server::command::Command;

#[tokio::main]
async fn main() -> ExitCode {
    Command::parse().run().await
}
