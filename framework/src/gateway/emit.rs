//! Emitting: an event is encoded once, and goes to one socket or to many.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use socketioxide::{SendError, SocketError, extract::SocketRef, operators::BroadcastOperators};

use super::{emission::Emission, namespace::count_refusal};
use crate::{
    connection::Session,
    contract::Event,
    error::{CONTRACT_VERSION, ClientError},
    msgpack::Readable,
    recovery::{EVERYBODY, Recovery, Seat},
    socket_io::SocketIo,
};

/// Time after which a full queue is looked at again.
const RETRY: Duration = Duration::from_millis(50);

/// How often it is looked at: for a minute.
const RETRIES: u32 = 1_200;

/// A server event, encoded once for all who get it.
#[derive(Debug, Clone)]
pub struct Frame {
    event: &'static str,
    data: Arc<RawValue>,
}

impl Frame {
    /// Encodes an event, which must be a struct or map, and adds the contract's version.
    ///
    /// Gives `None`, and logs it, for one that is none of these.
    pub fn of<E: Event>(event: &E) -> Option<Self> {
        Self::encode(E::NAME, &Versioned { data: event, version: CONTRACT_VERSION })
    }

    /// Encodes `data` as it is. Gives `None`, and logs it, for what cannot be.
    fn encode(event: &'static str, data: &impl Serialize) -> Option<Self> {
        match to_raw_value(data) {
            Ok(data) => Some(Self { event, data: data.into() }),
            Err(error) => {
                tracing::error!(event, %error, "Could not encode {event}: {error}");
                None
            }
        }
    }

    /// Name of the event.
    pub fn event(&self) -> &'static str {
        self.event
    }

    /// The data, for whichever parser.
    pub(crate) fn data(&self) -> Readable<'_, RawValue> {
        Readable(&self.data)
    }

    /// The data as JSON.
    pub(super) fn json(&self) -> &str {
        self.data.get()
    }

    /// Length of the data, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.data.get().len()
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
    /// It is for what is kept somewhere else, too: a socket that loses its connection before it
    /// has read the event comes back as new, and has to ask for it.
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
            act_on(self, emit(self, &frame, true));
        }
    }

    fn emit_error(&self, event: &'static str, error: &ClientError) {
        count_refusal(self, error);
        emit_to(self, event, &error.socket_body(None));
    }

    fn emit_frame(&self, frame: &Frame) -> Result<(), QueueFull> {
        match emit(self, frame, false) {
            Err(SendError::Socket(SocketError::InternalChannelFull)) => Err(QueueFull),
            sent => {
                act_on(self, sent);
                Ok(())
            }
        }
    }

    fn has_full_queue(&self) -> bool {
        if let Some(full) = Session::of(self).and_then(|it| it.is_full()) {
            return full;
        }
        // A place in the queue is reserved before the data is encoded, and given back when
        // that fails: so nothing is sent, whatever the answer is.
        let probed = self.emit("", &Unencodable);
        matches!(probed, Err(SendError::Socket(SocketError::InternalChannelFull)))
    }

    fn disconnect_slow(&self) {
        tracing::warn!(socket.ns = self.ns(), "Disconnecting a socket that does not read");
        drop_out(self);
    }
}

/// Emits an answer to one socket, in whatever shape it has.
pub(super) fn emit_to(socket: &SocketRef, event: &'static str, data: &impl Serialize) {
    if let Some(frame) = Frame::encode(event, data) {
        act_on(socket, emit(socket, &frame, true));
    }
}

/// Emits to one socket, and lets it be sent again to the one that comes back if it is to be kept.
fn emit(socket: &SocketRef, frame: &Frame, keep: bool) -> Result<(), SendError> {
    match Seat::of(socket) {
        Some(seat) => seat.emit(socket, frame, keep),
        None => Emission::new(frame, None).send(socket),
    }
}

/// Ends the connection of a socket that has missed something, so that its client comes back as a
/// new one.
pub(super) fn drop_out(socket: &SocketRef) {
    if let Some(seat) = Seat::of(socket) {
        seat.spoil();
    }
    hang_up(socket);
}

