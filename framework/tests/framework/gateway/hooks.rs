//! Letting sockets in and seeing them off, in one namespace and in several.

use std::sync::Arc;

use hornero::{
    App, ClientError, Data, DisconnectReason, ErrorKind, EventAccess, Events, Gateway, Handshake,
    Module, ModuleDef, SocketRef,
    testing::{Packet, TestApp},
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::journal::{Journal, JournalModule};

/// Guards the namespace: the first gateway that is asked.
struct Guard {
    journal: Arc<Journal>,
}

impl Gateway for Guard {
    const NAMESPACES: &'static [&'static str] = &["/", "/chat"];
    const ACCESS: EventAccess = EventAccess::Public;
    const ERROR_EVENT: &'static str = "guard:error";

    fn events(on: &mut Events<Self>) {
        on.on("guarded", Self::guarded);
    }

    async fn authenticate(self: Arc<Self>, handshake: Handshake) -> Result<(), ClientError> {
        self.journal.note(format!("Guard asked on {}", handshake.socket.ns()));
        match handshake.auth["token"].as_str() {
            Some("good" | "no hall") => Ok(()),
            Some("expired") => {
                Err(ClientError::new(ErrorKind::TokenExpired, "The token has expired"))
            }
            Some("panic") => panic!("the guard fell over"),
            _ => Err(ClientError::new(ErrorKind::Unauthorized, "Show your token")),
        }
    }

    async fn connected(self: Arc<Self>, socket: SocketRef) {
        self.journal.note(format!("Guard connected on {}", socket.ns()));
    }

    async fn disconnected(self: Arc<Self>, _: SocketRef, reason: DisconnectReason) {
        self.journal.note(format!("Guard disconnected: {reason:?}"));
    }
}

impl Guard {
    async fn guarded(self: Arc<Self>) -> Result<(), ClientError> {
        self.journal.note("handler of Guard");
        Err(ClientError::invalid("Not now"))
    }
}

struct GuardModule;

impl Module for GuardModule {
    fn define(m: &mut ModuleDef) {
        m.import::<JournalModule>().gateway(|journal| Guard { journal });
    }
}

/// The second gateway of the namespace `/chat`.
struct Hall {
    journal: Arc<Journal>,
}

impl Gateway for Hall {
    const NAMESPACES: &'static [&'static str] = &["/chat"];
    const ACCESS: EventAccess = EventAccess::Public;
    const ERROR_EVENT: &'static str = "hall:error";

    fn events(on: &mut Events<Self>) {
        on.on("enter", Self::enter);
    }

    async fn authenticate(self: Arc<Self>, handshake: Handshake) -> Result<(), ClientError> {
        self.journal.note("Hall asked");
        if handshake.auth["token"] == "no hall" {
            return Err(ClientError::new(ErrorKind::RateLimited, "The hall is full"));
        }
        Ok(())
    }

    async fn connected(self: Arc<Self>, _: SocketRef) {
        self.journal.note("Hall connected");
    }

    async fn disconnected(self: Arc<Self>, _: SocketRef, _: DisconnectReason) {
        self.journal.note("Hall disconnected");
    }
}

impl Hall {
    async fn enter(self: Arc<Self>) -> Result<&'static str, ClientError> {
        Err(ClientError::invalid("Mind the step"))
    }
}

struct HallModule;

impl Module for HallModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|journal| Hall { journal });
        m.import::<JournalModule>().import::<GuardModule>();
    }
}

fn journaled<M: Module>() -> (App, Arc<Journal>) {
    let journal = Journal::new();
    (App::of::<M>().override_with(Arc::clone(&journal)), journal)
}

#[tokio::test]
async fn refused_handshake_gets_a_connect_error_with_the_code() {
    let (app, _) = journaled::<GuardModule>();
    let server = TestApp::start(app).await;
    let mut client = server.handshake("/").open().await.unwrap();

    for (auth, code) in [
        (json!({}), "AUTH_FAILED"),
        (json!({ "token": "expired" }), "AUTH_FAILED"),
        (json!({ "token": 7 }), "AUTH_FAILED"),
        (json!({ "token": "panic" }), "SERVER_ERROR"),
    ] {
        match client.join("/chat", auth).await {
            Packet::ConnectError(namespace, error) => {
                assert_eq!(namespace, "/chat");
                assert_eq!(error["message"], code);
                assert_eq!(error["data"]["code"], code);
            }
            other => panic!("should be refused: {other:?}"),
        }
    }

    // The connection is none the worse for it.
    let joined = client.join("/chat", json!({ "token": "good" })).await;
    assert_eq!(joined, Packet::Connect("/chat".to_owned()));
}

