//! What we send to a WebSocket, past the service.
//!
//! The service gives every session a queue and a task, which encodes and frames each packet anew
//! for everybody who gets it. What is sent from here is framed once for all, waits in the outlet of
//! each session, and is written by the [`Flushers`](super::flushers::Flushers).
//!
//! ```text
//! emit ──> outlet ───────────────────> flusher ─┐
//!            ╎ held until a mark has passed      ├──> the connection
//! service ──> its queue ──> its writer ──> Wire ─┘
//! ```
//!
//! The service goes on sending what is its own, such as CONNECT, and everything as long as the
//! session polls. So that nothing overtakes that, the outlet is held when it takes over, and sends a
//! mark the other way: what waits in the outlet is written when the mark has come to the [`Wire`],
//! which keeps it to itself.
//!
//! [`Wire`]: super::wire::Wire

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    sync::Arc,
    time::Duration,
};

use axum::body::Bytes;
use hyper::body::Buf;
use socketioxide::{SocketError, TransportType, extract::SocketRef};
use tokio::{sync::mpsc, task::AbortHandle, time::timeout};

use super::{
    Traffic,
    session::{Session, lock},
};
use crate::listener::{Closer, Writer};

/// The event of a mark.
const MARK: &str = "hornero:mark";

/// How a mark's packet ends, whatever its namespace is.
const END_OF_MARK: &[u8] = br#"["hornero:mark",null]"#;

/// Frames that are written at once.
const FRAMES: usize = 64;

/// Room that an empty outlet keeps, in frames.
const KEPT_ROOM: usize = 8;

/// Whether a packet is a mark.
pub(super) fn is_mark(packet: &[u8]) -> bool {
    packet.starts_with(b"42") && packet.ends_with(END_OF_MARK)
}

/// The packets that wait to be written to the WebSocket of one session.
#[derive(Debug, Default)]
pub(super) struct Outlet {
    /// None before there is a WebSocket, and where the service has to write to it.
    line: Option<Line>,
    /// Whether packets go through here, and not through the service.
    is_open: bool,
    /// Marks that are still to be sent, each behind an answer to CONNECT.
    unsent_marks: usize,
    /// Marks that were sent and have not come to the wire.
    marks: usize,
    waiting: VecDeque<Bytes>,
    /// Whether the first that waits has been begun.
    is_begun: bool,
    /// How many have been written.
    written: u64,
    /// How many are written before it is the service's turn, if that waits for it.
    due: Option<u64>,
    /// Whether the wire is in the middle of a frame of the service, or waits until there is room.
    pub(super) is_wire_busy: bool,
    /// Whether a flusher, or whoever waits until there is room, will look at it.
    is_awaited: bool,
    /// Who waits until there is room.
    slow: Option<AbortHandle>,
}

/// What an outlet writes to.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) writer: Writer,
    pub(super) closer: Arc<Closer>,
    pub(super) flusher: mpsc::UnboundedSender<Arc<Session>>,
    pub(super) traffic: Arc<Traffic>,
    /// How many packets may wait.
    pub(super) capacity: usize,
}

impl Line {
    /// What it takes to wait until there is room, and how long that may take.
    fn slow(&self) -> (Writer, Duration) {
        (self.writer.clone(), self.closer.stream.timeout)
    }
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It will be written.
    Taken,
    /// Too many wait already.
    Full,
    /// It is the service that writes to this client.
    ByService,
}

impl Outlet {
    /// Lets packets through to `line`, as soon as the session speaks WebSocket. Not if there is a
    /// line already: a session speaks one WebSocket, whoever asks for another.
    pub(super) fn connect(&mut self, line: Line) -> bool {
        let first = self.line.is_none() && !self.is_open;
        if first {
            self.line = Some(line);
        }
        first
    }

    /// Takes no more, and forgets all that has not been begun: the connection ends.
    pub(super) fn end(&mut self) {
        self.line = None;
        self.waiting.truncate(usize::from(self.is_begun));
        // It holds the connection open as long as it waits.
        if let Some(slow) = self.slow.take() {
            slow.abort();
        }
    }

    /// Whether what waits may be written now.
    fn flows(&self) -> bool {
        self.unsent_marks == 0 && self.marks == 0
    }

