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
//! session polls. So that nothing overtakes that, what is sent from then on is held when the outlet
//! takes over, and a mark is sent the other way: what is held is written when the mark has come to
//! the [`Wire`], which keeps it to itself.
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
    /// Behind which packet each mark holds the rest until it comes to the wire, by how many are
    /// written then. Marks may be sent in another order than this: whoever sends one later has
    /// nothing to say before it, so the first one lets the least go on.
    held: VecDeque<u64>,
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

/// What became of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// All will be written.
    Taken,
    /// Too many wait already, so that one is missed, and those behind it.
    Full,
    /// It is the service that writes to this client.
    ByService,
}

impl Outlet {
    /// Lets packets through to `line`, as soon as the session speaks WebSocket. Not if there is a
    /// line already: a session speaks one WebSocket, whoever asks for another.
    pub(super) fn connect(&mut self, line: Line) -> bool {
        let first = self.line.is_none();
        if first {
            self.line = Some(line);
        }
        first
    }

    /// Takes no more, and forgets all that has not been begun: the connection ends.
    pub(super) fn end(&mut self) {
        (self.line, self.is_open) = (None, false);
        self.held.clear();
        self.waiting.truncate(usize::from(self.is_begun));
        // It holds the connection open as long as it waits.
        if let Some(slow) = self.slow.take() {
            slow.abort();
        }
    }

    pub(super) fn has_line(&self) -> bool {
        self.line.is_some()
    }

    /// How many packets have been sent through here, those that wait among them.
    fn sent(&self) -> u64 {
        self.written + self.waiting.len() as u64
    }

    /// How many of those that wait may be written, but for the service's turn.
    fn flowing(&self) -> usize {
        let upto = self.held.front().copied().unwrap_or(u64::MAX);
        let flowing = usize::try_from(upto.saturating_sub(self.written)).unwrap_or(usize::MAX);
        flowing.min(self.waiting.len()).max(usize::from(self.is_begun))
    }

    /// Whether a mark is on its way to the wire.
    pub(super) fn expects_mark(&self) -> bool {
        !self.held.is_empty()
    }

    /// Notes that a mark has come to the wire.
    pub(super) fn mark_came(&mut self) {
        self.held.pop_front();
    }

    /// Lets the service have its turn when what waits now is written, and not what is sent from now
    /// on: its pings would come too late to somebody who is always told something.
    pub(super) fn let_wait_for_turn(&mut self) {
        let sent = self.sent();
        self.due.get_or_insert(sent);
    }

    /// Notes that the service has had its turn.
    pub(super) fn had_turn(&mut self) {
        self.due = None;
    }

    /// Opens the outlet of a session that speaks WebSocket by now. Tells whether it is open.
    fn open(&mut self, socket: &SocketRef) -> Result<bool, SocketError> {
        if !self.is_open && self.may_open(socket) {
            match send_mark(socket) {
                Ok(()) => self.held.push_back(self.sent()),
                // The service knows what to do with what is sent to a socket that has left.
                Err(SocketError::Closed) => return Ok(false),
                Err(full) => return Err(full),
            }
            self.is_open = true;
        }
        Ok(self.is_open)
    }

    fn may_open(&self, socket: &SocketRef) -> bool {
        self.line.is_some() && socket.transport_type() == TransportType::Websocket
    }

    /// What is to be written next: the rest of a frame that was begun, then `first`, then as much
    /// as there is if it may be written.
    pub(super) fn slices<'a>(&'a self, first: &'a [u8], slices: &mut [IoSlice<'a>]) -> usize {
        let begun = usize::from(self.is_begun);
        let ready = (!first.is_empty()).then_some(first);
        let due = self.due.map_or(u64::MAX, |it| it.saturating_sub(self.written));
        let others = self.flowing().min(usize::try_from(due).unwrap_or(usize::MAX)).max(begun);
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
            if line.closer.is_closed() {
                self.end();
                return Ok(());
            }
            let mut slices = no_slices();
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

/// Room for as many slices as are written at once.
pub(super) fn no_slices<'a>() -> [IoSlice<'a>; FRAMES] {
    [IoSlice::new(&[]); FRAMES]
}

impl Session {
    /// Holds what is sent from now on until the answer to a CONNECT is written, which the service
    /// will send. Tells whether it does, and is to be [released](Self::release).
    ///
    /// It opens the outlet without a mark: that of the release is behind everything, too.
    pub(crate) fn hold(&self, socket: &SocketRef) -> bool {
        let mut outlet = lock(self.outlet());
        let holds = outlet.may_open(socket);
        if holds {
            outlet.is_open = true;
            let sent = outlet.sent();
            outlet.held.push_back(sent);
        }
        holds
    }

    /// Lets go on what was held for `socket`, behind the answer that the service has sent.
    pub(crate) fn release(self: &Arc<Self>, socket: &SocketRef) {
        let mut outlet = lock(self.outlet());
        if outlet.held.is_empty() {
            return;
        }
        match send_mark(socket) {
            Ok(()) => {}
            // It has left already, and what was sent to it does not matter.
            Err(SocketError::Closed) => {
                outlet.held.pop_back();
                self.flush_soon(&mut outlet);
            }
            // The service's queue is full of what nobody reads.
            Err(_) => outlet.fail(),
        }
    }

    /// Sends packets to `socket`, framed as they go over the connection, as long as there is room. They
    /// are asked for only if they go this way.
    ///
    /// # Errors
    ///
    /// As the service has them when a session goes over to WebSocket.
    pub(crate) fn push(
        self: &Arc<Self>,
        socket: &SocketRef,
        frames: impl Iterator<Item = Bytes>,
    ) -> Result<Pushed, SocketError> {
        let mut outlet = lock(self.outlet());
        if !outlet.open(socket)? {
            return Ok(Pushed::ByService);
        }
        self.take(&mut outlet, frames)
    }

    fn take(
        self: &Arc<Self>,
        outlet: &mut Outlet,
        mut frames: impl Iterator<Item = Bytes>,
    ) -> Result<Pushed, SocketError> {
        let line = outlet.line.as_ref().filter(|it| !it.closer.is_closed());
        let Some(line) = line else { return Err(SocketError::Closed) };
        let capacity = line.capacity;
        if outlet.waiting.capacity() == 0 {
            // Most sessions are told one thing now and then.
            outlet.waiting.reserve_exact(1);
        }
        let is_full = loop {
            let is_full = outlet.waiting.len() >= capacity;
            match frames.next() {
                Some(frame) if !is_full => outlet.waiting.push_back(frame),
                missed => break missed.is_some(),
            }
        };
        self.flush_soon(outlet);
        Ok(if is_full { Pushed::Full } else { Pushed::Taken })
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

    /// Sees to it that what may be written is: by a flusher, in whose queue the session is then, or by
    /// whoever waits already until there is room. As long as the wire is busy, by nobody: it calls
    /// this when it is done.
    pub(super) fn flush_soon(self: &Arc<Self>, outlet: &mut Outlet) {
        let idle = !outlet.is_awaited && !outlet.is_wire_busy;
        if idle
            && outlet.flowing() > 0
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
                    (outlet.is_awaited, outlet.slow) = (false, None);
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
