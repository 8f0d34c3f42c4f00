//! An event, or an ack, on its way to sockets: framed once for all that get it.

use std::{cell::OnceCell, collections::HashSet, iter};

use axum::body::Bytes;
use futures_util::FutureExt;
use serde::Serialize;
use serde_json::Value;
use socketioxide::{
    BroadcastError, SendError, SocketError, extract::SocketRef, operators::BroadcastOperators,
};

use super::{EmitEvent, Frame, emit::act_on};
use crate::{
    connection::{Pushed, Session, text_frame},
    recovery::Told,
    settings::Parser,
};

/// An event for sockets of one namespace.
pub(crate) struct Emission<'a> {
    frame: &'a Frame,
    /// What clients are told so that they can come back.
    offset: Option<Told<'a>>,
    /// As it goes over a WebSocket, once the first is to have it.
    framed: OnceCell<Bytes>,
}

impl<'a> Emission<'a> {
    pub(crate) fn new(frame: &'a Frame, offset: Option<Told<'a>>) -> Self {
        Self { frame, offset, framed: OnceCell::new() }
    }

    /// Sends it, to be written as soon as whoever sends does something else.
    pub(crate) fn send(&self, socket: &SocketRef) -> Result<(), SendError> {
        Self::send_all(std::slice::from_ref(self), socket)
    }

    fn send_by_service(&self, socket: &SocketRef) -> Result<(), SendError> {
        match self.offset {
            Some(offset) => socket.emit(self.frame.event(), &(self.frame.data(), offset)),
            None => socket.emit(self.frame.event(), &self.frame.data()),
        }
    }

    /// Sends several to all sockets that `to` finds, one behind the other. Gives those that missed
    /// one, because too many packets are waiting for them, and with it those behind it.
    pub(super) fn broadcast(
        emissions: &[Self],
        to: BroadcastOperators,
        parser: Parser,
    ) -> Vec<SocketRef> {
        match parser {
            Parser::Default => {
                let sockets = to.sockets().into_iter();
                sockets.filter(|it| is_full(&Self::send_all(emissions, it))).collect()
            }
            Parser::Msgpack => Self::broadcast_all_by_service(emissions, &to),
        }
    }

    /// Sends several to one socket.
    fn send_all(emissions: &[Self], socket: &SocketRef) -> Result<(), SendError> {
        if !socket.connected() {
            return Err(SendError::Socket(SocketError::Closed));
        }
        let framed = emissions.iter().map(|it| it.framed_in(socket.ns()));
        match push(socket, framed)? {
            Pushed::Taken => Ok(()),
            Pushed::Full => Err(SendError::Socket(SocketError::InternalChannelFull)),
            Pushed::ByService => emissions.iter().try_for_each(|it| it.send_by_service(socket)),
        }
    }

    /// The same to those that are not busy. Nobody misses it.
    pub(super) fn broadcast_volatile(&self, to: BroadcastOperators, parser: Parser) {
        match parser {
            Parser::Default => to.sockets().iter().for_each(|it| self.send_volatile(it)),
            Parser::Msgpack => drop(self.broadcast_by_service(to.volatile())),
        }
    }

    /// Lets the service encode it, once for all.
    fn broadcast_by_service(&self, to: BroadcastOperators) -> Vec<SocketRef> {
        let (event, data, all) = (self.frame.event(), self.frame.data(), to.clone());
        // It only fills queues of this process, and is ready at once.
        let sent = match self.offset {
            Some(offset) => to.emit(event, &(data, offset)).now_or_never(),
            None => to.emit(event, &data).now_or_never(),
        };
        match sent {
            Some(Err(BroadcastError::Socket(errors))) => {
                let full = |it: &SocketError| matches!(it, SocketError::InternalChannelFull);
                if errors.iter().any(full) { slow(all.sockets()) } else { Vec::new() }
            }
            Some(Err(error)) => {
                tracing::error!(event, %error, "Could not emit: {error}");
                Vec::new()
            }
            None | Some(Ok(())) => Vec::new(),
        }
    }

