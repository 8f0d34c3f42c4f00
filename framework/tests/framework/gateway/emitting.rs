//! What handlers emit to a socket whose queue is full, and how it is found out that it is.

use std::sync::Arc;

use hornero::{
    App, Broadcast, ClientError, EmitEvent, Event, EventAccess, Events, Frame, Gateway, Module,
    ModuleDef, QueueFull, SocketIo, SocketRef,
    testing::{Packet, TestApp, TestSocket},
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

struct Clock {
    io: Arc<SocketIo>,
}

#[derive(Serialize, ToSchema)]
struct Tick {
    number: u32,
}

impl Event for Tick {
    const NAME: &'static str = "tick";
}

impl Gateway for Clock {
    const NAMESPACES: &'static [&'static str] = &["/"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("flood", Self::flood)
            .on("probe", Self::probe)
            .on("overdo", Self::overdo)
            .on("strike", Self::strike)
            .on("complain", Self::complain)
            .emits::<Tick>();
    }
}

impl Clock {
    /// Emits until the queue is full, and tells how many ticks there was room for. The test has
    /// one thread: nobody takes them out meanwhile.
    async fn flood(self: Arc<Self>, socket: SocketRef) -> Result<u32, ClientError> {
        let tick = |number| Frame::of(&Tick { number }).unwrap();
        let mut sent = 0;
        while socket.emit_frame(&tick(sent)).is_ok() {
            sent += 1;
        }
        for _ in 0..10 {
            assert!(socket.has_full_queue());
            assert_eq!(socket.emit_frame(&tick(sent)), Err(QueueFull));
        }
        while socket.has_full_queue() {
            tokio::task::yield_now().await;
        }
        Ok(sent)
    }

    async fn probe(self: Arc<Self>, socket: SocketRef) -> Result<u32, ClientError> {
        let probes = std::iter::repeat_with(|| socket.has_full_queue()).take(1_000);
        Ok(probes.filter(|full| *full).count() as u32)
    }

    /// Emits what may not be missed, and more than there is room for.
    async fn overdo(self: Arc<Self>, socket: SocketRef) {
        for number in 0..1_000 {
            socket.emit_event(&Tick { number });
        }
    }

    /// Emits ten ticks at once, twice. Tells how many sockets have missed some the first time and
    /// the second, and how many are in the channel then.
    async fn strike(self: Arc<Self>, socket: SocketRef) -> Result<Vec<usize>, ClientError> {
        socket.join("tower");
        let ticks: Vec<_> = (0..20).filter_map(|number| Frame::of(&Tick { number })).collect();
        let to = Broadcast::new(&self.io, "/").to("tower");
        let first = to.clone().emit_all(&ticks[..10]).await.len();
        let second = to.emit_all(&ticks[10..]).await.len();
        while socket.has_full_queue() {
            tokio::task::yield_now().await;
        }
        let channels = socket.rooms().iter().filter(|it| *it == "tower").count();
        Ok(vec![first, second, channels])
    }

    async fn complain(self: Arc<Self>, socket: SocketRef) {
        let error = ClientError::field("roomId", "unknown", "is not there").detail("room", 7);
        socket.emit_error("clock:error", &error);
    }
}

struct ClockModule;

impl Module for ClockModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|io: Arc<SocketIo>| Clock { io });
    }
}

async fn clock() -> (TestApp, TestSocket) {
    clock_with(&[]).await
}

async fn clock_with(variables: &[(&str, &str)]) -> (TestApp, TestSocket) {
    let variables = [&[("HORNERO__WEBSOCKET__SEND_QUEUE_SIZE", "16")], variables].concat();
    let app = TestApp::start_with(App::of::<ClockModule>(), &variables).await;
    let client = app.connect("/").await;
    (app, client)
}

#[tokio::test]
async fn full_queue_takes_no_frame_and_the_socket_is_let_alone() {
    let (_app, mut client) = clock().await;

    client.send(r#"21["flood",{}]"#).await;

    let mut ticks = 0;
    let ack = loop {
        match client.next_packet().await {
            Packet::Event(_, event, data) => {
                assert_eq!((event.as_str(), &data["number"]), ("tick", &json!(ticks)));
                ticks += 1;
            }
            packet => break packet,
        }
    };
    // What there was no room for, and what was only asked, is nowhere.
    assert!((1..=16).contains(&ticks), "{ticks}");
    let expected = json!({ "status": "ok", "data": ticks });
    assert_eq!(ack, Packet::Ack("/".to_owned(), 1, expected));
    assert_eq!(client.emit_ack("probe", json!({})).await["data"], 0);
}

#[tokio::test]
async fn client_sees_nothing_of_the_question_whether_its_queue_is_full() {
    let (_app, mut client) = clock().await;
    for id in 1..=3 {
        client.send(&format!(r#"2{id}["probe",{{}}]"#)).await;
        let ack = json!({ "status": "ok", "data": 0 });
        assert_eq!(client.next_packet().await, Packet::Ack("/".to_owned(), id, ack));
    }
}

#[tokio::test]
async fn socket_that_has_missed_an_event_is_disconnected() {
    let (_app, mut client) = clock().await;
    client.emit("overdo", json!({})).await;
    client.closed().await;
    // What it was sent before is whole.
    let numbers: Vec<_> = client.heard("tick").iter().map(|it| it["number"].as_u64()).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn socket_that_has_missed_one_of_several_misses_what_is_behind_it() {
    let (_app, mut client) = clock().await;

    let ack = client.emit_ack("strike", json!({})).await;

    assert_eq!(ack["data"], json!([0, 1, 0]));
    let numbers: Vec<_> = client.heard("tick").iter().map(|it| it["number"].as_u64()).collect();
    assert_eq!(numbers, (0..16).map(Some).collect::<Vec<_>>());
}

/// It would be taken for one that has missed nothing but what came later.
#[tokio::test]
async fn socket_that_has_missed_one_of_several_does_not_come_back() {
    let on = ("HORNERO__WEBSOCKET__RECOVERY__MAX_DISCONNECTION_MS", "120000");
    let (app, mut client) = clock_with(&[on]).await;
    assert_eq!(client.emit_ack("probe", json!({})).await["data"], 0);
    let before = client.recovery();

    assert_eq!(client.emit_ack("strike", json!({})).await["data"], json!([0, 1, 0]));
    client.close().await;

    let client = app.handshake("/").auth(before.clone()).connect().await.unwrap();
    assert!(before["pid"].is_string(), "{before}");
    assert_ne!(client.recovery()["pid"], before["pid"]);
}

#[tokio::test]
async fn refusal_that_nobody_has_asked_for_has_the_shape_of_all_refusals() {
    let (_app, mut client) = clock().await;
    client.emit("complain", json!({})).await;
    let (event, error) = client.next_event().await;
    let fields = json!([{ "field": "roomId", "rule": "unknown", "message": "is not there" }]);
    let details = json!({ "field": "roomId", "rule": "unknown", "fields": fields, "room": 7 });
    let expected = json!({
        "code": "PROTOCOL_ERROR", "message": error["message"], "details": details,
        "recoverable": true, "version": "1.0",
    });
    assert_eq!((event.as_str(), error), ("clock:error", expected));
}
