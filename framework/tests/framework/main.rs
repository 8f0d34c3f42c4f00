//! The framework through its public surface: what a stranger who writes modules,
//! controllers and gateways relies on.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod connection;
mod container;
mod documented_mistakes;
mod documents;
mod gateway;
mod http;
mod introspection;
mod journal;
mod lifecycle;
mod plain_socket;
mod tasks;
mod testing;