/// Ends the connection of a socket, so that its client comes back by itself.
pub(crate) fn hang_up(socket: &SocketRef) {
    if !Session::close(socket) {
        tokio::spawn(disconnect(socket.clone()));
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
pub struct Broadcast {
    io: SocketIo,
    namespace: String,
    channels: Vec<String>,
    except: Vec<String>,
    volatile: bool,
}

impl Broadcast {
    /// To all sockets of `namespace`; to nobody if there is no such namespace.
    pub fn new(io: &SocketIo, namespace: &str) -> Self {
        let (channels, except) = (Vec::new(), Vec::new());
        Self { io: io.clone(), namespace: namespace.to_owned(), channels, except, volatile: false }
    }

    /// Only to those in `channel`, or in one of several when called again.
    #[must_use]
    pub fn to(mut self, channel: impl Into<String>) -> Self {
        self.channels.push(channel.into());
        self
    }

    /// Not to those in `channel`. Every socket is in one that has its
    /// [`PublicId`](crate::PublicId).
    #[must_use]
    pub fn except(mut self, channel: impl Into<String>) -> Self {
        self.except.push(channel.into());
        self
    }

    /// May be dropped where a socket is busy, which is one that more than 64 packets wait for. A
    /// client that polls, or speaks MessagePack or Socket.IO 2, has a queue with one place for such
    /// events, in which they replace each other and overtake what was sent before. A socket that
    /// comes back is not sent it again.
    #[must_use]
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Emits the event. Gives the sockets that missed it because their queue is full, which nobody
    /// does of what is volatile.
    pub async fn emit(mut self, frame: &Frame) -> Vec<SocketRef> {
        match self.recovery() {
            Some(recovery) => self.emit_and_keep(&recovery, frame),
            None => self.emit_together(std::slice::from_ref(frame)),
        }
    }

    /// Emits several events, one behind the other, which costs less than one at a time. Gives the
    /// sockets that missed one because their queue is full: they miss those behind it, too, are in no
    /// channel any more, and are not recovered.
    pub async fn emit_all(mut self, frames: &[Frame]) -> Vec<SocketRef> {
        let Some(recovery) = self.recovery() else {
            let missed = self.emit_together(frames);
            missed.iter().for_each(|it| it.leave_all());
            return missed;
        };
        let mut missed = Vec::new();
        for frame in frames {
            for socket in self.clone().emit_and_keep(&recovery, frame) {
                // It must not come back as one who has missed nothing but what comes now.
                if let Some(seat) = Seat::of(&socket) {
                    seat.spoil();
                }
                socket.leave_all();
                missed.push(socket);
            }
        }
        missed
    }

    /// Who keeps what is emitted for those who come back, if anybody does. What is for all of a
    /// namespace goes to the channel of all there, by which it is known whom it was for.
    fn recovery(&mut self) -> Option<Arc<Recovery>> {
        let recovery = self.io.recovery(&self.namespace)?;
        if self.channels.is_empty() {
            self.channels.push(EVERYBODY.to_owned());
        }
        (!self.volatile).then(|| Arc::clone(recovery))
    }

    fn emit_and_keep(self, recovery: &Arc<Recovery>, frame: &Frame) -> Vec<SocketRef> {
        let (Some(to), parser) = (self.operators(), self.io.parser()) else { return Vec::new() };
        recovery.broadcast(frame, (self.channels, self.except), |offset| {
            Emission::broadcast(&[Emission::new(frame, Some(offset))], to, parser)
        })
    }

    fn emit_together(self, frames: &[Frame]) -> Vec<SocketRef> {
        let Some(to) = self.operators() else { return Vec::new() };
        let (volatile, parser) = (self.volatile, self.io.parser());
        let emissions: Vec<_> = frames.iter().map(|it| Emission::new(it, None)).collect();
        if !volatile {
            return Emission::broadcast(&emissions, to, parser);
        }
        for emission in &emissions {
            emission.broadcast_volatile(to.clone(), parser);
        }
        Vec::new()
    }

    fn operators(&self) -> Option<BroadcastOperators> {
        let to = self.io.of(&self.namespace)?;
        Some(to.within(self.channels.clone()).except(self.except.clone()))
    }
}
