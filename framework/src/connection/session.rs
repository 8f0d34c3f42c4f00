//! What the requests of one Engine.IO session share with its sockets.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Instant,
};

use axum::extract::{ConnectInfo, Request};
use serde_json::value::RawValue;
use socketioxide::{TransportType, extract::SocketRef};

use super::{PublicId, outlet::Outlet, recent_errors::RecentErrors, sessions::Sessions};
use crate::{
    listener::{Closer, Peer},
    recovery::Pid,
    settings::Parser,
};

/// One Engine.IO session. It is among the extensions of the request that opened it, which the
/// service keeps as long as the session lives.
#[derive(Debug, Default)]
pub(crate) struct Session {
    announced: Mutex<Vec<(String, Announced)>>,
    errors: RecentErrors,
    parser: Parser,
    /// What a client is told that polls and does not write as the server reads.
    refusal: Mutex<Option<String>>,
    refused: AtomicBool,
    /// Whether the service has sent its first ping.
    pinged: AtomicBool,
    /// The connection that its WebSocket runs over.
    websocket: Mutex<Option<Arc<Closer>>>,
    outlet: Mutex<Outlet>,
    /// Where a session that begins with polling is listed, and under which id.
    listed: OnceLock<(Weak<Sessions>, String)>,
}

/// What is to be told to a client with the next answer to its CONNECT.
#[derive(Debug)]
pub(crate) enum Announced {
    /// It is in, under this id, and can come back with this secret.
    Connected(PublicId, Option<Pid>),
    /// It is refused, with this error object.
    Refused(Box<RawValue>),
}

impl Session {
    pub(super) fn new(parser: Parser) -> Arc<Self> {
        Arc::new(Self {
            parser,
            announced: Mutex::default(),
            errors: RecentErrors::default(),
            refusal: Mutex::default(),
            refused: AtomicBool::default(),
            pinged: AtomicBool::default(),
            websocket: Mutex::default(),
            outlet: Mutex::default(),
            listed: OnceLock::default(),
        })
    }

    /// How its packets are written.
    pub(super) fn parser(&self) -> Parser {
        self.parser
    }

    /// The session that `socket` belongs to; none if its request did not come in by the layer.
    pub(crate) fn of(socket: &SocketRef) -> Option<&Arc<Self>> {
        socket.req_parts().extensions.get()
    }

    /// Notes what the next CONNECT or `CONNECT_ERROR` of `namespace` has to say.
    pub(crate) fn announce(&self, namespace: &str, what: Announced) {
        lock(&self.announced).push((namespace.to_owned(), what));
    }

    /// Whether a CONNECT or `CONNECT_ERROR` is on its way.
    pub(super) fn has_announced(&self) -> bool {
        !lock(&self.announced).is_empty()
    }

    /// Takes what was first noted for `namespace`, among what `fits`.
    pub(super) fn take_announced(
        &self,
        namespace: &str,
        fits: fn(&Announced) -> bool,
    ) -> Option<Announced> {
        let mut announced = lock(&self.announced);
        let found = announced.iter().position(|(ns, what)| ns == namespace && fits(what))?;
        let (_, taken) = announced.remove(found);
        if announced.is_empty() {
            // Most sessions never have more, and live long.
            *announced = Vec::new();
        }
        Some(taken)
    }

    /// Notes what the next poll is answered with, and nothing else. Tells whether it is the first
    /// time.
    pub(super) fn refuse(&self, refusal: String) -> bool {
        *lock(&self.refusal) = Some(refusal);
        !self.refused.swap(true, Relaxed)
    }

    pub(super) fn take_refusal(&self) -> Option<String> {
        lock(&self.refusal).take()
    }

    /// Whether the first ping is still to come, which the service sends at once. Clients expect it
    /// after `pingInterval`, so it is kept from them, and answered here.
    pub(super) fn awaits_ping(&self) -> bool {
        !self.pinged.load(Relaxed)
    }

    /// Notes a ping of the service, and tells whether it is the first one.
    pub(super) fn take_first_ping(&self) -> bool {
        !self.pinged.swap(true, Relaxed)
    }

    /// Notes the connection by which the session speaks WebSocket from now on, and returns it. Not
    /// if packets are written to another one already.
    pub(super) fn speaks_websocket(&self, request: &Request) -> Option<Arc<Closer>> {
        let peer = request.extensions().get::<ConnectInfo<Peer>>();
        let closer = peer.map(|it| Arc::clone(&it.0.closer));
        if !lock(&self.outlet).has_line() {
            lock(&self.websocket).clone_from(&closer);
        }
        closer
    }

    /// The connection that its WebSocket runs over, if it is one of the server's.
    pub(super) fn websocket(&self) -> Option<Arc<Closer>> {
        lock(&self.websocket).clone()
    }

    /// What is on its way to its WebSocket.
    pub(super) fn outlet(&self) -> &Mutex<Outlet> {
        &self.outlet
    }

    /// Notes where the session is listed, so that it is taken off the list when it ends.
    pub(super) fn is_listed(&self, list: &Arc<Sessions>, id: &str) {
        // It is opened once, so it is listed once.
        let _ = self.listed.set((Arc::downgrade(list), id.to_owned()));
    }

    /// Notes that the client has sent what cannot be understood, and tells whether it has done
    /// so `most` times in ten minutes.
    pub(crate) fn has_erred_too_often(&self, most: usize) -> bool {
        self.errors.add(most, Instant::now())
    }

    /// Ends the connection under `socket`, however little its client reads. Tells whether there
    /// is one: a polling client has none between two polls.
    pub(crate) fn close(socket: &SocketRef) -> bool {
        if socket.transport_type() != TransportType::Websocket {
            return false;
        }
        let websocket = Self::of(socket).and_then(|it| it.websocket());
        if let Some(closer) = &websocket {
            closer.close();
        }
        websocket.is_some()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some((list, id)) = self.listed.get()
            && let Some(list) = list.upgrade()
        {
            list.remove(id);
        }
    }
}

/// Nothing can panic under these locks and leave them half-changed.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
