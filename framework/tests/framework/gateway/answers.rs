//! What comes back for an event: acks, error events and success events.

use std::{sync::Arc, time::Duration};

use hornero::{
    App, ClientError, Data, ErrorKind, EventAccess, Events, Gateway, Module, ModuleDef,
    testing::{Packet, TestApp, TestSocket},
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

struct Desk;

impl Gateway for Desk {
    const NAMESPACES: &'static [&'static str] = &["/desk"];
    const ACCESS: EventAccess = EventAccess::Public;
    const ERROR_EVENT: &'static str = "desk:error";

    fn events(on: &mut Events<Self>) {
        on.on("sum", Self::sum)
            .on("nothing", Self::nothing)
            .on("open", Self::open)
            .replies("desk:opened")
            .on("crowd", Self::crowd)
            .on("panic", Self::panic);
    }
}

/// Why the desk refuses.
enum DeskError {
    Closed,
}

impl From<DeskError> for ClientError {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Closed => {
                Self::new(ErrorKind::Forbidden, "The desk is closed").detail("opens", "at nine")
            }
        }
    }
}

#[derive(Serialize, ToSchema)]
struct Opened {
    room: u32,
}

impl Desk {
    async fn sum(self: Arc<Self>, Data(numbers): Data<Vec<i64>>) -> Result<i64, DeskError> {
        if numbers.is_empty() { Err(DeskError::Closed) } else { Ok(numbers.iter().sum()) }
    }

    async fn nothing(self: Arc<Self>) {}

    async fn open(self: Arc<Self>, Data(room): Data<u32>) -> Result<Opened, DeskError> {
        if room == 0 { Err(DeskError::Closed) } else { Ok(Opened { room }) }
    }

    async fn crowd(self: Arc<Self>) -> Result<(), ClientError> {
        let error = ClientError::new(ErrorKind::RateLimited, "Too many people");
        Err(error.retry_after(Duration::from_millis(1_500)))
    }

    async fn panic(self: Arc<Self>) -> Result<(), ClientError> {
        panic!("the desk broke down: its password is hunter2")
    }
}

struct DeskModule;

impl Module for DeskModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|| Desk);
    }
}

async fn desk() -> (TestApp, TestSocket) {
    let server = TestApp::start(App::of::<DeskModule>()).await;
    let client = server.connect("/desk").await;
    (server, client)
}

fn closed() -> Value {
    json!({
        "code": "PERMISSION_DENIED",
        "message": "The desk is closed",
        "details": { "opens": "at nine" },
        "recoverable": false,
        "version": "1.0",
    })
}

#[tokio::test]
async fn what_the_handler_returns_is_the_ack() {
    let (_server, mut client) = desk().await;

    let ack = client.emit_ack("sum", json!([1, 2, 3])).await;

    assert_eq!(ack, json!({ "status": "ok", "data": 6 }));
}

#[tokio::test]
async fn handler_that_returns_nothing_is_acked_too() {
    let (_server, mut client) = desk().await;

    let ack = client.emit_ack("nothing", json!({})).await;

    assert_eq!(ack, json!({ "status": "ok", "data": null }));
}

#[tokio::test]
async fn failure_is_acked_and_emitted_as_the_gateways_error_event() {
    let (_server, mut client) = desk().await;

    let ack = client.emit_ack("sum", json!([])).await;

    assert_eq!(ack, json!({ "status": "error", "error": closed() }));
    assert_eq!(client.next_event().await, ("desk:error".to_owned(), closed()));
}

#[tokio::test]
async fn failure_is_emitted_where_no_ack_was_asked_for() {
    let (_server, mut client) = desk().await;

    client.emit("sum", json!([])).await;

    assert_eq!(client.next_event().await, ("desk:error".to_owned(), closed()));
}

#[tokio::test]
async fn success_without_an_ack_is_silent() {
    let (_server, mut client) = desk().await;

    client.emit("sum", json!([1])).await;
    client.emit("sum", json!([])).await;

    // Nothing came before the failure of the second event.
    assert_eq!(client.next_event().await, ("desk:error".to_owned(), closed()));
}