    /// Lets the service send several, of which each is encoded once for all, until somebody misses one:
    /// the others are sent the rest one by one.
    fn broadcast_all_by_service(emissions: &[Self], to: &BroadcastOperators) -> Vec<SocketRef> {
        for (index, emission) in emissions.iter().enumerate() {
            let mut missed = emission.broadcast_by_service(to.clone());
            if missed.is_empty() {
                continue;
            }
            let rest = &emissions[index + 1..];
            let without: HashSet<_> = missed.iter().map(|it| it.id).collect();
            let others = to.clone().sockets().into_iter().filter(|it| !without.contains(&it.id));
            missed.extend(others.filter(|socket| {
                is_full(&rest.iter().try_for_each(|it| it.send_by_service(socket)))
            }));
            return missed;
        }
        Vec::new()
    }

    /// Sends it unless the socket is busy, or gone.
    fn send_volatile(&self, socket: &SocketRef) {
        if Session::of(socket).is_some_and(|it| it.is_busy()) {
            return;
        }
        if !socket.connected() {
            return;
        }
        if let Ok(Pushed::ByService) = push(socket, iter::once_with(|| self.framed_in(socket.ns())))
        {
            act_on(socket, socket.volatile().emit(self.frame.event(), &self.frame.data()));
        }
    }

    fn framed_in(&self, namespace: &str) -> Bytes {
        self.framed.get_or_init(|| self.framed(namespace)).clone()
    }

    fn framed(&self, namespace: &str) -> Bytes {
        let (event, data) = (self.frame.event(), self.frame.json());
        let mut packet = String::with_capacity(event.len() + data.len() + namespace.len() + 64);
        packet.push_str("42");
        push_namespace(&mut packet, namespace);
        packet.push('[');
        packet.push_str(&Value::from(event).to_string());
        packet.push(',');
        packet.push_str(data);
        if let Some(offset) = self.offset {
            packet.push_str(&format!(",\"{offset}\""));
        }
        packet.push(']');
        text_frame(&packet).into()
    }
}

/// Whether an event could not be sent because too many are waiting.
fn is_full(sent: &Result<(), SendError>) -> bool {
    matches!(sent, Err(SendError::Socket(SocketError::InternalChannelFull)))
}

/// Those of some sockets that have missed something, of which the service tells only how many there
/// are.
fn slow(sockets: Vec<SocketRef>) -> Vec<SocketRef> {
    let full: Vec<_> = sockets.iter().filter(|it| it.has_full_queue()).cloned().collect();
    // One of them may have been read just now, and there is no telling which.
    if full.is_empty() { sockets } else { full }
}

/// Sends an ack the way that events go, so that it neither overtakes them nor is overtaken. A
/// client that has left the namespace with the event is answered, too.
pub(super) fn push_ack(
    socket: &SocketRef,
    id: i64,
    data: &impl Serialize,
) -> Result<Pushed, SendError> {
    let framed = || match serde_json::to_string(data) {
        Ok(data) => {
            let mut packet = String::with_capacity(data.len() + socket.ns().len() + 32);
            packet.push_str("43");
            push_namespace(&mut packet, socket.ns());
            packet.push_str(&format!("{id}[{data}]"));
            Some(text_frame(&packet).into())
        }
        Err(error) => {
            tracing::error!(%error, "Could not encode an ack: {error}");
            None
        }
    };
    push(socket, iter::once_with(framed).flatten())
}

fn push_namespace(packet: &mut String, namespace: &str) {
    if namespace != "/" {
        packet.push_str(namespace);
        packet.push(',');
    }
}

fn push(socket: &SocketRef, frames: impl Iterator<Item = Bytes>) -> Result<Pushed, SendError> {
    match Session::of(socket) {
        Some(session) => session.push(socket, frames).map_err(SendError::Socket),
        None => Ok(Pushed::ByService),
    }
}
