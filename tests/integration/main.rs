//! The whole server through its doors, as clients use it.
//!
//! One binary: a new file here costs a `mod` line, not another link step.
#![allow(clippy::unwrap_used, missing_docs, reason = "a panic fails the test, as it should")]

mod admin;
mod any_order;
mod auth;
mod both_doors;
mod changes;
mod command;
mod content;
mod contract;
mod conventions;
mod crowd;
mod database;
mod documents;
mod endings;
mod escalations;
mod expiry;
mod files;
mod guards;
mod health;
mod history;
mod inspect;
mod issuer;
mod live;
mod logins;
#[cfg(unix)]
mod logs;
mod members;
mod migrations;
mod persistence;
mod postgres_only;
mod promises;
mod rate;
mod recovery;
mod replay;
mod robots;
mod rooms;
mod services;
mod sessions;
mod slow;
mod sqlite_only;
mod strangers;
mod users;
mod util;
