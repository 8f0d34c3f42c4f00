//! `Later`: answers that the socket's next events need not wait for.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

use hornero::{
    App, ClientError, Data, DisconnectReason, ErrorKind, EventAccess, Events, Gateway, Later,
    Module, ModuleDef, SocketRef,
    testing::{Packet, TestApp, TestSocket},
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use utoipa::ToSchema;

use crate::journal::{Journal, JournalModule};

/// Answers of a socket that may be outstanding.
const MOST: u32 = 64;

struct Bank {
    journal: Arc<Journal>,
    due: Arc<Due>,
}

/// Which promises are to be kept, and those that wait for it.
#[derive(Default)]
struct Due(Mutex<Promises>);

#[derive(Default)]
struct Promises {
    kept: HashSet<u32>,
    waiting: HashMap<u32, oneshot::Sender<()>>,
}

impl Due {
    fn keep(&self, promises: impl IntoIterator<Item = u32>) {
        let Promises { kept, waiting } = &mut *self.0.lock().unwrap();
        for promise in promises {
            kept.insert(promise);
            if let Some(waiting) = waiting.remove(&promise) {
                waiting.send(()).unwrap();
            }
        }
    }

    fn wait_for(&self, promise: u32) -> oneshot::Receiver<()> {
        let Promises { kept, waiting } = &mut *self.0.lock().unwrap();
        let (sender, receiver) = oneshot::channel();
        if kept.contains(&promise) {
            sender.send(()).unwrap();
        } else {
            waiting.insert(promise, sender);
        }
        receiver
    }
}

#[derive(Serialize, ToSchema)]
struct Kept {
    promise: u32,
}

impl Gateway for Bank {
    const NAMESPACES: &'static [&'static str] = &["/"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("promise", Self::promise)
            .replies("kept")
            .on("refuse", Self::refuse)
            .on("break", Self::break_promise)
            .on("panic", Self::panic)
            .on("greet", Self::greet);
    }

    async fn disconnected(self: Arc<Self>, _: SocketRef, _: DisconnectReason) {
        self.journal.note("disconnected");
    }
}

impl Bank {
    async fn promise(self: Arc<Self>, Data(n): Data<u32>) -> Result<Later<Kept>, ClientError> {
        tokio::task::yield_now().await;
        let due = self.due.wait_for(n);
        self.journal.note(format!("promise {n}"));
        Ok(Later::new(async move {
            due.await.unwrap();
            self.journal.note(format!("keep {n}"));
            Ok(Kept { promise: n })
        }))
    }

    /// Has nothing to answer later.
    async fn refuse(self: Arc<Self>) -> Result<Later<u32>, ClientError> {
        Err(ClientError::new(ErrorKind::Forbidden, "Not today"))
    }

    async fn break_promise(self: Arc<Self>) -> Result<Later<u32>, ClientError> {
        Ok(Later::new(async {
            tokio::task::yield_now().await;
            Err(ClientError::new(ErrorKind::Conflict, "The bank is broke"))
        }))
    }

    async fn panic(self: Arc<Self>) -> Result<Later<u32>, ClientError> {
        Ok(Later::new(async {
            tokio::task::yield_now().await;
            panic!("a bug in a feature")
        }))
    }

    async fn greet(self: Arc<Self>) -> Result<&'static str, ClientError> {
        self.journal.note("greet");
        Ok("hello")
    }
}

struct BankModule;

impl Module for BankModule {
    fn define(m: &mut ModuleDef) {
        m.import::<JournalModule>()
            .value(Due::default())
            .gateway(|journal, due| Bank { journal, due });
    }
}

struct Test {
    _app: TestApp,
    client: TestSocket,
    other: TestSocket,
    journal: Arc<Journal>,
    due: Arc<Due>,
}

impl Test {
    async fn start() -> Self {
        let (journal, due) = (Journal::new(), Arc::new(Due::default()));
        let app = App::of::<BankModule>().override_with(Arc::clone(&journal));
        let app = TestApp::start(app.override_with(Arc::clone(&due))).await;
        let (client, other) = (app.connect("/").await, app.connect("/").await);
        Self { _app: app, client, other, journal, due }
    }