#[tokio::test]
async fn success_event_goes_to_the_caller_with_and_without_an_ack() {
    let (server, mut client) = desk().await;
    let mut other = server.connect("/desk").await;
    let opened = json!({ "room": 7, "version": "1.0" });

    let ack = client.emit_ack("open", json!(7)).await;
    assert_eq!(ack, json!({ "status": "ok", "data": { "room": 7 } }));
    assert_eq!(client.next_event().await, ("desk:opened".to_owned(), opened.clone()));
    client.emit("open", json!(7)).await;
    assert_eq!(client.next_event().await, ("desk:opened".to_owned(), opened));

    other.emit("sum", json!([])).await;
    assert_eq!(other.next_event().await.0, "desk:error", "others should hear nothing");
}

#[tokio::test]
async fn success_event_is_not_sent_for_a_failure() {
    let (_server, mut client) = desk().await;

    client.emit("open", json!(0)).await;

    assert_eq!(client.next_event().await, ("desk:error".to_owned(), closed()));
    assert_eq!(client.emit_ack("nothing", json!({})).await["status"], "ok");
}

#[tokio::test]
async fn request_id_comes_back_in_every_answer() {
    let (_server, mut client) = desk().await;

    let ack = client.emit_ack("open", json!({ "data": 7, "requestId": "r-1" })).await;
    assert_eq!(ack["requestId"], "r-1");
    assert_eq!(client.next_event().await.1["requestId"], "r-1");

    let ack = client.emit_ack("open", json!({ "data": 0, "requestId": "r-2" })).await;
    assert_eq!(ack["requestId"], "r-2");
    assert_eq!(ack["error"]["requestId"], "r-2");
    assert_eq!(client.next_event().await.1["requestId"], "r-2");

    let ack = client.emit_ack("panic", json!({ "data": null, "requestId": "r-3" })).await;
    assert_eq!(ack["requestId"], "r-3");
    assert_eq!(client.next_event().await.1["requestId"], "r-3");
}

#[tokio::test]
async fn retry_hint_is_among_the_details() {
    let (_server, mut client) = desk().await;

    let ack = client.emit_ack("crowd", json!({})).await;

    assert_eq!(ack["error"]["code"], "RATE_LIMITED");
    assert_eq!(ack["error"]["recoverable"], true);
    assert_eq!(ack["error"]["details"], json!({ "retryAfterMs": 1500 }));
}

#[tokio::test]
async fn panic_is_answered_and_the_socket_lives_on() {
    let (_server, mut client) = desk().await;

    let ack = client.emit_ack("panic", json!({})).await;

    let error = json!({
        "code": "SERVER_ERROR",
        "message": "The server could not complete the request",
        "recoverable": true,
        "version": "1.0",
    });
    assert_eq!(ack, json!({ "status": "error", "error": error }));
    assert_eq!(client.next_event().await, ("desk:error".to_owned(), error));
    assert_eq!(client.emit_ack("sum", json!([1, 2])).await["data"], 3);
}

#[tokio::test]
async fn unknown_event_is_answered() {
    let (_server, mut client) = desk().await;

    let ack = client.emit_ack("no such event", json!({})).await;

    assert_eq!(ack["status"], "error");
    assert_eq!(ack["error"]["code"], "PROTOCOL_ERROR");
    assert_eq!(ack["error"]["details"], json!({ "reason": "unknown_event" }));
    assert_eq!(client.next_event().await, ("desk:error".to_owned(), ack["error"].clone()));
}

#[tokio::test]
async fn client_that_is_gone_needs_no_answer() {
    let (server, mut client) = desk().await;
    for _ in 0..10 {
        client.emit("sum", json!([])).await;
    }
    client.close().await;

    let mut other = server.connect("/desk").await;

    assert_eq!(other.emit_ack("sum", json!([1])).await["data"], 1);
    server.stop().await;
    assert_eq!(other.next_packet().await, Packet::Closed);
}
