//! Builds what is compared, and finds out what this machine lacks for it.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::contestants::{CONTESTANTS, Contestant, Kind};
use super::machine;
use crate::node;
use crate::process;
use crate::stage::Problem;
use crate::workspace::Workspace;

/// What can be measured here.
pub(crate) struct There {
    pub(crate) contestants: Vec<&'static Contestant>,
    pub(crate) has_wrk: bool,
    /// What was left out, and why.
    pub(crate) notes: Vec<String>,
    /// Name and version of everything that matters.
    pub(crate) versions: Vec<(String, String)>,
}

impl There {
    /// Whether a contestant can run here.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.contestants.iter().any(|it| it.name == name)
    }
}

/// Builds the generator, our server and the Rust peers; and where wanted and possible the Node peers.
pub(crate) fn all(workspace: &Workspace, with_node: bool) -> Result<There, Problem> {
    // Our server alone: built together with others, its crates would have their features, too.
    process::run(&mut workspace.cargo(&["build", "--release", "-p", "hornero-server"]))?;
    let others = ["build", "--release", "-p", "load", "-p", "bare", "-p", "floor"];
    process::run(&mut workspace.cargo(&others))?;

    let mut notes = Vec::new();
    let node = if with_node {
        node_peers(workspace)
    } else {
        Err(Problem::Missing("--peers, which brings in the Node peers".to_owned()))
    };
    if let Err(problem) = &node {
        notes.push(format!("The Node peers are left out ({problem})."));
    }
    let has_wrk = machine::bring_in_wrk();
    if !has_wrk {
        notes.push("The REST rows are left out (missing: wrk; install its package).".to_owned());
    }
    notes.iter().for_each(|it| println!("{it}"));

    let is_there = |it: &&Contestant| !matches!(it.kind, Kind::Node(_)) || node.is_ok();
    Ok(There {
        contestants: CONTESTANTS.iter().filter(is_there).collect(),
        has_wrk,
        notes,
        versions: versions(workspace, node.is_ok()),
    })
}

/// Brings in and compiles the Node peers.
fn node_peers(workspace: &Workspace) -> Result<(), Problem> {
    let peers = workspace.root.join("benches/peers");
    node::bring_in_packages(&peers.join("socketio"))?;
    let nest = peers.join("nest");
    let is_new = node::bring_in_packages(&nest)?;
    let driver = "node_modules/better-sqlite3";
    if is_new || !nest.join(driver).join("build/Release/better_sqlite3.node").is_file() {
        println!("The SQLite driver of NestJS is native: bringing in or compiling it");
        npm(&nest, &["rebuild", "better-sqlite3"])?;
    }
    npm(&nest, &["run", "--silent", "build"])
}

fn npm(folder: &Path, arguments: &[&str]) -> Result<(), Problem> {
    process::run(Command::new("npm").args(arguments).current_dir(folder)).map(drop)
}

fn versions(workspace: &Workspace, with_node: bool) -> Vec<(String, String)> {
    let mut versions = Vec::new();
    let mut add = |name: &str, version: Option<String>| {
        versions.extend(version.map(|it| (name.to_owned(), it)));
    };
    let commit = Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=10"])
        .current_dir(&workspace.root)
        .output();
    let commit = commit.ok().map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned());
    add("Hornero", commit.filter(|it| !it.is_empty()).map(|it| format!("commit {it}")));
    add("Rust", process::answer("rustc", &["--version"]));
    let lock = fs::read_to_string(workspace.root.join("Cargo.lock")).unwrap_or_default();
    for name in ["axum", "socketioxide", "sea-orm", "tokio", "libsqlite3-sys"] {
        add(name, locked(&lock, name));
    }
    if with_node {
        add("Node", process::answer("node", &["--version"]));
        let modules = workspace.root.join("benches/peers/nest/node_modules");
        for name in ["@nestjs/core", "socket.io", "typeorm", "better-sqlite3"] {
            add(name, installed(&modules.join(name)));
        }
    }
    versions
}

/// The version of a crate in the text of Cargo.lock.
fn locked(lock: &str, name: &str) -> Option<String> {
    let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    Some(rest.split_once('"')?.0.to_owned())
}

fn installed(package: &Path) -> Option<String> {
    let text = fs::read_to_string(package.join("package.json")).ok()?;
    let json: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(json.get("version")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crates_version_is_read_from_the_lockfile() {
        let lock = "[[package]]\nname = \"axum-core\"\nversion = \"0.5.6\"\n\n\
                    [[package]]\nname = \"axum\"\nversion = \"0.8.9\"\n";
        assert_eq!(locked(lock, "axum").as_deref(), Some("0.8.9"));
        assert_eq!(locked(lock, "tokio"), None);
    }
}
