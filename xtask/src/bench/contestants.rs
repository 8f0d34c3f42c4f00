//! The servers that are compared.

use std::path::PathBuf;
use std::process::Command;

use crate::workspace::Workspace;

/// What a server needs to run at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    /// A Rust package under benches/peers.
    Rust(&'static str),
    /// A script below benches/peers.
    Node(&'static str),
}

/// A server, in one of its variants.
#[derive(Debug)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    /// As it stands in tables.
    pub(crate) label: &'static str,
    pub(crate) kind: Kind,
    environment: &'static [(&'static str, &'static str)],
}

const NEST: Kind = Kind::Node("nest/dist/main.js");
const BARE: Kind = Kind::Rust("bare");

/// All there are.
pub(crate) const CONTESTANTS: [Contestant; 10] = [
    contestant("ours", "**Hornero**", Kind::Ours, &[]),
    contestant("bare", "bare socketioxide", BARE, &[]),
    contestant("bare-row", "bare, a row at a time", BARE, &[("STORE", "row")]),
    contestant("bare-group", "bare, group commit", BARE, &[("STORE", "group")]),
    contestant("bare-threads", "bare, 2 threads", BARE, &[("THREADS", "2")]),
    contestant("floor", "floor", Kind::Rust("floor"), &[]),
    contestant("nest", "NestJS", NEST, &[]),
    contestant("nest-typeorm", "NestJS, TypeORM", NEST, &[("STORE", "typeorm")]),
    contestant("nest-sql", "NestJS, raw SQL", NEST, &[("STORE", "sql")]),
    contestant("socketio", "socket.io", Kind::Node("socketio/server.js"), &[]),
];

const fn contestant(
    name: &'static str,
    label: &'static str,
    kind: Kind,
    environment: &'static [(&'static str, &'static str)],
) -> Contestant {
    Contestant { name, label, kind, environment }
}

impl Contestant {
    /// The contestant of a name; scenarios name only those that there are.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        CONTESTANTS.iter().find(|it| it.name == name)
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.kind == Kind::Ours
    }

    pub(crate) fn is_node(&self) -> bool {
        matches!(self.kind, Kind::Node(_))
    }

    /// The binary or script.
    pub(crate) fn file(&self, workspace: &Workspace) -> PathBuf {
        match self.kind {
            Kind::Ours => workspace.release("hornero"),
            Kind::Rust(name) => workspace.release(name),
            Kind::Node(script) => workspace.root.join("benches/peers").join(script),
        }
    }

    /// The words that start it, and its variant's environment.
    pub(crate) fn started_by(&self, workspace: &Workspace, command: &mut Command) {
        if self.is_node() {
            command.arg("node").env("NODE_ENV", "production");
        }
        command.arg(self.file(workspace)).envs(self.environment.iter().copied());
    }

    /// How the generator is to speak with it.
    pub(crate) fn dialect(&self) -> &'static str {
        if self.is_ours() { "hornero" } else { "peer" }
    }
}
