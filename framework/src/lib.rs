#![doc = include_str!("../README.md")]

mod app;
mod build;
mod config;
mod connection;
mod contract;
mod controller;
mod error;
mod extract;
mod gateway;
mod graph;
mod http;
mod listener;
pub mod logging;
mod metrics;
mod mistake;
mod module;
mod msgpack;
mod page;
mod parse;
mod provider;
mod rate_limit;
mod recovery;
mod request_limits;
pub mod rules;
mod server;
mod settings;
mod socket;
mod socket_io;
mod stopping;
#[cfg(feature = "testing")]
pub mod testing;
mod whole;

pub use app::App;
pub use build::StartError;
pub use config::{Config, ConfigProblem, ConfigProblems, ConfigSection, ConfigValue};
pub use connection::{PublicId, Traffic, Volume};
pub use contract::{
    ControllerContract, Documents, EmittedEvent, Event, GatewayContract, HandledEvent,
    RouteContract, Shape, Signature, SocketContract,
};
pub use controller::{Controller, Routes};
pub use error::{CONTRACT_VERSION, ClientError, ErrorKind, timestamp};
pub use extract::{Json, Query, Valid};
pub use gateway::{
    Binary, Broadcast, Data, EmitEvent, EventAccess, EventCall, EventHandler, Events, Frame,
    FromEvent, Gateway, Handshake, Incoming, Later, Public, QueueFull, RateClass, Reply, Then,
};
pub use graph::ModuleInfo;
pub use http::{RequestId, Site};
pub use metrics::{Counter, Gauge, Histogram, MetricLabel, Metrics};
pub use mistake::{Mistake, Mistakes};
pub use module::{Module, ModuleDef};
pub use page::{Cursor, Page};
pub use provider::{Bindable, BoxError, Constructor, Inject, Key};
pub use rate_limit::{Allowance, RateLimit, TooMany};
pub use recovery::{Owner, Recoverable, Recoveries, Unfinished};
pub use request_limits::{ClientAddress, Identify};
pub use server::Server;
pub use settings::{
    CorsConfig, Parser, RateLimitConfig, RecoveryConfig, ServerConfig, WebsocketConfig,
};
pub use socket::{Connection, Gone, Socket};
pub use socket_io::SocketIo;
/// A live connection to a namespace, as socketioxide hands it to event handlers.
pub use socketioxide::extract::SocketRef;
/// Why a connection ended.
pub use socketioxide::socket::DisconnectReason;
pub use stopping::Stopping;
/// Adds documented handlers to [`Routes`]: those of one path, by their names.
pub use utoipa_axum::routes;
pub use whole::{optional_whole, whole};
