//! Who is in which room, and who has something to be written.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    io,
    rc::Rc,
};

use tokio::{net::tcp::OwnedWriteHalf, sync::Notify};

/// Bytes of a buffer that an idle client may keep.
const KEPT_BUFFER: usize = 16 * 1024;

/// Clients in the order of their coming.
type Peers = Vec<Rc<Peer>>;

/// All clients.
#[derive(Default)]
pub(crate) struct Hub {
    rooms: RefCell<HashMap<Box<[u8]>, Peers>>,
    dirty: RefCell<Peers>,
    wake: Notify,
    messages: Cell<u64>,
}

/// A client.
pub(crate) struct Peer {
    pub(crate) number: u64,
    pub(crate) stream: OwnedWriteHalf,
    outgoing: RefCell<Vec<u8>>,
    is_dirty: Cell<bool>,
    /// Whether its socket takes nothing more, and who waits until it does.
    pub(crate) is_full: Cell<bool>,
    pub(crate) full: Notify,
}

impl Hub {
    /// Writes what has been put to clients, once every turn of the event loop.
    pub(crate) async fn flush_forever(self: Rc<Self>) {
        loop {
            self.wake.notified().await;
            for peer in self.dirty.take() {
                peer.is_dirty.set(false);
                peer.flush();
            }
        }
    }

    /// Puts a frame to what the client gets next.
    pub(crate) fn put(&self, peer: &Rc<Peer>, frame: &[u8]) {
        peer.outgoing.borrow_mut().extend_from_slice(frame);
        if !peer.is_dirty.replace(true) {
            let mut dirty = self.dirty.borrow_mut();
            dirty.push(Rc::clone(peer));
            if dirty.len() == 1 {
                self.wake.notify_one();
            }
        }
    }

    pub(crate) fn join(&self, room: &[u8], peer: &Rc<Peer>) {
        self.rooms.borrow_mut().entry(room.into()).or_default().push(Rc::clone(peer));
    }

    pub(crate) fn leave(&self, number: u64) {
        self.rooms.borrow_mut().values_mut().for_each(|it| it.retain(|it| it.number != number));
    }

    pub(crate) fn put_to_room(&self, room: &[u8], frame: &[u8]) {
        if let Some(peers) = self.rooms.borrow().get(room) {
            peers.iter().for_each(|it| self.put(it, frame));
        }
    }

    /// The number of the next message.
    pub(crate) fn next(&self) -> u64 {
        self.messages.replace(self.messages.get() + 1)
    }
}

impl Peer {
    pub(crate) fn new(number: u64, stream: OwnedWriteHalf) -> Rc<Self> {
        Rc::new(Self {
            number,
            stream,
            outgoing: RefCell::default(),
            is_dirty: Cell::new(false),
            is_full: Cell::new(false),
            full: Notify::new(),
        })
    }

    /// Writes as much as the socket takes.
    pub(crate) fn flush(&self) {
        let mut outgoing = self.outgoing.borrow_mut();
        if outgoing.is_empty() || self.is_full.get() {
            return;
        }
        match self.stream.try_write(&outgoing) {
            Ok(written) if written == outgoing.len() => outgoing.clear(),
            Ok(written) => {
                outgoing.drain(..written);
                self.wait();
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(),
            // The reading side will notice that the client is gone.
            Err(_) => outgoing.clear(),
        }
        if outgoing.is_empty() && outgoing.capacity() > KEPT_BUFFER {
            *outgoing = Vec::new();
        }
    }

    fn wait(&self) {
        self.is_full.set(true);
        self.full.notify_one();
    }
}