    /// Sends promises, and waits for none.
    async fn promise(&mut self, range: std::ops::Range<u32>) {
        for n in range {
            self.client.send(&format!(r#"2{n}["promise",{n}]"#)).await;
        }
    }

    /// Lets the server do what it can: another client is served several times.
    async fn let_it_work(&mut self) {
        for _ in 0..20 {
            self.other.emit_ack("refuse", json!({})).await;
        }
    }
}

/// The acks that come next, in the order in which they come; events are left out.
async fn next_acks(client: &mut TestSocket, count: usize) -> Vec<(i64, Value)> {
    let mut acks = Vec::new();
    while acks.len() < count {
        match client.next_packet().await {
            Packet::Ack(_, id, ack) => acks.push((id, ack)),
            Packet::Event(..) => {}
            other => panic!("{other:?}"),
        }
    }
    acks
}

fn promised(n: impl Iterator<Item = u32>) -> Vec<String> {
    n.map(|it| format!("promise {it}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn next_events_run_in_order_while_answers_are_outstanding() {
    let mut test = Test::start().await;
    test.promise(0..20).await;

    assert_eq!(test.client.emit_ack("greet", json!({})).await["data"], "hello");

    let mut expected = promised(0..20);
    expected.push("greet".to_owned());
    assert_eq!(test.journal.entries(), expected);
}

#[tokio::test]
async fn answer_waits_for_those_before_it_and_for_none_behind_it() {
    let mut test = Test::start().await;
    test.promise(0..3).await;
    test.journal.wait_for(3).await;
    let ack = |n: i64| (n, json!({ "status": "ok", "data": { "promise": n } }));

    test.due.keep([2]);
    test.journal.wait_for(4).await;
    test.let_it_work().await;
    test.due.keep([0]);
    assert_eq!(next_acks(&mut test.client, 1).await, [ack(0)]);
    test.due.keep([1]);
    assert_eq!(next_acks(&mut test.client, 2).await, [ack(1), ack(2)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_go_out_in_the_order_of_the_events() {
    let mut test = Test::start().await;
    for round in 0..20 {
        let range = round * MOST..(round + 1) * MOST;
        test.promise(range.clone()).await;
        test.journal.wait_for(((2 * round + 1) * MOST) as usize).await;

        for n in range.clone().step_by(2).chain(range.clone().rev().step_by(2)) {
            test.due.keep([n]);
        }

        let acks = next_acks(&mut test.client, MOST as usize).await;
        let order: Vec<_> = acks.into_iter().map(|it| it.0).collect();
        assert_eq!(order, range.map(i64::from).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn late_answer_has_its_success_event_and_its_request_id() {
    let mut test = Test::start().await;
    test.due.keep([7]);

    let payload = json!({ "data": 7, "requestId": "r-1" });
    let ack = test.client.emit_ack("promise", payload).await;

    let data = json!({ "promise": 7 });
    assert_eq!(ack, json!({ "status": "ok", "data": data, "requestId": "r-1" }));
    let kept = json!({ "promise": 7, "requestId": "r-1", "version": "1.0" });
    assert_eq!(test.client.event("kept").await, kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_sixty_four_outstanding_the_next_event_waits() {
    let mut test = Test::start().await;
    test.promise(0..MOST + 6).await;
    // The last of these has begun, and holds up those behind it.
    test.journal.wait_for(MOST as usize + 1).await;
    test.let_it_work().await;
    assert_eq!(test.journal.entries(), promised(0..MOST + 1));

    test.due.keep([0]);
    let entries = test.journal.wait_for(MOST as usize + 3).await;
    assert_eq!(entries[MOST as usize + 1..], ["keep 0", &format!("promise {}", MOST + 1)]);

    test.due.keep(0..MOST + 6);
    let mut answered: Vec<_> =
        next_acks(&mut test.client, MOST as usize + 6).await.into_iter().map(|it| it.0).collect();
    answered.sort();
    assert_eq!(answered, (0..i64::from(MOST) + 6).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disconnected_runs_after_the_last_answer() {
    let mut test = Test::start().await;
    test.promise(0..3).await;
    test.journal.wait_for(3).await;
    test.client.leave().await;
    test.let_it_work().await;
    assert_eq!(test.journal.entries(), promised(0..3), "it has waited");

    test.due.keep([0, 1]);
    test.journal.wait_for(5).await;
    test.let_it_work().await;
    assert_eq!(test.journal.entries().len(), 5, "it waits");
    test.due.keep([2]);

    assert_eq!(test.journal.wait_for(7).await[5..], ["keep 2", "disconnected"]);
}

#[tokio::test]
async fn refusals_and_panics_are_answered_whenever_they_come() {
    let mut test = Test::start().await;
    for (event, code) in
        [("refuse", "PERMISSION_DENIED"), ("break", "CLIENT_ERROR"), ("panic", "SERVER_ERROR")]
    {
        let ack = test.client.emit_ack(event, json!({ "data": {}, "requestId": "r-1" })).await;

        assert_eq!(ack["status"], "error", "{event}");
        assert_eq!((&ack["error"]["code"], &ack["requestId"]), (&json!(code), &json!("r-1")));
        assert_eq!(test.client.event("error").await, ack["error"], "{event}");
    }
    // And their places are free again.
    for _ in 0..MOST * 2 {
        test.client.emit_ack("panic", json!({})).await;
    }
    assert_eq!(test.client.emit_ack("greet", json!({})).await["data"], "hello");
}
