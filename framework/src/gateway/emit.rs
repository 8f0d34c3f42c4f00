//! Emitting: an event is encoded once, and goes to one socket or to many.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use socketioxide::{
    BroadcastError, SendError, SocketError, SocketIo, adapter::LocalAdapter, extract::SocketRef,
    operators::BroadcastOperators,
};

use crate::{
    connection::Session,
    contract::Event,
    error::{CONTRACT_VERSION, ClientError},
};

/// Time after which a full queue is looked at again.
const RETRY: Duration = Duration::from_millis(50);

/// How often it is looked at: for a minute.
const RETRIES: u32 = 1_200;

/// A server event, encoded once for all who get it.
#[derive(Debug, Clone)]
pub struct Frame {
    event: &'static str,
    data: Box<RawValue>,
}

impl Frame {
    /// Encodes an event, which must be a struct or map, and adds the contract's version.
    ///
    /// Gives `None`, and logs it, for one that is none of these.
    pub fn of<E: Event>(event: &E) -> Option<Self> {
        match to_raw_value(&Versioned { data: event, version: CONTRACT_VERSION }) {
            Ok(data) => Some(Self { event: E::NAME, data }),
            Err(error) => {
                tracing::error!(event = E::NAME, %error, "Could not encode {}: {error}", E::NAME);
                None
            }
        }
    }

    /// Name of the event.
    pub fn event(&self) -> &'static str {
        self.event
    }
}

#[derive(Serialize)]
struct Versioned<'a, T> {
    #[serde(flatten)]
    data: &'a T,
    version: &'static str,
}

/// Emits to one socket: `socket.emit_event(&event)`.
pub trait EmitEvent {
    /// Emits an event. A socket whose queue is full misses it and is disconnected, so that it
    /// knows, and can come back; one that is gone needs nothing.
    fn emit_event<E: Event>(&self, event: &E);

    /// Emits a refusal that no event of the client has asked for, in the contract's shape.
    fn emit_error(&self, event: &'static str, error: &ClientError);

    /// Emits an event that may be tried again: a socket whose queue is full is let alone.
    ///
    /// # Errors
    ///
    /// [`QueueFull`]. A socket that is gone needs nothing.
    fn emit_frame(&self, frame: &Frame) -> Result<(), QueueFull>;

    /// Whether the socket's queue is full, so that the next event would be missed.
    fn has_full_queue(&self) -> bool;

    /// Disconnects a socket that has missed something because its queue was full.
    ///
    /// A WebSocket's connection breaks at once, so that the client comes back by itself. A
    /// polling client is told as soon as there is room for the packet that says so.
    fn disconnect_slow(&self);
}

/// The queue of a socket is full: its client reads more slowly than it is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the socket's queue is full")]
pub struct QueueFull;

impl EmitEvent for SocketRef {
    fn emit_event<E: Event>(&self, event: &E) {
        if let Some(frame) = Frame::of(event) {
            act_on(self, self.emit(frame.event, &frame.data));
        }
    }

    fn emit_error(&self, event: &'static str, error: &ClientError) {
        act_on(self, self.emit(event, &error.socket_body(None)));
    }

    fn emit_frame(&self, frame: &Frame) -> Result<(), QueueFull> {
        match self.emit(frame.event, &frame.data) {
            Err(SendError::Socket(SocketError::InternalChannelFull)) => Err(QueueFull),
            sent => {
                act_on(self, sent);
                Ok(())
            }
        }
    }

    fn has_full_queue(&self) -> bool {
        // A place in the queue is reserved before the data is encoded, and given back when
        // that fails: so nothing is sent, whatever the answer is.
        let probed = self.emit("", &Unencodable);
        matches!(probed, Err(SendError::Socket(SocketError::InternalChannelFull)))
    }

    fn disconnect_slow(&self) {
        tracing::warn!(socket.ns = self.ns(), "Disconnecting a socket that does not read");
        if !Session::close(self) {
            tokio::spawn(disconnect(self.clone()));
        }
    }
}

/// Fails to be encoded.
struct Unencodable;

impl Serialize for Unencodable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("not to be encoded"))
    }
}

/// Acts on what became of a packet for `socket`.
pub(super) fn act_on(socket: &SocketRef, sent: Result<(), SendError>) {
    match sent {
        Err(SendError::Socket(SocketError::InternalChannelFull)) => {
            socket.disconnect_slow();
        }
        Err(SendError::Serialize(error)) => {
            tracing::error!(%error, "Could not encode a packet: {error}");
        }
        Err(SendError::Socket(SocketError::Closed)) | Ok(()) => {}
    }
}

/// Disconnects a socket as soon as there is room for the packet that says so.
async fn disconnect(socket: SocketRef) {
    for _ in 0..RETRIES {
        if !socket.connected() || socket.clone().disconnect().is_ok() {
            return;
        }
        tokio::time::sleep(RETRY).await;
    }
    tracing::warn!(socket.ns = socket.ns(), "A socket that does not read could not be told");
}

/// Emits to the sockets of a namespace that have joined a channel.
///
/// ```
/// # use hornero::{Broadcast, Event, Frame, SocketIo};
/// # async fn close<E: Event>(io: &SocketIo, event: &E) {
/// if let Some(frame) = Frame::of(event) {
///     Broadcast::new(io, "/polls").to("poll:7").except("host").emit(&frame).await;
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Broadcast(Option<BroadcastOperators<LocalAdapter>>);

impl Broadcast {
    /// To all sockets of `namespace`; to nobody if there is no such namespace.
    pub fn new(io: &SocketIo, namespace: &str) -> Self {
        Self(io.of(namespace))
    }

    /// Only to those in `channel`, or in one of several when called again.
    #[must_use]
    pub fn to(self, channel: impl Into<String>) -> Self {
        Self(self.0.map(|it| it.within(channel.into())))
    }

    /// Not to those in `channel`. Every socket is in one that has its
    /// [`PublicId`](crate::PublicId).
    #[must_use]
    pub fn except(self, channel: impl Into<String>) -> Self {
        Self(self.0.map(|it| it.except(channel.into())))
    }

    /// May be dropped where a socket is busy. It has a queue of its own with one place, in
    /// which it replaces what waits there, and overtakes other events.
    #[must_use]
    pub fn volatile(self) -> Self {
        Self(self.0.map(|it| it.volatile()))
    }

    /// Emits the event, and tells how many sockets missed it because their queue is full.
    pub async fn emit(self, frame: &Frame) -> usize {
        let Some(to) = self.0 else { return 0 };
        match to.emit(frame.event, &frame.data).await {
            Ok(()) => 0,
            Err(BroadcastError::Socket(errors)) => {
                let full = |it: &&SocketError| matches!(it, SocketError::InternalChannelFull);
                errors.iter().filter(full).count()
            }
            Err(error) => {
                tracing::error!(event = frame.event, %error, "Could not emit: {error}");
                0
            }
        }
    }
}
