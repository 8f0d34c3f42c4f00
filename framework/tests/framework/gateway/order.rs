//! The events of one socket run in order, those of different sockets in parallel.

use std::{sync::Arc, time::Duration};

use hornero::{App, ClientError, Data, EventAccess, Events, Gateway, Module, ModuleDef, SocketRef};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::{
    journal::{Journal, JournalModule},
    server::{serve, unlimited},
    socket::Client,
};

struct Line {
    journal: Arc<Journal>,
    /// Holds back the event `wait`.
    gate: Arc<Semaphore>,
}

impl Gateway for Line {
    const NAMESPACES: &'static [&'static str] = &["/"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("step", Self::step)
            .on("wait", Self::wait)
            .on("greet", Self::greet)
            .on("linger", Self::linger);
    }

    async fn disconnected(self: Arc<Self>, _: SocketRef, _: hornero::DisconnectReason) {
        self.journal.note("disconnected");
    }
}

impl Line {
    /// Takes its time, and not the same for every step.
    async fn step(self: Arc<Self>, Data(n): Data<u32>) -> Result<u32, ClientError> {
        match n % 7 {
            0 => tokio::time::sleep(Duration::from_micros(u64::from(n % 5) * 100)).await,
            rest => {
                for _ in 0..rest {
                    tokio::task::yield_now().await;
                }
            }
        }
        self.journal.note(n.to_string());
        Ok(n)
    }

    async fn wait(self: Arc<Self>) {
        self.journal.note("waiting");
        self.gate.acquire().await.unwrap().forget();
        self.journal.note("waited");
    }

    async fn greet(self: Arc<Self>) -> Result<&'static str, ClientError> {
        Ok("hello")
    }

    /// Ends only after its socket is gone.
    async fn linger(self: Arc<Self>, socket: SocketRef) {
        self.journal.note("lingering");
        while socket.connected() {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        self.journal.note("lingered");
    }
}

struct LineModule;

impl Module for LineModule {
    fn define(m: &mut ModuleDef) {
        m.import::<JournalModule>()
            .value(Semaphore::new(0))
            .gateway(|journal, gate| Line { journal, gate });
    }
}

fn line() -> (App, Arc<Journal>, Arc<Semaphore>) {
    let (journal, gate) = (Journal::new(), Arc::new(Semaphore::new(0)));
    let app = App::of::<LineModule>().with_config(unlimited());
    let app = app.override_with(Arc::clone(&journal));
    (app.override_with(Arc::clone(&gate)), journal, gate)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_of_one_socket_run_in_order_while_another_is_not_held_up() {
    let (app, journal, gate) = line();
    let server = serve(app).await;
    let mut busy = Client::connect(server.address, "/").await;
    let mut other = Client::connect(server.address, "/").await;

    busy.emit("wait", json!({})).await;
    for n in 0..500 {
        busy.emit("step", json!(n)).await;
    }
    journal.wait_for(1).await;
    assert_eq!(other.call("greet", json!({})).await["data"], "hello");
    assert_eq!(journal.entries(), ["waiting"], "the busy socket should be held up");
    gate.add_permits(1);

    let entries = journal.wait_for(502).await;
    assert_eq!(entries[..2], ["waiting", "waited"]);
    assert_eq!(entries[2..], (0..500).map(|n: u32| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn acks_come_in_the_order_of_the_events() {
    let (app, ..) = line();
    let server = serve(app).await;
    let mut client = Client::connect(server.address, "/").await;

    for n in 0..500 {
        client.send(&format!(r#"2{n}["step",{n}]"#)).await;
    }

    for n in 0..500 {
        let ack = json!({ "status": "ok", "data": n });
        assert_eq!(client.next().await, crate::socket::Packet::Ack("/".to_owned(), n, ack));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn disconnected_runs_after_the_last_event() {
    let (app, journal, _) = line();
    let server = serve(app).await;
    let mut client = Client::connect(server.address, "/").await;

    client.emit("linger", json!({})).await;
    client.emit("step", json!(1)).await;
    journal.wait_for(1).await;
    client.close().await;

    assert_eq!(journal.wait_for(4).await, ["lingering", "lingered", "1", "disconnected"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn flood_of_one_socket_is_refused_and_then_served_again() {
    let (app, journal, gate) = line();
    let server = serve(app).await;
    let mut client = Client::connect(server.address, "/").await;

    // More than any mailbox holds while the first event is at work.
    client.emit("wait", json!({})).await;
    journal.wait_for(1).await;
    for _ in 0..4_200 {
        client.emit("step", json!(1)).await;
    }
    let (event, error) = client.next_event().await;
    assert_eq!(event, "error");
    assert_eq!(error["code"], "SERVER_ERROR");
    assert_eq!(error["details"]["retryAfterMs"], 1000);

    gate.add_permits(1);
    journal.wait_for(2 + 4_096).await;
    assert_eq!(client.call("greet", json!({})).await["data"], "hello");
}
