//! The place of one socket, which it gives up to itself when it comes back.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
    time::Instant,
};

use socketioxide::{
    SendError, SocketError,
    adapter::LocalAdapter,
    extract::SocketRef,
    socket::{DisconnectReason, Socket},
};

use super::{
    Absence, EVERYBODY, Entered, Kept, Owner, Pid, Recovery, Returning, Shown, absence::Estate,
    lock, offset::Offset,
};
use crate::{
    connection::PublicId,
    gateway::{Emission, Frame, hang_up},
};

/// What one socket has to be recovered by, among its extensions.
pub(crate) struct Seat {
    recovery: Arc<Recovery>,
    socket: Weak<Socket<LocalAdapter>>,
    id: PublicId,
    pid: Pid,
    owner: Option<Owner>,
    has_recovered: bool,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    begun: Offset,
    unkept: Offset,
    /// When it has entered its channels, as far as it has told; the others since the beginning.
    entered: Entered,
    /// What is half done, so that whoever came back would never hear the rest.
    unfinished: usize,
    estate: Arc<Estate>,
}

enum Phase {
    /// It is let in, and hears nothing yet. Who comes back is given this first.
    Coming(Option<Returning>),
    Here,
    /// Its connection is lost, and somebody may come back, or has.
    Away,
    /// It is gone for good.
    Over,
}

/// A socket could not be given what it has missed.
#[derive(Debug)]
pub(crate) struct NotRestored;

impl Seat {
    /// The seat of a socket; none where nothing is recovered.
    pub(crate) fn of(socket: &SocketRef) -> Option<Arc<Self>> {
        socket.extensions.get()
    }

    /// Gives a socket that is let in a seat, and its id: those that it had before, if it can show
    /// so and has not missed too much.
    pub(crate) fn take(
        recovery: &Arc<Recovery>,
        socket: &Arc<Socket<LocalAdapter>>,
        owner: Option<Owner>,
        shown: Option<Shown>,
    ) -> Arc<Self> {
        let returning = shown.as_ref().and_then(|it| recovery.take(it, owner.as_ref()));
        let has_recovered = returning.is_some();
        let (id, pid) = match (&returning, shown) {
            (Some(it), Some(shown)) => (it.absence.id.clone(), shown.pid),
            _ => (PublicId::random(), Pid::random()),
        };
        socket.extensions.insert(id.clone());
        let state = Mutex::new(State {
            phase: Phase::Coming(returning),
            begun: Offset::default(),
            unkept: Offset::default(),
            entered: HashMap::new(),
            unfinished: 0,
            estate: Arc::default(),
        });
        let seat = Arc::new(Self {
            recovery: Arc::clone(recovery),
            socket: Arc::downgrade(socket),
            id,
            pid,
            owner,
            has_recovered,
            state,
        });
        let left = lock(&recovery.members).seat(&seat.pid, &seat);
        drop(left);
        socket.extensions.insert(Arc::clone(&seat));
        if has_recovered {
            recovery.recoveries.count_recovered();
        }
        seat
    }

    pub(crate) fn id(&self) -> &PublicId {
        &self.id
    }

    pub(crate) fn pid(&self) -> &Pid {
        &self.pid
    }

    pub(crate) fn has_recovered(&self) -> bool {
        self.has_recovered
    }

    /// Lets a new socket hear what is emitted from now on, in its own channel and in that of all.
    /// One that comes back hears nothing until it is [restored](Self::restore).
    pub(crate) fn begin(&self, socket: &SocketRef) {
        let mut state = lock(&self.state);
        if !matches!(state.phase, Phase::Coming(None)) {
            return;
        }
        let log = lock(&self.recovery.log);
        state.begun = log.last();
        socket.join(self.own_channels());
        state.phase = Phase::Here;
    }

    fn own_channels(&self) -> [String; 2] {
        [String::from(self.id.clone()), EVERYBODY.to_owned()]
    }

