//! Where this repository and its target folder are, and the cargo that belongs to it.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

use crate::process;
use crate::stage::Problem;

/// The repository that is worked on.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    /// The folder of the root manifest; every command is run in it or below it.
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    /// Cargo's target folder, wherever configuration or environment have put it.
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Asks cargo, which knows its configuration. Fails when the root manifest does not parse.
    pub(crate) fn find() -> Result<Self, Problem> {
        let mut metadata = Command::new(cargo());
        metadata
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(manifest_folder());
        process::json(&mut metadata)
    }

    /// A cargo command in the root folder.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(cargo());
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// A program of the release build.
    pub(crate) fn release(&self, name: &str) -> PathBuf {
        self.target.join("release").join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// A program of the development build.
    pub(crate) fn debug(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// The development build of the server.
    pub(crate) fn server(&self) -> PathBuf {
        self.debug("hornero")
    }
}

fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The environment goes first: two checkouts that share a target folder also share this binary.
fn manifest_folder() -> OsString {
    env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into())
}