#[tokio::test]
async fn events_of_a_refused_socket_are_not_handled() {
    let (app, journal) = journaled::<GuardModule>();
    let server = TestApp::start(app).await;
    let mut client = server.handshake("/").open().await.unwrap();

    let refused = client.join("/", json!({ "token": "bad" })).await;
    assert!(matches!(refused, Packet::ConnectError(..)), "{refused:?}");
    client.emit("guarded", json!({})).await;

    assert_eq!(client.next_packet().await, Packet::Closed);
    assert_eq!(journal.entries(), ["Guard asked on /"]);
}

#[tokio::test]
async fn handshake_without_auth_is_asked_about_null() {
    let (app, _) = journaled::<GuardModule>();
    let server = TestApp::start(app).await;
    let mut client = server.handshake("/").open().await.unwrap();

    client.send("0").await;

    let refused = client.next_packet().await;
    assert!(
        matches!(&refused, Packet::ConnectError(_, error) if error["message"] == "AUTH_FAILED"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn all_gateways_of_a_namespace_are_asked_and_told_in_import_order() {
    let (app, journal) = journaled::<HallModule>();
    let server = TestApp::start(app).await;
    let mut client = server.handshake("/").open().await.unwrap();

    client.join("/chat", json!({ "token": "good" })).await;
    client.emit_ack("enter", json!({})).await;
    client.close().await;

    assert_eq!(
        journal.wait_for(6).await,
        [
            "Guard asked on /chat",
            "Hall asked",
            "Guard connected on /chat",
            "Hall connected",
            "Hall disconnected",
            "Guard disconnected: TransportClose",
        ]
    );
}

#[tokio::test]
async fn any_gateway_of_the_namespace_may_refuse() {
    let (app, journal) = journaled::<HallModule>();
    let server = TestApp::start(app).await;
    let mut client = server.handshake("/").open().await.unwrap();

    let refused = client.join("/chat", json!({ "token": "no hall" })).await;

    assert!(
        matches!(&refused, Packet::ConnectError(_, error) if error["message"] == "RATE_LIMITED"),
        "{refused:?}"
    );
    assert_eq!(journal.entries(), ["Guard asked on /chat", "Hall asked"]);
}

#[tokio::test]
async fn each_gateway_of_a_namespace_has_its_own_error_event() {
    let (app, _) = journaled::<HallModule>();
    let server = TestApp::start(app).await;
    let mut client = server.handshake("/").open().await.unwrap();
    client.join("/chat", json!({ "token": "good" })).await;

    client.emit("guarded", json!({})).await;
    assert_eq!(client.next_event().await.0, "guard:error");
    client.emit("enter", json!({})).await;
    assert_eq!(client.next_event().await.0, "hall:error");
    client.emit("no such event", json!({})).await;
    assert_eq!(client.next_event().await.0, "guard:error", "the first gateway's");
}

#[tokio::test]
async fn namespace_knows_only_the_events_of_its_own_gateways() {
    let (app, _) = journaled::<HallModule>();
    let server = TestApp::start(app).await;
    let mut client = server.handshake("/").open().await.unwrap();
    client.join("/", json!({ "token": "good" })).await;

    let ack = client.emit_ack("enter", json!({})).await;

    assert_eq!(ack["error"]["details"]["reason"], "unknown_event");
}

#[tokio::test]
async fn namespace_without_a_gateway_lets_nobody_in() {
    let (app, _) = journaled::<GuardModule>();
    let server = TestApp::start(app).await;
    let mut client = server.handshake("/").open().await.unwrap();

    let refused = client.join("/nowhere", json!({ "token": "good" })).await;

    assert!(matches!(refused, Packet::ConnectError(..)), "{refused:?}");
}

#[tokio::test]
async fn client_may_leave_a_namespace_and_stay_in_another() {
    let (app, journal) = journaled::<GuardModule>();
    let server = TestApp::start(app).await;
    let mut client = server.handshake("/").open().await.unwrap();
    client.join("/", json!({ "token": "good" })).await;
    client.join("/chat", json!({ "token": "good" })).await;

    client.leave().await;
    let entries = journal.wait_for(5).await;
    assert_eq!(entries[4], "Guard disconnected: ClientNSDisconnect");

    client.speak_to("/");
    let ack = client.emit_ack("guarded", json!({})).await;
    assert_eq!(ack["error"]["message"], "Not now");
}

/// Counts its events over all its namespaces, and is slow to welcome.
struct Counter {
    journal: Arc<Journal>,
    gate: Arc<Semaphore>,
}

impl Gateway for Counter {
    const NAMESPACES: &'static [&'static str] = &["/", "/chat"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("count", Self::count);
    }

    /// Welcomes only when the gate is opened, on `/chat`.
    async fn connected(self: Arc<Self>, socket: SocketRef) {
        if socket.ns() == "/chat" {
            self.gate.acquire().await.unwrap().forget();
        }
        self.journal.note(format!("connected {}", socket.ns()));
    }

    async fn disconnected(self: Arc<Self>, socket: SocketRef, _: DisconnectReason) {
        self.journal.note(format!("disconnected {}", socket.ns()));
    }
}

impl Counter {
    async fn count(
        self: Arc<Self>,
        socket: SocketRef,
        Data(n): Data<Value>,
    ) -> Result<usize, ClientError> {
        self.journal.note(format!("{n} on {}", socket.ns()));
        Ok(self.journal.entries().len())
    }
}

struct CounterModule;

impl Module for CounterModule {
    fn define(m: &mut ModuleDef) {
        m.import::<JournalModule>()
            .value(Semaphore::new(1))
            .gateway(|journal, gate| Counter { journal, gate });
    }
}

#[tokio::test]
async fn one_gateway_serves_the_same_events_on_two_namespaces() {
    let (app, journal) = journaled::<CounterModule>();
    let server = TestApp::start(app).await;
    let mut root = server.connect("/").await;
    journal.wait_for(1).await;
    let mut chat = server.connect("/chat").await;
    journal.wait_for(2).await;

    // Both see what one instance has counted.
    assert_eq!(root.emit_ack("count", json!(1)).await["data"], 3);
    assert_eq!(chat.emit_ack("count", json!(2)).await["data"], 4);
    assert_eq!(journal.entries(), ["connected /", "connected /chat", "1 on /", "2 on /chat"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connected_runs_before_the_first_event_though_events_are_there_already() {
    let gate = Arc::new(Semaphore::new(0));
    let (app, journal) = journaled::<CounterModule>();
    let server = TestApp::start(app.override_with(Arc::clone(&gate))).await;
    let mut client = server.connect("/chat").await;
    for n in 0..3 {
        client.emit("count", json!(n)).await;
    }

    // Packets of one connection are read in order: once this is answered, the server
    // has the events of `/chat`.
    client.join("/", json!({})).await;
    client.emit_ack("count", json!("last")).await;
    assert_eq!(journal.entries(), ["connected /", "\"last\" on /"]);
    gate.add_permits(1);

    assert_eq!(
        journal.wait_for(6).await[2..],
        ["connected /chat", "0 on /chat", "1 on /chat", "2 on /chat"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn socket_that_leaves_while_it_is_welcomed_is_seen_off_afterwards() {
    let gate = Arc::new(Semaphore::new(0));
    let (app, journal) = journaled::<CounterModule>();
    let server = TestApp::start(app.override_with(Arc::clone(&gate))).await;
    let mut client = server.connect("/chat").await;
    client.emit("count", json!(1)).await;
    client.leave().await;
    client.join("/", json!({})).await;
    client.emit_ack("count", json!(2)).await;
    gate.add_permits(1);

    assert_eq!(
        journal.wait_for(5).await[2..],
        ["connected /chat", "1 on /chat", "disconnected /chat"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_socket_that_is_welcomed_is_seen_off_however_soon_it_leaves() {
    let (app, journal) = journaled::<CounterModule>();
    let server = TestApp::start(app).await;

    let visits = (0..200).map(async |_| {
        let mut client = server.handshake("/").open().await.unwrap();
        client.send("0{}").await;
        client.close().await;
    });
    futures_util::future::join_all(visits).await;
    server.stop().await;

    let entries = journal.entries();
    let count = |entry: &str| entries.iter().filter(|it| *it == entry).count();
    assert_eq!(count("connected /"), count("disconnected /"));
}

/// Panics in its hooks.
struct Clumsy {
    journal: Arc<Journal>,
}

impl Gateway for Clumsy {
    const NAMESPACES: &'static [&'static str] = &["/chat"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("hello", Self::hello);
    }

    async fn connected(self: Arc<Self>, _: SocketRef) {
        self.journal.note("Clumsy connected");
        panic!("stumbled over the threshold")
    }

    async fn disconnected(self: Arc<Self>, _: SocketRef, _: DisconnectReason) {
        self.journal.note("Clumsy disconnected");
        panic!("and again")
    }
}

impl Clumsy {
    async fn hello(self: Arc<Self>) {}
}

#[tokio::test]
async fn hook_that_panics_harms_neither_the_socket_nor_other_gateways() {
    struct BothModule;
    impl Module for BothModule {
        fn define(m: &mut ModuleDef) {
            m.import::<JournalModule>()
                .gateway(|journal| Clumsy { journal })
                .gateway(|journal| Hall { journal });
        }
    }
    let (app, journal) = journaled::<BothModule>();
    let server = TestApp::start(app).await;
    let mut client = server.connect("/chat").await;

    assert_eq!(client.emit_ack("hello", json!({})).await["status"], "ok");
    client.close().await;

    assert_eq!(
        journal.wait_for(5).await,
        [
            "Hall asked",
            "Clumsy connected",
            "Hall connected",
            "Hall disconnected",
            "Clumsy disconnected"
        ]
    );
    server.stop().await;
}