    /// The channels that a socket was in that comes back, without those that it is in anyway;
    /// `None` if it does not come back.
    pub(crate) fn former_channels(&self) -> Option<Vec<String>> {
        let state = lock(&self.state);
        let Phase::Coming(Some(Returning { absence, .. })) = &state.phase else { return None };
        let own = self.own_channels();
        Some(absence.channels.keys().filter(|it| !own.contains(it)).cloned().collect())
    }

    /// Gives a socket that comes back what it has missed in these channels, and lets it hear what
    /// is emitted from now on. Nothing is emitted in between.
    ///
    /// # Errors
    ///
    /// It has missed too much by now, or does not read. It hears nothing then.
    pub(crate) fn restore(
        &self,
        socket: &SocketRef,
        channels: &[String],
    ) -> Result<(), NotRestored> {
        let mut state = lock(&self.state);
        let returning = match std::mem::replace(&mut state.phase, Phase::Here) {
            Phase::Coming(Some(returning)) => returning,
            // It is gone, or has come back another time.
            other => {
                state.phase = other;
                return Ok(());
            }
        };
        let Returning { absence, seen } = &returning;
        let own = self.own_channels();
        let stays = |it: &String| own.contains(it) || channels.contains(it);
        let before = absence.channels.iter().filter(|(channel, _)| stays(channel));
        let before: Entered = before.map(|(channel, since)| (channel.clone(), *since)).collect();
        state.entered.extend(before);
        (state.begun, state.unkept) = (absence.begun, state.unkept.max(absence.unkept));

        let log = lock(&self.recovery.log);
        let restored = log.missed(*seen, &state.entered, self.recovery.limits.missed);
        let restored = restored.ok_or(NotRestored).and_then(|missed| {
            for (offset, frame) in missed {
                let sent = Emission::new(frame, Some(log.told(offset))).send(socket);
                if matches!(sent, Err(SendError::Socket(SocketError::InternalChannelFull))) {
                    return Err(NotRestored);
                }
            }
            socket.join(state.entered.keys().cloned().collect::<Vec<_>>());
            Ok(())
        });
        drop(log);
        drop(state);
        // Only now, when nothing is locked: features may have left something with it.
        drop(returning);
        restored
    }

    /// Sends an event to this socket alone, and keeps it if it may be sent again from here.
    pub(crate) fn emit(
        &self,
        socket: &SocketRef,
        frame: &Frame,
        keep: bool,
    ) -> Result<(), SendError> {
        let mut state = lock(&self.state);
        let mut log = lock(&self.recovery.log);
        let offset = log.next();
        if matches!(state.phase, Phase::Coming(_)) {
            // It overtakes what was missed: its offset would say that all of that was seen.
            state.unkept = offset;
            return Emission::new(frame, None).send(socket);
        }
        let sent = Emission::new(frame, Some(log.told(offset))).send(socket);
        match &sent {
            Err(SendError::Socket(SocketError::Closed)) if matches!(state.phase, Phase::Over) => {}
            Err(SendError::Serialize(_) | SendError::Socket(SocketError::InternalChannelFull)) => {}
            _ if keep => {
                let channels = vec![String::from(self.id.clone())];
                let except = Vec::new();
                self.recovery
                    .keep(&mut log, Kept { offset, channels, except, frame: frame.clone() });
            }
            _ => state.unkept = offset,
        }
        sent
    }

    /// Lets the socket hear a channel from now on, and remembers since when.
    pub(super) fn hear(&self, socket: &SocketRef, channel: String) {
        let mut state = lock(&self.state);
        let log = lock(&self.recovery.log);
        let joins = match state.phase {
            Phase::Coming(_) => false,
            Phase::Here => true,
            Phase::Away | Phase::Over => return,
        };
        state.entered.insert(channel.clone(), log.last());
        if joins {
            socket.join(channel);
        }
    }

    /// Begins something that must not be interrupted, or ends it.
    pub(super) fn count_unfinished(&self, begins: bool) {
        let unfinished = &mut lock(&self.state).unfinished;
        *unfinished = if begins { *unfinished + 1 } else { unfinished.saturating_sub(1) };
    }

    /// Keeps a thing for as long as the socket may come back.
    pub(super) fn leave(&self, thing: Box<dyn Any + Send>) {
        let estate = Arc::clone(&lock(&self.state).estate);
        estate.leave(thing);
    }