    /// Whether marks are on their way to the wire.
    pub(super) fn expects_mark(&self) -> bool {
        self.marks > 0
    }

    /// Notes that a mark has come to the wire.
    pub(super) fn mark_came(&mut self) {
        self.marks = self.marks.saturating_sub(1);
    }

    /// Lets the service have its turn when what waits now is written, and not what is sent from now
    /// on: its pings would come too late to somebody who is always told something.
    pub(super) fn let_wait_for_turn(&mut self) {
        self.due.get_or_insert(self.written + self.waiting.len() as u64);
    }

    /// Notes that the service has had its turn.
    pub(super) fn had_turn(&mut self) {
        self.due = None;
    }

    /// Opens the outlet of a session that speaks WebSocket by now. Tells whether it is open.
    fn open(&mut self, socket: &SocketRef) -> Result<bool, SocketError> {
        let may_open = self.line.is_some() && socket.transport_type() == TransportType::Websocket;
        if !self.is_open && may_open {
            send_mark(socket)?;
            self.marks += 1;
            self.is_open = true;
        }
        Ok(self.is_open)
    }

    /// What is to be written next: the rest of a frame that was begun, then `first`, then as much
    /// as there is if it may be written.
    pub(super) fn slices<'a>(&'a self, first: &'a [u8], slices: &mut [IoSlice<'a>]) -> usize {
        let begun = usize::from(self.is_begun);
        let ready = (!first.is_empty()).then_some(first);
        let others = match self.due {
            _ if !self.flows() => begun,
            Some(due) => usize::try_from(due - self.written).unwrap_or(usize::MAX),
            None => usize::MAX,
        };
        let (begun, others) =
            (self.waiting.iter().take(begun), self.waiting.iter().take(others).skip(begun));
        let all = begun.map(Bytes::as_ref).chain(ready).chain(others.map(Bytes::as_ref));
        slices.iter_mut().zip(all).map(|(slice, it)| *slice = IoSlice::new(it)).count()
    }

    /// Notes that so many bytes of the [slices](Self::slices) were written, of which `first` were
    /// somebody else's. Tells how many of those were, and how many packets of ours have begun.
    pub(super) fn wrote(&mut self, mut count: usize, mut first: usize) -> (usize, u64) {
        let (mut of_first, mut packets) = (0, 0);
        while count > 0 {
            if !self.is_begun && first > 0 {
                of_first = count.min(first);
                (count, first) = (count - of_first, 0);
                continue;
            }
            let Some(frame) = self.waiting.front_mut() else { break };
            packets += u64::from(!self.is_begun);
            if count < frame.len() {
                frame.advance(count);
                self.is_begun = true;
                break;
            }
            count -= frame.len();
            self.waiting.pop_front();
            self.written += 1;
            self.is_begun = false;
        }
        if self.waiting.is_empty() {
            self.waiting.shrink_to(KEPT_ROOM);
        }
        (of_first, packets)
    }

    /// Writes as much as it can. Fails with [`io::ErrorKind::WouldBlock`] if that is not all that
    /// may be written.
    fn write(&mut self) -> io::Result<()> {
        if self.is_wire_busy {
            // It asks for what waits here when it is done.
            return Ok(());
        }
        loop {
            let Some(line) = &self.line else { return Ok(()) };
            let mut slices = [IoSlice::new(&[]); FRAMES];
            let count = self.slices(&[], &mut slices);
            if count == 0 {
                return Ok(());
            }
            let written = line.writer.try_write(&slices[..count])?;
            let traffic = Arc::clone(&line.traffic);
            let (_, packets) = self.wrote(written, 0);
            traffic.sent.add(written, packets);
        }
    }

    /// Ends a connection that cannot be written to.
    fn fail(&mut self) {
        if let Some(line) = &self.line {
            line.closer.close();
        }
        self.end();
    }
}

/// What an outlet writes with the frames of somebody else.
pub(super) fn no_slices<'a>() -> [IoSlice<'a>; FRAMES] {
    [IoSlice::new(&[]); FRAMES]
}

impl Session {
    /// Holds what is sent from now on until the answer to a CONNECT is written, which the service
    /// will send.
    pub(crate) fn hold(&self, socket: &SocketRef) {
        let mut outlet = lock(self.outlet());
        if outlet.line.is_some() && socket.transport_type() == TransportType::Websocket {
            outlet.is_open = true;
            outlet.unsent_marks += 1;
        }
    }

