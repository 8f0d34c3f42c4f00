//! Namespaces: which gateways serve them, and what happens when a socket connects.

use std::{
    collections::HashMap, fmt, future::Future, panic::AssertUnwindSafe, pin::Pin, sync::Arc,
};

use futures_util::FutureExt;
use serde_json::value::to_raw_value;
use socketioxide::{
    ProtocolVersion,
    adapter::LocalAdapter,
    extract::{Data, SocketRef},
    handler::{ConnectHandler, DisconnectHandler, FromConnectParts, Value},
    socket::{DisconnectReason, Socket},
};
use tokio::sync::watch;

use super::{
    Events, Gateway, Handshake,
    answer::Answer,
    arrived::Arrived,
    dispatch::{Call, Dispatcher, Received},
    emit::drop_out,
    events::ErasedHandler,
    extract::Incoming,
    mailbox::Mailbox,
    packet,
    rate::{Limits, RateClass, Used},
    refusals::Refusals,
};
use crate::{
    connection::{Announced, PublicId, Session},
    error::ClientError,
    provider::BoxFuture,
    recovery::{self, EVERYBODY, NotRestored, Recoveries, Recovery, Seat, Shown},
    request_limits::TooSoon,
    socket_io::SocketIo,
};

/// Every namespace that some gateway serves.
#[derive(Default)]
pub(crate) struct NamespaceTable {
    namespaces: HashMap<&'static str, Namespace>,
    presence: Presence,
}

/// Counts the sockets: each holds a receiver until its last hook has ended. The value
/// says whether the server is closing.
type Presence = watch::Sender<bool>;

impl NamespaceTable {
    /// Adds `gateway` to each of its namespaces.
    pub(crate) fn attach<G: Gateway>(&mut self, gateway: Arc<G>) {
        for path in G::NAMESPACES {
            let presence = &self.presence;
            let namespace = self
                .namespaces
                .entry(path)
                .or_insert_with(|| Namespace::new(G::ERROR_EVENT, presence.clone()));
            namespace.gateways.push(Arc::new(Attached(Arc::clone(&gateway))));
            for registration in Events::<G>::read().handlers {
                let handler = Bound {
                    gateway: Arc::clone(&gateway),
                    handler: registration.handler,
                    event: registration.event.name,
                    reply_event: registration.event.reply_event,
                    rate: registration.event.rate,
                    concurrent: registration.concurrent,
                };
                namespace.handlers.insert(registration.event.name, Box::new(handler));
            }
        }
    }

    /// Opens the namespaces on `io`.
    pub(crate) fn open(
        self,
        io: SocketIo,
        limits: Limits,
        recovery: Option<recovery::Limits>,
        recoveries: &Arc<Recoveries>,
        refusals: Refusals,
    ) -> Sockets {
        let refusals = Arc::new(refusals);
        let recovery =
            |path: &&'static str| Some((*path, Recovery::new(recovery?, Arc::clone(recoveries))));
        io.recover(self.namespaces.keys().filter_map(recovery).collect());
        for (path, mut namespace) in self.namespaces {
            namespace.recovery = io.recovery(path).map(Arc::clone);
            namespace.max_protocol_errors = limits.protocol_errors();
            namespace.refusals = Arc::clone(&refusals);
            namespace.limits = Some(limits).filter(|it| !it.are_off());
            io.ns(path, OnConnect(Arc::new(namespace)));
        }
        Sockets { io, presence: self.presence }
    }
}

/// The sockets of all namespaces.
pub(crate) struct Sockets {
    io: SocketIo,
    presence: Presence,
}

impl Sockets {
    /// Closes all connections, and waits until the `disconnected` hooks have ended.
    pub(crate) async fn close(&self) {
        self.presence.send_replace(true);
        let sockets: Vec<_> = self.io.nsps().into_iter().flat_map(|it| it.sockets()).collect();
        for socket in &sockets {
            say_goodbye(socket).await;
        }
        // socketioxide forgets its namespaces first, and then finds nobody to call
        // `on_disconnect` for.
        let leaving = async {
            for socket in sockets {
                leave(socket, DisconnectReason::ClosingServer);
            }
        };
        tokio::join!(self.io.close(), leaving);
        self.presence.closed().await;
    }
}

/// The handlers and hooks of one namespace, shared by its sockets.
pub(super) struct Namespace {
    handlers: HashMap<&'static str, Box<dyn Handler>>,
    gateways: Vec<Arc<dyn Hooks>>,
    /// Where events that nobody handles are complained about.
    pub(super) error_event: &'static str,
    /// How often each socket may send events; none if there is no limit.
    pub(super) limits: Option<Limits>,
    /// How many protocol errors disconnect a socket; 0 for none.
    pub(super) max_protocol_errors: usize,
    /// What its sockets are recovered by; none if they are not.
    recovery: Option<Arc<Recovery>>,
    refusals: Arc<Refusals>,
    presence: Presence,
}

