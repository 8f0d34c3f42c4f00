//! `Then`: what a handler does once it has answered.

use std::sync::Arc;

use hornero::{
    App, ClientError, EmitEvent, Event, EventAccess, Events, Gateway, Module, ModuleDef, SocketRef,
    Then,
    testing::{Packet, TestApp, TestSocket},
};
use serde::Serialize;
use serde_json::json;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use crate::journal::{Journal, JournalModule};

struct Library {
    journal: Arc<Journal>,
    /// Holds back what comes after the answer.
    gate: Arc<Semaphore>,
}

#[derive(Serialize, ToSchema)]
struct Opened {
    pages: u32,
}

#[derive(Serialize, ToSchema)]
struct Page {
    number: u32,
}

impl Event for Page {
    const NAME: &'static str = "page";
}

impl Gateway for Library {
    const NAMESPACES: &'static [&'static str] = &["/"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("open", Self::open).replies("opened");
        on.on("slip", Self::slip).on("greet", Self::greet).emits::<Page>();
    }
}

impl Library {
    async fn open(self: Arc<Self>, socket: SocketRef) -> Result<Then<Opened>, ClientError> {
        self.journal.note("opened");
        let rest = async move {
            self.gate.acquire().await.unwrap().forget();
            for number in 1..=3 {
                tokio::task::yield_now().await;
                socket.emit_event(&Page { number });
            }
            self.journal.note("read");
        };
        Ok(Then::new(Opened { pages: 3 }, rest))
    }

    async fn slip(self: Arc<Self>) -> Result<Then<u32>, ClientError> {
        Ok(Then::new(7, async { panic!("a bug in a feature") }))
    }

    async fn greet(self: Arc<Self>) -> Result<&'static str, ClientError> {
        self.journal.note("greeted");
        Ok("hello")
    }
}

struct LibraryModule;

impl Module for LibraryModule {
    fn define(m: &mut ModuleDef) {
        m.import::<JournalModule>()
            .value(Semaphore::new(0))
            .gateway(|journal, gate| Library { journal, gate });
    }
}

async fn library() -> (TestApp, TestSocket, Arc<Journal>, Arc<Semaphore>) {
    let (journal, gate) = (Journal::new(), Arc::new(Semaphore::new(0)));
    let app = App::of::<LibraryModule>().override_with(Arc::clone(&journal));
    let app = TestApp::start(app.override_with(Arc::clone(&gate))).await;
    let client = app.connect("/").await;
    (app, client, journal, gate)
}

#[tokio::test]
async fn answer_comes_before_all_that_follows_it() {
    let (_app, mut client, _, gate) = library().await;
    gate.add_permits(1);

    client.send(r#"27["open",{"data":{},"requestId":"r-1"}]"#).await;

    let here = || "/".to_owned();
    let opened = json!({ "pages": 3, "requestId": "r-1", "version": "1.0" });
    assert_eq!(client.next_packet().await, Packet::Event(here(), "opened".to_owned(), opened));
    let ack = json!({ "status": "ok", "data": { "pages": 3 }, "requestId": "r-1" });
    assert_eq!(client.next_packet().await, Packet::Ack(here(), 7, ack));
    for number in 1..=3 {
        let page = json!({ "number": number, "version": "1.0" });
        assert_eq!(client.next_event().await, ("page".to_owned(), page));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn next_event_waits_until_the_rest_is_done() {
    let (app, mut client, journal, gate) = library().await;
    client.emit_ack("open", json!({})).await;
    client.emit("greet", json!({})).await;
    // The server has had time to handle it: it has served another client meanwhile.
    let mut other = app.connect("/").await;
    for _ in 0..20 {
        other.emit_ack("no such event", json!({})).await;
    }
    assert_eq!(journal.entries(), ["opened"]);

    gate.add_permits(1);

    assert_eq!(journal.wait_for(3).await, ["opened", "read", "greeted"]);
}

#[tokio::test]
async fn panic_after_the_answer_is_told_and_answers_nothing_twice() {
    let (_app, mut client, ..) = library().await;

    client.send(r#"27["slip",{"data":{},"requestId":"r-1"}]"#).await;

    let ack = json!({ "status": "ok", "data": 7, "requestId": "r-1" });
    assert_eq!(client.next_packet().await, Packet::Ack("/".to_owned(), 7, ack));
    let (event, error) = client.next_event().await;
    assert_eq!((event.as_str(), &error["code"]), ("error", &json!("SERVER_ERROR")));
    assert_eq!(error["requestId"], "r-1");
    // Nothing stands between that and the answer to what comes next.
    client.send(r#"28["greet",{}]"#).await;
    let ack = json!({ "status": "ok", "data": "hello" });
    assert_eq!(client.next_packet().await, Packet::Ack("/".to_owned(), 8, ack));
}