    /// Lets go on what was held for `socket`, behind the answer that the service has sent.
    pub(crate) fn release(&self, socket: &SocketRef) {
        let mut outlet = lock(self.outlet());
        if outlet.unsent_marks == 0 {
            return;
        }
        outlet.unsent_marks -= 1;
        match send_mark(socket) {
            Ok(()) => outlet.marks += 1,
            // Its queue is full of what nobody reads, or it is gone.
            Err(_) => outlet.fail(),
        }
    }

    /// Sends a packet to `socket`, framed as it goes over the connection; none if it cannot be.
    ///
    /// # Errors
    ///
    /// As the service has them when a session goes over to WebSocket.
    pub(crate) fn push(
        self: &Arc<Self>,
        socket: &SocketRef,
        frame: impl FnOnce() -> Option<Bytes>,
    ) -> Result<Pushed, SocketError> {
        let mut outlet = lock(self.outlet());
        if !outlet.open(socket)? {
            return Ok(Pushed::ByService);
        }
        self.take(&mut outlet, frame)
    }

    fn take(
        self: &Arc<Self>,
        outlet: &mut Outlet,
        frame: impl FnOnce() -> Option<Bytes>,
    ) -> Result<Pushed, SocketError> {
        let Some(line) = &outlet.line else { return Err(SocketError::Closed) };
        if outlet.waiting.len() >= line.capacity {
            return Ok(Pushed::Full);
        }
        outlet.waiting.extend(frame());
        self.flush_soon(outlet);
        Ok(Pushed::Taken)
    }

    /// Whether no packet can be pushed; `None` where the service knows.
    pub(crate) fn is_full(&self) -> Option<bool> {
        let outlet = lock(self.outlet());
        let line = outlet.line.as_ref().filter(|_| outlet.is_open)?;
        Some(outlet.waiting.len() >= line.capacity)
    }

    /// Whether more waits than is written at once.
    pub(crate) fn is_busy(&self) -> bool {
        lock(self.outlet()).waiting.len() > FRAMES
    }

    /// Sees to it that what waits is written.
    pub(super) fn flush_soon(self: &Arc<Self>, outlet: &mut Outlet) {
        let idle = !outlet.is_awaited && !outlet.is_wire_busy;
        if idle
            && outlet.flows()
            && !outlet.waiting.is_empty()
            && let Some(line) = &outlet.line
        {
            // It ends with the runtime only.
            outlet.is_awaited = line.flusher.send(Arc::clone(self)).is_ok();
        }
    }

    /// Writes what waits, or lets somebody wait until there is room.
    pub(super) fn flush(self: &Arc<Self>) {
        let mut outlet = lock(self.outlet());
        outlet.is_awaited = false;
        match outlet.write() {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                outlet.is_awaited = true;
                let slow = tokio::spawn(Arc::clone(self).flush_slowly());
                outlet.slow = Some(slow.abort_handle());
            }
            Err(_) => outlet.fail(),
        }
    }

    /// Writes what waits for as long as the client reads some of it now and then.
    async fn flush_slowly(self: Arc<Self>) {
        loop {
            let line = lock(self.outlet()).line.as_ref().map(Line::slow);
            let Some((writer, patience)) = line else { return };
            let writable = timeout(patience, writer.writable()).await;
            let mut outlet = lock(self.outlet());
            let written = match writable {
                Ok(Ok(())) => outlet.write(),
                Ok(Err(error)) => Err(error),
                Err(late) => Err(late.into()),
            };
            match written {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(()) => {
                    outlet.is_awaited = false;
                    return self.flush_soon(&mut outlet);
                }
                Err(_) => return outlet.fail(),
            }
        }
    }
}

/// Sends a mark through the service, behind everything that it has been given.
fn send_mark(socket: &SocketRef) -> Result<(), SocketError> {
    match socket.emit(MARK, &()) {
        Ok(()) => Ok(()),
        Err(socketioxide::SendError::Socket(error)) => Err(error),
        Err(socketioxide::SendError::Serialize(_)) => Err(SocketError::Closed),
    }
}

#[cfg(test)]
mod tests;