impl Namespace {
    fn new(error_event: &'static str, presence: Presence) -> Self {
        Self {
            handlers: HashMap::new(),
            gateways: Vec::new(),
            error_event,
            limits: None,
            max_protocol_errors: 0,
            recovery: None,
            refusals: Arc::default(),
            presence,
        }
    }

    /// The handler of an event that is not yet parsed.
    pub(super) fn handler_of(&self, event: &Arrived) -> Option<&dyn Handler> {
        self.handlers.get(packet::name(event.text())?).map(AsRef::as_ref)
    }
}

/// A handler bound to its gateway.
pub(super) trait Handler: Send + Sync {
    fn error_event(&self) -> &'static str;
    fn reply_event(&self) -> Option<&'static str>;
    fn rate(&self) -> RateClass;

    /// Extracts the arguments; the returned call calls the handler and answers.
    fn prepare(&self, received: Received<'_>, answer: Answer) -> Result<Call, ClientError>;
}

struct Bound<G> {
    gateway: Arc<G>,
    handler: Box<dyn ErasedHandler<G>>,
    event: &'static str,
    reply_event: Option<&'static str>,
    rate: RateClass,
    concurrent: bool,
}

impl<G: Gateway> Handler for Bound<G> {
    fn error_event(&self) -> &'static str {
        G::ERROR_EVENT
    }

    fn reply_event(&self) -> Option<&'static str> {
        self.reply_event
    }

    fn rate(&self) -> RateClass {
        self.rate
    }

    fn prepare(&self, received: Received<'_>, answer: Answer) -> Result<Call, ClientError> {
        let Received { socket, payload, parts, value, ack_id } = received;
        let gateway = &self.gateway;
        let mut incoming = Incoming { socket, gateway, payload, parts, value, ack_id };
        let call = self.handler.prepare(&mut incoming, answer)?;
        let call = gateway.around(self.event, call);
        Ok(Call { call, concurrent: self.concurrent })
    }
}

/// The hooks of a gateway whose type is forgotten.
trait Hooks: Send + Sync {
    fn authenticate(&self, handshake: Handshake) -> BoxFuture<Result<(), ClientError>>;
    fn recovered(
        &self,
        socket: SocketRef,
        channels: Vec<String>,
    ) -> BoxFuture<Result<Vec<String>, ClientError>>;
    fn connected(&self, socket: SocketRef) -> BoxFuture<()>;
    fn closing(&self, socket: SocketRef) -> BoxFuture<()>;
    fn disconnected(&self, socket: SocketRef, reason: DisconnectReason) -> BoxFuture<()>;
}

struct Attached<G>(Arc<G>);

impl<G: Gateway> Hooks for Attached<G> {
    fn authenticate(&self, handshake: Handshake) -> BoxFuture<Result<(), ClientError>> {
        let gateway = Arc::clone(&self.0);
        Box::pin(async move { gateway.authenticate(handshake).await })
    }

    fn recovered(
        &self,
        socket: SocketRef,
        channels: Vec<String>,
    ) -> BoxFuture<Result<Vec<String>, ClientError>> {
        let gateway = Arc::clone(&self.0);
        Box::pin(async move { gateway.recovered(socket, channels).await })
    }

    fn connected(&self, socket: SocketRef) -> BoxFuture<()> {
        let gateway = Arc::clone(&self.0);
        Box::pin(async move { gateway.connected(socket).await })
    }

    fn closing(&self, socket: SocketRef) -> BoxFuture<()> {
        let gateway = Arc::clone(&self.0);
        Box::pin(async move { gateway.closing(socket).await })
    }

    fn disconnected(&self, socket: SocketRef, reason: DisconnectReason) -> BoxFuture<()> {
        let gateway = Arc::clone(&self.0);
        Box::pin(async move { gateway.disconnected(socket, reason).await })
    }
}

/// Lets sockets in. Handlers are in place before the client learns that it is
/// connected, so none of its events can come too early.
#[derive(Clone)]
struct OnConnect(Arc<Namespace>);

/// Lets sockets go, before anything else can happen on their connection: a client that
/// connects to the namespace again at once would otherwise be taken for the old one.
struct OnDisconnect;

impl DisconnectHandler<LocalAdapter, Ours> for OnDisconnect {
    fn call(&self, socket: Arc<Socket<LocalAdapter>>, reason: DisconnectReason) {
        vacate(SocketRef::from(socket), reason);
    }

