//! An event that comes while none is at work is handled on the task that has read it, as far as
//! its handler does not wait. Nobody may notice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use hornero::{
    App, ClientError, Data, DisconnectReason, EventAccess, EventCall, Events, Gateway, Later,
    Module, ModuleDef, SocketRef,
    testing::{Packet, TestApp, TestSocket},
};
use serde_json::{Value, json};

use crate::journal::{Journal, JournalModule};

/// Work that a task may do before others have the thread, by tokio's measure.
const BUDGET: usize = 128;

struct Desk {
    journal: Arc<Journal>,
    count: Arc<AtomicUsize>,
}

impl Gateway for Desk {
    const NAMESPACES: &'static [&'static str] = &["/"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("count", Self::count)
            .on("note", Self::note)
            .on("note later", Self::note_later)
            .on("promise", Self::promise)
            .on("ask", Self::ask)
            .on("leave", Self::leave)
            .on("spill", Self::note);
    }

    fn around(self: &Arc<Self>, event: &'static str, call: EventCall) -> EventCall {
        match event {
            "spill" => Box::pin(async move {
                let _ = call.await;
                panic!("a bug around handlers")
            }),
            _ => call,
        }
    }

    async fn disconnected(self: Arc<Self>, _: SocketRef, _: DisconnectReason) {
        self.journal.note("disconnected");
    }
}

impl Desk {
    async fn count(self: Arc<Self>) {
        self.count.fetch_add(1, Relaxed);
    }

    async fn note(self: Arc<Self>, Data(n): Data<u32>) -> Result<u32, ClientError> {
        self.journal.note(n.to_string());
        Ok(n)
    }

    async fn note_later(self: Arc<Self>, Data(n): Data<u32>) -> Result<u32, ClientError> {
        tokio::time::sleep(Duration::from_micros(u64::from(n % 3) * 50)).await;
        self.journal.note(n.to_string());
        Ok(n)
    }

    /// Waits for nothing before it says that the answer comes later.
    async fn promise(self: Arc<Self>, Data(n): Data<u32>) -> Result<Later<u32>, ClientError> {
        self.journal.note(n.to_string());
        Ok(Later::new(async move {
            tokio::time::sleep(Duration::from_micros(u64::from(n % 5) * 50)).await;
            Ok(n)
        }))
    }

    /// Waits for what only the task can read that has read the event.
    async fn ask(self: Arc<Self>, socket: SocketRef) -> Result<String, ClientError> {
        let answer = socket.emit_with_ack::<_, Value>("which", &json!({}));
        let answer = answer.unwrap().await.unwrap();
        Ok(answer.to_string())
    }

    async fn leave(self: Arc<Self>, socket: SocketRef) {
        self.journal.note("leaving");
        socket.disconnect().unwrap();
        self.journal.note("left");
    }
}

struct DeskModule;

impl Module for DeskModule {
    fn define(m: &mut ModuleDef) {
        m.import::<JournalModule>()
            .value(AtomicUsize::new(0))
            .gateway(|journal, count| Desk { journal, count });
    }
}

struct Test {
    app: TestApp,
    journal: Arc<Journal>,
    count: Arc<AtomicUsize>,
}

impl Test {
    async fn start() -> Self {
        let (journal, count) = (Journal::new(), Arc::new(AtomicUsize::new(0)));
        let app = App::of::<DeskModule>().override_with(Arc::clone(&journal));
        let app = TestApp::start(app.override_with(Arc::clone(&count))).await;
        Self { app, journal, count }
    }

    async fn connect(&self) -> TestSocket {
        self.app.connect("/").await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn handlers_that_wait_and_handlers_that_do_not_keep_the_order() {
    let test = Test::start().await;
    let mut client = test.connect().await;

    for n in 0..600 {
        let event = ["note", "note later", "note", "promise", "promise"][n % 5];
        client.send(&format!(r#"2{n}["{event}",{n}]"#)).await;
    }

    let expected: Vec<_> = (0..600).map(|n| n.to_string()).collect();
    assert_eq!(test.journal.wait_for(600).await, expected);
    // Answers that come later have an order of their own.
    let (mut now, mut later) = (Vec::new(), Vec::new());
    for _ in 0..600 {
        let Packet::Ack(_, id, ack) = client.next_packet().await else { panic!("no ack") };
        assert_eq!(ack, json!({ "status": "ok", "data": id }));
        if id % 5 < 3 { now.push(id) } else { later.push(id) }
    }
    assert!(now.is_sorted(), "{now:?}");
    assert!(later.is_sorted(), "{later:?}");
}

/// Everything is on one thread here, so whoever has it too long keeps it from all others.
#[tokio::test]
async fn flood_of_one_client_leaves_the_thread_to_others() {
    const FLOOD: usize = 3_000;
    let test = Test::start().await;
    let opening = test.app.get("/socket.io/?EIO=4&transport=polling").await;
    let opening: Value = serde_json::from_str(&opening.text[1..]).unwrap();
    let sid = opening["sid"].as_str().unwrap();
    let path = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
    test.app.post(&path).body("40").await;
    // The answer to CONNECT.
    test.app.get(&path).await;

    let count = Arc::clone(&test.count);
    let others = tokio::spawn(async move {
        let (mut before, mut most) = (0, 0);
        while before < FLOOD {
            tokio::task::yield_now().await;
            let now = count.load(Relaxed);
            (before, most) = (now, most.max(now - before));
        }
        most
    });
    let flood = vec![r#"42["count"]"#; FLOOD].join("\x1e");
    test.app.post(&path).body(flood).await;

    let most = tokio::time::timeout(hornero::testing::PATIENCE, others).await.unwrap().unwrap();
    // The connection's task and the mailbox's may have run one after the other, and again.
    assert!(most <= 4 * BUDGET, "{most} events at once");
}

#[tokio::test]
async fn handler_may_ask_the_client_that_it_serves() {
    let test = Test::start().await;
    let mut client = test.connect().await;

    client.send(r#"21["ask"]"#).await;
    assert_eq!(
        client.next_packet().await,
        Packet::Event("/".to_owned(), "which".to_owned(), json!({}))
    );
    client.send(r#"31["this"]"#).await;

    let Packet::Ack(_, 1, ack) = client.next_packet().await else { panic!("no ack") };
    assert_eq!(ack, json!({ "status": "ok", "data": r#""this""# }));
}

#[tokio::test]
async fn handler_that_disconnects_its_socket_ends_before_the_hook_runs() {
    let test = Test::start().await;
    let mut client = test.connect().await;

    client.emit("leave", json!({})).await;
    client.emit("note", 1).await;

    assert_eq!(test.journal.wait_for(3).await, ["leaving", "left", "disconnected"]);
    assert_eq!(client.next_packet().await, Packet::Disconnect("/".to_owned()));
    assert_eq!(test.journal.entries().len(), 3, "the event behind it was handled");
}

#[tokio::test]
async fn panic_around_a_call_holds_up_no_later_event() {
    let test = Test::start().await;
    let mut client = test.connect().await;

    for n in [1, 2] {
        client.emit("spill", n).await;
    }

    assert_eq!(client.call("note", 3).await, 3);
    assert_eq!(test.journal.entries(), ["1", "2", "3"]);
}
