//! The [`Gateway`] trait: a feature's Socket.IO events.
//!
//! ```text
//! packet -> rate -> mailbox of the socket -> envelope, extraction, guards -> around -> handler -> ack
//! ```
//!
//! All of it happens when the event's turn in the socket's mailbox has come, and what the
//! handler returns is the client's answer. An event that comes while no other is at work has its
//! turn at once, on the task that has read it; a task of its own has it only once it waits.

use std::{future::Future, sync::Arc};

use serde_json::Value;
use socketioxide::{extract::SocketRef, socket::DisconnectReason};

use crate::error::ClientError;

mod answer;
mod arrived;
mod binary;
mod dispatch;
mod emission;
mod emit;
mod events;
mod extract;
mod mailbox;
mod namespace;
mod packet;
mod rate;
mod refusals;
mod reply;

pub use binary::Binary;
pub(crate) use emission::Emission;
pub(crate) use emit::hang_up;
pub use emit::{Broadcast, EmitEvent, Frame, QueueFull};
pub use events::{EventCall, EventHandler, Events};
pub use extract::{Data, FromEvent, Incoming, Public};
pub(crate) use namespace::{NamespaceTable, Sockets};
pub(crate) use rate::Limits;
pub use rate::RateClass;
pub(crate) use refusals::Refusals;
pub use reply::{Later, Reply, Then};

/// Turns Socket.IO events into service calls, and their results into acks.
///
/// Several gateways may share a namespace, as long as each event has one handler.
/// Of one socket, hooks and events run one after the other, in order of arrival;
/// those of different sockets run in parallel. Until it first waits, a handler may run on the
/// task that reads its connection: what would block a thread belongs in
/// [`spawn_blocking`](tokio::task::spawn_blocking), here as everywhere.
pub trait Gateway: Send + Sync + Sized + 'static {
    /// Namespaces whose sockets this gateway serves, e.g. `["/", "/chat"]`.
    const NAMESPACES: &'static [&'static str];

    /// Whether every handler must say who may send its event. Default: it must.
    const ACCESS: EventAccess = EventAccess::Guarded;

    /// Whether the app's documents tell of its events. Default: they do. Not those of a protocol
    /// that somebody else's client speaks, and nobody writes against.
    const DOCUMENTED: bool = true;

    /// Event by which a failure is reported, whether or not the client asked for an ack.
    const ERROR_EVENT: &'static str = "error";

    /// Registers a handler for each event.
    fn events(on: &mut Events<Self>);

    /// Decides who may connect, before the client sees `connect`.
    ///
    /// All gateways of the namespace are asked, those of imported modules first. What
    /// one of them learns about the caller it leaves in the socket's extensions.
    ///
    /// # Errors
    ///
    /// The client gets a `connect_error` whose message is the error's code and whose data
    /// is the error, and no event of it is handled.
    fn authenticate(
        self: Arc<Self>,
        _handshake: Handshake,
    ) -> impl Future<Output = Result<(), ClientError>> + Send {
        async { Ok(()) }
    }

    /// Stands around every call of a handler: the place to measure, to trace, or to give up
    /// after a time.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use hornero::{EventCall, Events, Gateway};
    /// # struct PollGateway;
    /// impl Gateway for PollGateway {
    ///     const NAMESPACES: &'static [&'static str] = &["/"];
    ///
    ///     fn events(on: &mut Events<Self>) {}
    ///
    ///     fn around(self: &Arc<Self>, event: &'static str, call: EventCall) -> EventCall {
    ///         Box::pin(async move {
    ///             let outcome = call.await;
    ///             tracing::info!(event, ok = outcome.is_ok(), "Handled {event}");
    ///             outcome
    ///         })
    ///     }
    /// }
    /// ```
    fn around(self: &Arc<Self>, _event: &'static str, call: EventCall) -> EventCall {
        call
    }

    /// Decides which of its channels a socket hears again that lost its connection and has come
    /// back: those that are returned. Default: all of them.
    ///
    /// It runs before `connected`, and before the socket is sent what it has missed in these
    /// channels. All gateways of the namespace are asked, each for what those before it let pass.
    ///
    /// # Errors
    ///
    /// The socket is disconnected, so that its client comes back as a new one.
    fn recovered(
        self: Arc<Self>,
        _socket: SocketRef,
        channels: Vec<String>,
    ) -> impl Future<Output = Result<Vec<String>, ClientError>> + Send {
        async { Ok(channels) }
    }

    /// Runs when a socket has connected, before its first event.
    fn connected(self: Arc<Self>, _socket: SocketRef) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Runs when the server stops, before the socket is closed: the last that can be told to its
    /// client, which does not hear it if it is between two polls. All sockets wait for it, so it
    /// should not wait itself.
    fn closing(self: Arc<Self>, _socket: SocketRef) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Runs when a socket is gone, after its last event.
    fn disconnected(
        self: Arc<Self>,
        _socket: SocketRef,
        _reason: DisconnectReason,
    ) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// Who may send a gateway's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventAccess {
    /// Whoever the guards among each handler's arguments let through. A handler without
    /// one is a mistake, unless it takes [`Public`].
    Guarded,
    /// Anybody who was let into the namespace.
    Public,
}

/// What a client presents when it connects to a namespace.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// The socket that asks to be let in. Nothing can be emitted to it yet.
    pub socket: SocketRef,
    /// The `auth` object of the client, `null` if it sent none.
    pub auth: Value,
}