    fn call_with_defer(
        &self,
        socket: Arc<Socket<LocalAdapter>>,
        reason: DisconnectReason,
        defer: fn(Arc<Socket<LocalAdapter>>),
    ) {
        vacate(SocketRef::from(Arc::clone(&socket)), reason);
        defer(socket);
    }
}

/// Distinguishes our implementation of socketioxide's handler traits from its own.
pub(super) enum Ours {}

impl ConnectHandler<LocalAdapter, Ours> for OnConnect {
    fn call_middleware<'a>(
        &'a self,
        socket: Arc<Socket<LocalAdapter>>,
        auth: &'a Option<Value>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Box<dyn fmt::Display + Send>>> + Send + 'a>> {
        Box::pin(async move {
            let id = PublicId::random();
            socket.extensions.insert(id.clone());
            let admitted = self.admit(&socket, auth).await;
            if let Err(error) = &admitted {
                self.0.refusals.count(error);
            }
            announce(&socket, id, &admitted);
            let admitted = admitted.map(drop);
            admitted.map_err(|error| Box::new(error.socket_code()) as Box<dyn fmt::Display + Send>)
        })
    }

    fn call(&self, socket: Arc<Socket<LocalAdapter>>, _auth: Option<Value>) {
        let Some(attendance) = socket.extensions.get::<Attendance>() else { return };
        let socket = SocketRef::from(socket);
        let welcomed = socket.clone();
        match Seat::of(&socket) {
            Some(seat) => seat.begin(&socket),
            // Its own channel, by which a single socket can be reached or left out.
            None => socket.join(String::from(PublicId::of(&socket))),
        }
        if attendance.namespace.recovery.is_some() {
            socket.join(EVERYBODY);
        }
        // What hooks emit goes behind the answer to CONNECT, also if one of them disconnects: then the
        // service takes no mark any more.
        if attendance.holds
            && let Some(session) = Session::of(&socket)
        {
            session.release(&socket);
        }
        attendance.mailbox.open(Box::pin(async move {
            if restore(&attendance.namespace, &welcomed).await.is_err() {
                drop_out(&welcomed);
            }
            for gateway in &attendance.namespace.gateways {
                undisturbed(gateway.connected(welcomed.clone())).await;
            }
        }));
        // `Sockets::close` has missed it if it was being authenticated then.
        if *self.0.presence.borrow() {
            socket.extensions.insert(Gone(DisconnectReason::ClosingServer));
        }
        if let Some(Gone(reason)) = socket.extensions.get() {
            leave(socket, reason);
        }
    }
}

/// Tells the layer below what the answer to the client's CONNECT has to say besides.
fn announce(
    socket: &Arc<Socket<LocalAdapter>>,
    id: PublicId,
    admitted: &Result<Option<Arc<Seat>>, ClientError>,
) {
    let socket = SocketRef::from(Arc::clone(socket));
    let Some(session) = announcing(&socket) else { return };
    match admitted.as_ref().map_err(|it| to_raw_value(&it.socket_body(None))) {
        Ok(Some(seat)) => {
            let (id, pid) = (seat.id().clone(), Some(seat.pid().clone()));
            session.announce(socket.ns(), Announced::Connected(id, pid));
        }
        Ok(None) => session.announce(socket.ns(), Announced::Connected(id, None)),
        Err(Ok(body)) => session.announce(socket.ns(), Announced::Refused(body)),
        Err(Err(error)) => tracing::error!(%error, "Could not encode an error: {error}"),
    }
}

/// Gives a socket that has come back what it has missed. Does nothing for one that has not.
async fn restore(namespace: &Namespace, socket: &SocketRef) -> Result<(), NotRestored> {
    let Some(seat) = Seat::of(socket) else { return Ok(()) };
    let Some(mut channels) = seat.former_channels() else { return Ok(()) };
    for gateway in &namespace.gateways {
        let recovered = AssertUnwindSafe(gateway.recovered(socket.clone(), channels));
        let Ok(Ok(kept)) = recovered.catch_unwind().await else { return Err(NotRestored) };
        channels = kept;
    }
    seat.restore(socket, &channels)
}

/// The session of a socket whose CONNECT is answered with more than the service knows. Socket.IO 2
/// has neither ids nor data in these packets.
fn announcing(socket: &SocketRef) -> Option<&Arc<Session>> {
    Session::of(socket).filter(|_| socket.protocol() == ProtocolVersion::V5)
}

/// Holds what is emitted to a socket that is about to be let in, until it is told that it is.
fn holds(socket: &SocketRef) -> bool {
    announcing(socket).is_some_and(|it| it.hold(socket))
}

