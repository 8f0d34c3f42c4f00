//! How often a connection may send events.

use std::{sync::Arc, time::Duration};

use hornero::{
    App, ClientError, Data, EventAccess, Events, FromEvent, Gateway, Incoming, Module, ModuleDef,
    RateClass, RateLimitConfig,
    testing::{Packet, TestApp, TestSocket, environment},
};
use serde_json::{Value, json};

use crate::journal::{Journal, JournalModule};

/// Events that are let through at once, here.
const BURST: usize = 3;

struct Press {
    journal: Arc<Journal>,
}

/// Notes that it was asked.
struct Asked;

impl FromEvent<Press> for Asked {
    fn from_event(incoming: &mut Incoming<'_, Press>) -> Result<Self, ClientError> {
        incoming.gateway.journal.note("guard");
        Ok(Self)
    }
}

impl Gateway for Press {
    const NAMESPACES: &'static [&'static str] = &["/"];
    const ACCESS: EventAccess = EventAccess::Public;
    const ERROR_EVENT: &'static str = "press:error";

    fn events(on: &mut Events<Self>) {
        on.on("print", Self::print).on("nod", Self::nod).rate(RateClass::Signal);
    }
}

impl Press {
    async fn print(self: Arc<Self>, _: Asked, Data(page): Data<u32>) -> Result<u32, ClientError> {
        Ok(page)
    }

    async fn nod(self: Arc<Self>) {}
}

struct PressModule;

impl Module for PressModule {
    fn define(m: &mut ModuleDef) {
        m.import::<JournalModule>().gateway(|journal| Press { journal });
    }
}

async fn press(variables: &[(&str, &str)]) -> (TestApp, Arc<Journal>) {
    let journal = Journal::new();
    let app = App::of::<PressModule>().override_with(Arc::clone(&journal));
    (TestApp::start_with(app, variables).await, journal)
}

/// One event in a second, so that no test takes long enough for another one.
const SLOW: [(&str, &str); 4] = [
    ("HORNERO__RATE_LIMIT__EVENTS", "1"),
    ("HORNERO__RATE_LIMIT__EVENTS_BURST", "3"),
    ("HORNERO__RATE_LIMIT__SIGNALS", "1"),
    ("HORNERO__RATE_LIMIT__SIGNALS_BURST", "3"),
];

/// Uses up what a connection may send at once.
async fn exhaust(client: &mut TestSocket, event: &str, data: Value) {
    for _ in 0..BURST {
        assert_eq!(client.emit_ack(event, data.clone()).await["status"], "ok");
    }
}

#[tokio::test]
async fn event_that_comes_too_soon_is_refused_and_nothing_else_happens() {
    let (server, journal) = press(&SLOW).await;
    let mut client = server.connect("/").await;
    exhaust(&mut client, "print", json!(1)).await;

    // It would be refused for its form, if anybody looked.
    let envelope = json!({ "data": "no page", "requestId": "r-1" });
    let ack = client.emit_ack("print", envelope).await;

    let error = &ack["error"];
    assert_eq!((&ack["status"], &error["code"]), (&json!("error"), &json!("RATE_LIMITED")));
    assert_eq!((&error["recoverable"], &ack["requestId"]), (&json!(true), &json!("r-1")));
    let after = error["details"]["retryAfterMs"].as_u64().unwrap();
    assert!((1..=1_000).contains(&after), "{after}");
    assert_eq!(client.next_event().await, ("press:error".to_owned(), error.clone()));
    assert_eq!(journal.entries(), ["guard"; BURST], "a refused event asks nobody");

    tokio::time::sleep(Duration::from_millis(after)).await;
    assert_eq!(client.emit_ack("print", json!(2)).await["data"], 2);
}

#[tokio::test]
async fn classes_and_connections_have_limits_of_their_own() {
    let (server, _) = press(&SLOW).await;
    let mut client = server.connect("/").await;
    exhaust(&mut client, "print", json!(1)).await;

    exhaust(&mut client, "nod", json!(null)).await;
    assert_eq!(client.emit_ack("nod", json!(null)).await["error"]["code"], "RATE_LIMITED");
    let mut other = server.connect("/").await;
    exhaust(&mut other, "print", json!(1)).await;
}

#[tokio::test]
async fn event_that_nobody_handles_counts_too() {
    let (server, _) = press(&SLOW).await;
    let mut client = server.connect("/").await;
    for _ in 0..BURST {
        client.emit("nowhere", json!(null)).await;
    }

    let refused = client.emit_ack("print", json!(1)).await;

    assert_eq!(refused["error"]["code"], "RATE_LIMITED");
    // However it is written.
    for n in 0..BURST {
        client.send(&format!("2{n}[ \"nod\"]")).await;
        let nodded = Packet::Ack("/".to_owned(), n as i64, json!({ "status": "ok", "data": null }));
        while client.next_packet().await != nodded {}
    }
}

#[tokio::test]
async fn limit_is_20_at_once_unless_it_is_off() {
    let default = RateLimitConfig::default();
    let (rate, burst) = (default.events.to_string(), default.events_burst.to_string());
    let limited: &[_] =
        &[("HORNERO__RATE_LIMIT__EVENTS", &*rate), ("HORNERO__RATE_LIMIT__EVENTS_BURST", &*burst)];
    for (variables, let_through) in [(limited, 20..=22), (&[], 100..=100)] {
        let (server, _) = press(variables).await;
        let mut client = server.connect("/").await;
        for page in 0..100 {
            client.send(&format!("2{page}[\"print\",{page}]")).await;
        }
        let mut ok = 0;
        let mut acks = 0;
        while acks < 100 {
            if let Packet::Ack(_, _, ack) = client.next_packet().await {
                acks += 1;
                ok += u32::from(ack["status"] == "ok");
            }
        }
        // A slow machine gives time for one or two more.
        assert!(let_through.contains(&ok), "{ok}");
    }
}

#[test]
fn limit_that_nothing_can_keep_is_a_mistake_in_the_configuration() {
    let config = environment(&[("HORNERO__RATE_LIMIT__SIGNALS_BURST", "0")]);
    let problems = App::of::<PressModule>().with_config(config).check_config().unwrap_err();
    assert_eq!(problems.0.len(), 1, "{problems}");
    assert_eq!(problems.0[0].key, "rateLimit.signalsBurst");
}