    /// Notes that the socket is not to be recovered: it has missed something.
    pub(crate) fn spoil(&self) {
        let spoilt = std::mem::replace(&mut lock(&self.state).phase, Phase::Over);
        self.end(spoilt);
    }

    /// Notes that the socket is gone, and keeps its place if its client may come back.
    pub(crate) fn vacate(&self, socket: &SocketRef, reason: DisconnectReason) {
        let mut state = lock(&self.state);
        if matches!(state.phase, Phase::Away) {
            // Somebody else has the seat by now.
            return;
        }
        if !is_recoverable(reason) {
            let over = std::mem::replace(&mut state.phase, Phase::Over);
            drop(state);
            return self.end(over);
        }
        match self.absence(&mut state, socket) {
            Some(absence) => {
                // Under the lock: whoever finds the seat vacated finds the absence.
                let dropped = self.recovery.put_away(&self.pid, absence);
                drop(state);
                // And not under it: whatever a feature has left may lock something of its own.
                drop(dropped);
            }
            None => {
                drop(state);
                self.end(Phase::Over);
            }
        }
    }

    /// Gives the seat up to somebody who has shown its pid, and closes the connection: it is
    /// half open, and nobody has noticed yet.
    pub(super) fn give_up(&self) -> Option<Absence> {
        let socket = SocketRef::from(self.socket.upgrade()?);
        let mut state = lock(&self.state);
        if matches!(state.phase, Phase::Away | Phase::Over) {
            return None;
        }
        let absence = self.absence(&mut state, &socket);
        drop(state);
        socket.leave_all();
        hang_up(&socket);
        absence
    }

    /// What the socket leaves; `None` if nobody can come back to it.
    fn absence(&self, state: &mut State, socket: &SocketRef) -> Option<Absence> {
        let until = Instant::now() + self.recovery.limits.away;
        match std::mem::replace(&mut state.phase, Phase::Away) {
            Phase::Coming(Some(Returning { mut absence, .. })) => {
                absence.unkept = absence.unkept.max(state.unkept);
                absence.until = until;
                Some(absence)
            }
            Phase::Here if state.unfinished == 0 => {
                let rooms = socket.rooms().into_iter().map(String::from);
                let since = |it: &String| state.entered.get(it).copied().unwrap_or(state.begun);
                Some(Absence {
                    id: self.id.clone(),
                    owner: self.owner.clone(),
                    begun: state.begun,
                    unkept: state.unkept,
                    channels: rooms.map(|it| (it.clone(), since(&it))).collect(),
                    estate: Arc::clone(&state.estate),
                    until,
                })
            }
            Phase::Away => None,
            Phase::Here | Phase::Coming(None) | Phase::Over => {
                state.phase = Phase::Over;
                None
            }
        }
    }

    /// Forgets what is left of a seat that is over, and was in this phase before.
    fn end(&self, before: Phase) {
        if !matches!(before, Phase::Away) {
            lock(&self.recovery.members).forget(&self.pid, self);
            let estate = Arc::clone(&lock(&self.state).estate);
            estate.close();
        }
    }
}

impl Drop for Seat {
    /// Puts back what was taken by a socket whose connection broke before it came in.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        match std::mem::replace(&mut state.phase, Phase::Over) {
            Phase::Coming(Some(returning)) => {
                drop(self.recovery.put_away(&self.pid, returning.absence));
            }
            Phase::Coming(None) | Phase::Here => {
                lock(&self.recovery.members).forget(&self.pid, self);
            }
            Phase::Away | Phase::Over => {}
        }
    }
}

/// Whether a connection has ended by itself, so that its client comes back by itself.
fn is_recoverable(reason: DisconnectReason) -> bool {
    use DisconnectReason as Reason;
    match reason {
        Reason::TransportClose
        | Reason::TransportError
        | Reason::HeartbeatTimeout
        | Reason::MultipleHttpPollingError
        | Reason::PacketParsingError => true,
        Reason::ClientNSDisconnect | Reason::ServerNSDisconnect | Reason::ClosingServer => false,
    }
}