/// What a connected socket has, until its last hook has ended.
#[derive(Clone)]
struct Attendance {
    namespace: Arc<Namespace>,
    mailbox: Arc<Mailbox>,
    /// Nothing is received by it: it is counted.
    presence: watch::Receiver<bool>,
    /// Whether what is sent to the client waits for the answer to this socket's CONNECT.
    holds: bool,
}

/// Left in the extensions of a socket that is gone.
#[derive(Clone, Copy)]
struct Gone(DisconnectReason);

/// Lets go of a socket whose connection is lost or closed.
fn vacate(socket: SocketRef, reason: DisconnectReason) {
    if let Some(seat) = Seat::of(&socket) {
        seat.vacate(&socket, reason);
    }
    leave(socket, reason);
}

/// Runs the `disconnected` hooks behind the socket's last event. Does nothing when called again.
///
/// A socket may leave before it has come in: then the hooks run once `connected` has,
/// or never if the connection broke so early that nobody was told of it.
fn leave(socket: SocketRef, reason: DisconnectReason) {
    let Some(attendance) = socket.extensions.get::<Attendance>() else { return };
    let Attendance { namespace, mailbox, presence, .. } = attendance;
    socket.extensions.insert(Gone(reason));
    if mailbox.abandon() {
        return;
    }
    mailbox.push_last(Box::pin(async move {
        for gateway in namespace.gateways.iter().rev() {
            undisturbed(gateway.disconnected(socket.clone(), reason)).await;
        }
        socket.extensions.remove::<Attendance>();
        drop(presence);
    }));
}

/// Counts a refusal that a socket is told of.
pub(super) fn count_refusal(socket: &SocketRef, error: &ClientError) {
    if let Some(attendance) = socket.extensions.get::<Attendance>() {
        attendance.namespace.refusals.count(error);
    }
}

/// Runs the `closing` hooks of a socket.
async fn say_goodbye(socket: &SocketRef) {
    let Some(attendance) = socket.extensions.get::<Attendance>() else { return };
    for gateway in &attendance.namespace.gateways {
        undisturbed(gateway.closing(socket.clone())).await;
    }
}

/// Runs a hook. If it panics, which is in the log then, its successors run all the same.
async fn undisturbed(hook: impl Future<Output = ()>) {
    let _ = AssertUnwindSafe(hook).catch_unwind().await;
}

impl OnConnect {
    async fn admit(
        &self,
        socket: &Arc<Socket<LocalAdapter>>,
        auth: &Option<Value>,
    ) -> Result<Option<Arc<Seat>>, ClientError> {
        if let Some(TooSoon(refusal)) = socket.req_parts().extensions.get() {
            return Err(refusal.clone());
        }
        let presence = self.0.presence.subscribe();
        let auth = match Data::<serde_json::Value>::from_connect_parts(socket, auth) {
            // Clients of Socket.IO 2 send none: it is a query, which is the request's as well.
            _ if socket.protocol() == ProtocolVersion::V4 => serde_json::Value::Null,
            Ok(Data(auth)) => auth,
            Err(_) => return Err(ClientError::invalid("`auth` must be an object")),
        };
        // Clients of Socket.IO 2 cannot be told what they would have to show.
        let recovery =
            self.0.recovery.as_ref().filter(|_| socket.protocol() == ProtocolVersion::V5);
        let shown = recovery.and_then(|_| Shown::read(&auth));
        for gateway in &self.0.gateways {
            let socket = SocketRef::from(Arc::clone(socket));
            let admitted = gateway.authenticate(Handshake { socket, auth: auth.clone() });
            let admitted = AssertUnwindSafe(admitted).catch_unwind().await;
            if let Err(error) = admitted.unwrap_or_else(|_| Err(ClientError::internal())) {
                if let (Some(recovery), Some(shown)) = (recovery, &shown) {
                    recovery.refused(shown);
                }
                return Err(error);
            }
        }

        let (namespace, mailbox) = (Arc::clone(&self.0), Mailbox::closed());
        let dispatcher = Dispatcher {
            namespace: Arc::clone(&namespace),
            mailbox: Arc::clone(&mailbox),
            used: Used::default(),
        };
        let holds = holds(&SocketRef::from(Arc::clone(socket)));
        socket.extensions.insert(Attendance { namespace, mailbox, presence, holds });
        socket.on_fallback(dispatcher);
        socket.on_disconnect(OnDisconnect);
        let owner = socket.extensions.remove();
        Ok(recovery.map(|it| Seat::take(it, socket, owner, shown)))
    }
}
