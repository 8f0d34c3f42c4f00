//! The command `hornero`.

use std::{io, process::ExitCode, thread::available_parallelism};

use clap::Parser;
use hornero_server::command::Command;
use tokio::runtime::{Builder, Runtime};

fn main() -> ExitCode {
    let command = Command::parse();
    #[cfg(unix)]
    hornero_server::descriptors::make_room();
    match runtime() {
        Ok(runtime) => runtime.block_on(command.run()),
        Err(error) => {
            eprintln!("error: cannot start threads: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What runs tasks: a thread for each core. Where there is one core, this thread is enough, and
/// handing nothing over to another one saves a tenth.
fn runtime() -> io::Result<Runtime> {
    let alone = available_parallelism().is_ok_and(|it| it.get() == 1);
    let mut builder =
        if alone { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.enable_all().build()
}
