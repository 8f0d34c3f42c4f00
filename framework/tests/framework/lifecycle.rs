//! From building to the last hook: what happens when, and what may fail.

use std::{
    future::IntoFuture,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{extract::State, routing::get};
use hornero::{
    App, BoxError, ClientError, Controller, EventAccess, Events, Gateway, Handshake, Module,
    ModuleDef, Routes, SocketRef, StartError,
    testing::{Answer, Packet, TestApp, TestSocket, environment, soon},
};
use tokio::{net::TcpStream, sync::Semaphore, task::JoinHandle};

use crate::journal::{Journal, JournalModule};

/// Notes that it was built.
struct Pool;

impl Pool {
    fn new(journal: Arc<Journal>) -> Self {
        journal.note("Pool built");
        Self
    }
}

struct PoolModule;

impl Module for PoolModule {
    fn define(m: &mut ModuleDef) {
        m.import::<JournalModule>()
            .provide(Pool::new)
            .export::<Pool>()
            .on_init(|_: Arc<Pool>, journal: Arc<Journal>| async move {
                // A hook may take its time: the next one waits.
                tokio::task::yield_now().await;
                journal.note("Pool init");
                Ok(())
            })
            .on_shutdown(|journal: Arc<Journal>| async move {
                tokio::task::yield_now().await;
                journal.note("Pool shutdown");
                Ok(())
            });
    }
}

/// Holds a request or an event back until the test lets it go.
struct Gate(Semaphore);

impl Gate {
    fn closed() -> Arc<Self> {
        Arc::new(Self(Semaphore::new(0)))
    }

    fn open(&self) {
        self.0.close();
    }

    async fn pass(&self) {
        // An error means that the gate was opened.
        let _ = self.0.acquire().await;
    }
}

struct Front {
    journal: Arc<Journal>,
    gate: Arc<Gate>,
}

impl Front {
    fn new(journal: Arc<Journal>, gate: Arc<Gate>) -> Self {
        journal.note("Front built");
        Self { journal, gate }
    }

    async fn slow(State(front): State<Arc<Self>>) -> &'static str {
        front.journal.note("request begins");
        front.gate.pass().await;
        front.journal.note("request ends");
        "done"
    }
}

impl Controller for Front {
    fn routes() -> Routes<Self> {
        Routes::new().route("/", get(async || "hello")).route("/slow", get(Self::slow))
    }
}

struct Bell {
    journal: Arc<Journal>,
    gate: Arc<Gate>,
}

impl Gateway for Bell {
    const NAMESPACES: &'static [&'static str] = &["/"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("ring", Self::ring).on("flood", Self::flood);
    }

    async fn authenticate(self: Arc<Self>, handshake: Handshake) -> Result<(), ClientError> {
        if handshake.auth["slow"] == true {
            self.journal.note("authentication begins");
            self.gate.pass().await;
        }
        Ok(())
    }

    async fn disconnected(self: Arc<Self>, _: SocketRef, reason: hornero::DisconnectReason) {
        self.journal.note(format!("disconnected: {reason:?}"));
    }
}

impl Bell {
    async fn ring(self: Arc<Self>) {
        self.journal.note("event begins");
        self.gate.pass().await;
        self.journal.note("event ends");
    }

    /// Sends more than fits into the buffers of a connection.
    async fn flood(self: Arc<Self>, socket: SocketRef) {
        let page = "x".repeat(64 * 1024);
        for _ in 0..400 {
            socket.emit("page", &page).unwrap();
        }
        self.journal.note("flooded");
    }
}

struct FrontModule;

impl Module for FrontModule {
    fn define(m: &mut ModuleDef) {
        m.import::<JournalModule>()
            .import::<PoolModule>()
            .value(Gate(Semaphore::new(0)))
            .on_init(|_: Arc<Pool>, journal: Arc<Journal>| async move {
                journal.note("Front init");
                Ok(())
            })
            .on_shutdown(|journal: Arc<Journal>| async move {
                journal.note("Front shutdown");
                Ok(())
            })
            .controller(Front::new)
            .gateway(|journal, gate| Bell { journal, gate });
    }
}

fn front() -> (App, Arc<Journal>, Arc<Gate>) {
    let (journal, gate) = (Journal::new(), Gate::closed());
    let app = App::of::<FrontModule>().override_with(Arc::clone(&journal));
    (app.override_with(Arc::clone(&gate)), journal, gate)
}

/// Sends a request in the background.
fn request(server: &TestApp, path: &str) -> JoinHandle<Answer> {
    tokio::spawn(server.get(path).into_future())
}

/// What came after the server was served.
fn since_built(journal: &Journal) -> Vec<String> {
    journal.entries().split_off(4)
}

#[tokio::test]
async fn init_hooks_run_after_everything_is_built_and_imports_come_first() {
    let (app, journal, _) = front();

    app.build().await.unwrap();

    assert_eq!(journal.entries(), ["Pool built", "Front built", "Pool init", "Front init"]);
}

#[tokio::test]
async fn failing_init_hook_stops_the_start() {
    struct FailingModule;
    impl Module for FailingModule {
        fn define(m: &mut ModuleDef) {
            m.on_init(|| async { Err(BoxError::from("the migrations do not match")) });
        }
    }
    let line = line!() - 3;
    struct RootModule;
    impl Module for RootModule {
        fn define(m: &mut ModuleDef) {
            m.import::<FailingModule>().import::<PoolModule>();
        }
    }
    let journal = Journal::new();

    let app = App::of::<RootModule>().override_with(Arc::clone(&journal));
    let error = app.build().await.unwrap_err();

    let expected =
        format!("the migrations do not match\n  --> in the on_init hook at {}:{line}:", file!());
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(matches!(error, StartError::Hook { .. }), "{error:?}");
    assert_eq!(journal.entries(), ["Pool built"], "no other hook should run");
}

