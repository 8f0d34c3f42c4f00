//! The framework through its public surface: what a stranger who writes modules,
//! controllers and gateways relies on.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod container;
mod documented_mistakes;
mod documents;
mod gateway;
mod http;
mod introspection;
mod journal;
mod lifecycle;
mod plain_socket;
mod server;
mod socket;
mod tasks;

use std::{future::Future, time::Duration};

/// Longest time a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(5);

/// What `future` resolves to; panics if that takes longer than [`PATIENCE`].
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("should not take that long")
}