#[tokio::test]
async fn server_answers_until_it_is_stopped() {
    let (app, ..) = front();
    let server = TestApp::start(app).await;
    let address = server.address();

    let before = server.get("/").await;
    assert_eq!((before.status, before.text.as_str()), (200, "hello"));

    server.stop().await;

    let after = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(after.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn shutdown_hooks_run_in_reverse_after_the_stop_signal() {
    let (app, journal, _) = front();
    let server = TestApp::start(app).await;

    server.get("/").await.expect(200);
    assert_eq!(since_built(&journal), [""; 0], "before the signal");
    server.stop().await;

    assert_eq!(since_built(&journal), ["Front shutdown", "Pool shutdown"]);
}

#[tokio::test]
async fn failing_shutdown_hook_does_not_keep_the_others_from_running() {
    struct FailingModule;
    impl Module for FailingModule {
        fn define(m: &mut ModuleDef) {
            m.import::<PoolModule>();
            m.on_shutdown(|| async { Err(BoxError::from("the disk is full")) });
        }
    }
    let journal = Journal::new();
    let server =
        TestApp::start(App::of::<FailingModule>().override_with(Arc::clone(&journal))).await;

    server.stop().await;

    assert_eq!(journal.entries(), ["Pool built", "Pool init", "Pool shutdown"]);
}

#[tokio::test]
async fn open_request_is_answered_before_the_shutdown_hooks_run() {
    let (app, journal, gate) = front();
    let server = TestApp::start(app).await;
    let open = request(&server, "/slow");
    journal.wait_for(5).await;

    let stopped = server.signal_stop();
    // The server accepts nobody any more, and still waits for the open request.
    tokio::task::yield_now().await;
    gate.open();

    assert_eq!(soon(open).await.unwrap().text, "done");
    stopped.await;
    assert_eq!(
        since_built(&journal),
        ["request begins", "request ends", "Front shutdown", "Pool shutdown"]
    );
}

#[tokio::test]
async fn request_that_never_ends_is_given_up_after_the_drain_limit() {
    let (app, journal, _gate) = front();
    let limit = Duration::from_millis(150);
    let config = environment(&[("HORNERO__SERVER__SHUTDOWN_TIMEOUT_MS", "150")]);
    let server = TestApp::start(app.with_config(config)).await;
    let _open = request(&server, "/slow");
    journal.wait_for(5).await;

    let begin = Instant::now();
    server.stop().await;

    assert!(begin.elapsed() >= limit, "stopped after {:?}", begin.elapsed());
    assert_eq!(since_built(&journal), ["request begins", "Front shutdown", "Pool shutdown"]);
}

#[tokio::test]
async fn sockets_are_closed_before_the_shutdown_hooks_run() {
    let (app, journal, _) = front();
    let server = TestApp::start(app).await;
    let mut client = server.connect("/").await;

    server.stop().await;

    assert_eq!(client.next_packet().await, Packet::Closed);
    assert_eq!(
        since_built(&journal),
        ["disconnected: ClosingServer", "Front shutdown", "Pool shutdown"]
    );
}

/// Rings, and waits until the event's handler has begun.
async fn ring(server: &TestApp, journal: &Journal) -> TestSocket {
    let mut client = server.connect("/").await;
    client.emit("ring", ()).await;
    journal.wait_for(5).await;
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_at_work_ends_before_the_shutdown_hooks_run() {
    let (app, journal, gate) = front();
    let server = TestApp::start(app).await;
    let mut client = ring(&server, &journal).await;

    let stopped = server.signal_stop();
    assert_eq!(client.next_packet().await, Packet::Closed);
    gate.open();
    stopped.await;

    assert_eq!(
        since_built(&journal),
        [
            "event begins",
            "event ends",
            "disconnected: ClosingServer",
            "Front shutdown",
            "Pool shutdown"
        ]
    );
}

#[tokio::test]
async fn event_that_never_ends_is_given_up_after_the_drain_limit() {
    let (app, journal, _gate) = front();
    let config = environment(&[("HORNERO__SERVER__SHUTDOWN_TIMEOUT_MS", "150")]);
    let server = TestApp::start(app.with_config(config)).await;
    let _client = ring(&server, &journal).await;

    server.stop().await;

    assert_eq!(since_built(&journal), ["event begins", "Front shutdown", "Pool shutdown"]);
}

#[tokio::test]
async fn client_that_does_not_read_cannot_keep_the_server_from_stopping() {
    let (app, journal, _gate) = front();
    let config = environment(&[("HORNERO__SERVER__SHUTDOWN_TIMEOUT_MS", "150")]);
    let server = TestApp::start(app.with_config(config)).await;
    let mut client = server.connect("/").await;
    client.emit("flood", ()).await;
    journal.wait_for(5).await;

    server.stop().await;

    let notes = since_built(&journal);
    assert!(notes.ends_with(&["Front shutdown".into(), "Pool shutdown".into()]), "{notes:?}");
    drop(client);
}

#[tokio::test]
async fn socket_that_was_being_let_in_does_not_keep_the_server_from_stopping() {
    let (app, journal, gate) = front();
    let server = TestApp::start(app).await;
    let mut early = server.connect("/").await;
    let mut late = server.handshake("/").open().await.unwrap();
    late.send(r#"0{"slow":true}"#).await;
    journal.wait_for(5).await;

    let stopped = server.signal_stop();
    assert_eq!(early.next_packet().await, Packet::Closed);
    gate.open();
    stopped.await;

    assert_eq!(
        since_built(&journal),
        [
            "authentication begins",
            "disconnected: ClosingServer",
            "disconnected: ClosingServer",
            "Front shutdown",
            "Pool shutdown"
        ]
    );
}
