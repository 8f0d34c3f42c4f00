//! What a server does that reads MessagePack.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use hornero::{
    App, Broadcast, ClientError, EmitEvent, Event, EventAccess, Events, Frame, Gateway, Module,
    ModuleDef, SocketIo, SocketRef,
    testing::{TestApp, soon},
};
use rmpv::Value;
use serde::Serialize;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use utoipa::ToSchema;

use super::raw::{Websocket, inn};

const MSGPACK: [(&str, &str); 1] = [("HORNERO__WEBSOCKET__PARSER", "msgpack")];

fn packed(packet: serde_json::Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &rmpv::ext::to_value(packet).unwrap()).unwrap();
    bytes
}

/// An event with an ack, whose payload is these bytes.
fn event_with(payload: &[u8]) -> Vec<u8> {
    let mut bytes = packed(json!({ "type": 2, "nsp": "/", "id": 1, "data": ["echo", 0] }));
    // The keys are in order of the alphabet, so the payload is followed by the rest.
    let echo = bytes.windows(5).position(|it| it == b"\xa4echo").unwrap() + 5;
    bytes.splice(echo..=echo, payload.iter().copied());
    bytes
}

async fn connected(app: &TestApp) -> Websocket {
    let mut client = Websocket::open(app, None).await.unwrap();
    let connect = packed(json!({ "type": 0, "nsp": "/", "data": {} }));
    client.0.send(Message::binary(connect)).await.unwrap();
    let answer = receive(&mut client).await.unwrap();
    assert_eq!(answer["type"].as_u64(), Some(0));
    assert_eq!(answer["data"]["sid"].as_str().map(str::len), Some(22));
    client
}

/// The next packet, or none if the connection ends.
async fn receive(client: &mut Websocket) -> Option<Value> {
    soon(async {
        loop {
            match client.0.next().await {
                Some(Ok(Message::Binary(bytes))) => {
                    return Some(rmpv::decode::read_value(&mut &bytes[..]).unwrap());
                }
                Some(Ok(Message::Text(_))) => {}
                _ => return None,
            }
        }
    })
    .await
}

#[tokio::test]
async fn garbage_ends_a_connection_at_most_and_the_others_go_on() {
    let app = inn(&MSGPACK).await;
    let mut calm = connected(&app).await;
    let whole = packed(json!({ "type": 2, "nsp": "/", "data": ["echo", { "a": [1, "b"] }] }));
    let declared = |marker: u8| event_with(&[marker, 0xff, 0xff, 0xff, 0xff]);
    let mut garbage: Vec<Vec<u8>> = (0..whole.len()).map(|cut| whole[..cut].to_vec()).collect();
    garbage.extend([0xc6, 0xc9, 0xdb, 0xdd, 0xdf].map(declared));
    garbage.push(vec![0xdf, 0xff, 0xff, 0xff, 0xff]);
    garbage.push(vec![0x91; 900_000]);
    garbage.push(event_with(&[vec![0x91; 900_000], vec![0xc0]].concat()));
    garbage.push(packed(json!({ "type": 99, "nsp": "/", "data": [] })));
    garbage.push(packed(json!({ "type": 2, "nsp": "/", "data": [] })));
    garbage.push(packed(json!({ "type": 2, "nsp": "/", "data": { "echo": 1 } })));
    garbage.push(packed(json!({ "type": 3, "nsp": "/", "id": 7, "data": [] })));
    for packet in garbage {
        let mut client = connected(&app).await;
        client.0.send(Message::binary(packet)).await.unwrap();
        // Whatever comes of it: an answer, an end, or nothing. This is answered or not sent.
        let _ = client.0.send(Message::binary(event_with(&[7]))).await;
        receive(&mut client).await;
    }
    calm.0.send(Message::binary(event_with(&[7]))).await.unwrap();
    let ack = receive(&mut calm).await.unwrap();
    assert_eq!((ack["type"].as_u64(), ack["id"].as_u64()), (Some(3), Some(1)));
    assert_eq!(ack["data"][0]["data"].as_u64(), Some(7));
}

/// Emits ten ticks to one socket, and ten to all.
struct Tower(Arc<SocketIo>);

#[derive(Serialize, ToSchema)]
struct Tick {
    number: u32,
}

impl Event for Tick {
    const NAME: &'static str = "tick";
}

impl Gateway for Tower {
    const NAMESPACES: &'static [&'static str] = &["/"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("strike", Self::strike).emits::<Tick>();
    }
}

impl Tower {
    /// Tells how many have missed one of those to all. Nothing is read meanwhile: there is one thread.
    async fn strike(self: Arc<Self>, socket: SocketRef) -> Result<usize, ClientError> {
        for number in 0..10 {
            socket.emit_event(&Tick { number });
        }
        let ticks: Vec<_> = (10..20).filter_map(|number| Frame::of(&Tick { number })).collect();
        let missed = Broadcast::new(&self.0, "/").emit_all(&ticks).await.len();
        while socket.has_full_queue() {
            tokio::task::yield_now().await;
        }
        Ok(missed)
    }
}

struct TowerModule;

impl Module for TowerModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(Tower);
    }
}

#[tokio::test]
async fn who_has_missed_one_of_several_misses_what_is_behind_it_and_nobody_else_does() {
    let queue = ("HORNERO__WEBSOCKET__SEND_QUEUE_SIZE", "16");
    let app = TestApp::start_with(App::of::<TowerModule>(), &[MSGPACK[0], queue]).await;
    let (mut slow, mut other) = (connected(&app).await, connected(&app).await);
    let strike = packed(json!({ "type": 2, "nsp": "/", "id": 1, "data": ["strike", {}] }));
    slow.0.send(Message::binary(strike)).await.unwrap();

    for number in 0..16 {
        let tick = receive(&mut slow).await.unwrap();
        assert_eq!(tick["data"][1]["number"].as_u64(), Some(number), "{tick}");
    }
    let ack = receive(&mut slow).await.unwrap();
    assert_eq!((ack["id"].as_u64(), ack["data"][0]["data"].as_u64()), (Some(1), Some(1)), "{ack}");
    for number in 10..20 {
        let tick = receive(&mut other).await.unwrap();
        assert_eq!(tick["data"][1]["number"].as_u64(), Some(number), "{tick}");
    }
}

#[tokio::test]
async fn what_is_no_json_is_refused_and_the_socket_stays() {
    let app = inn(&MSGPACK).await;
    let mut client = connected(&app).await;
    // A key that is no text, an extension that nobody knows, and more binary parts than may be.
    let parts = [vec![0x9b], [0xc4, 1, 0].repeat(11)].concat();
    for payload in [&[0x81, 1, 1][..], &[0xd4, 5, 0], &parts] {
        client.0.send(Message::binary(event_with(payload))).await.unwrap();
        let (ack, event) =
            (receive(&mut client).await.unwrap(), receive(&mut client).await.unwrap());
        assert_eq!(ack["data"][0]["error"]["code"].as_str(), Some("PROTOCOL_ERROR"), "{ack}");
        assert_eq!(event["data"][1]["code"].as_str(), Some("PROTOCOL_ERROR"), "{event}");
    }
    client.0.send(Message::binary(event_with(&[7]))).await.unwrap();
    assert_eq!(receive(&mut client).await.unwrap()["data"][0]["status"].as_str(), Some("ok"));
}

#[tokio::test]
async fn message_is_as_large_as_configured_and_no_larger() {
    let limit = ("HORNERO__WEBSOCKET__MAX_HTTP_BUFFER_SIZE", "2000");
    let app = inn(&[MSGPACK[0], limit]).await;
    let room = 2_000 - event_with(&[]).len() - 3;
    for (length, fits) in [(room, true), (room + 1, false)] {
        let text = vec![b'x'; length];
        let header = [0xda, (length >> 8) as u8, length as u8];
        let mut client = connected(&app).await;
        let packet = event_with(&[&header[..], &text].concat());
        client.0.send(Message::binary(packet)).await.unwrap();
        assert_eq!(receive(&mut client).await.is_some(), fits);
    }
}

#[tokio::test]
async fn parser_that_nobody_knows_is_a_mistake_of_the_configuration() {
    let unknown = [("HORNERO__WEBSOCKET__PARSER", "protobuf")];
    let app = hornero::App::of::<super::raw::InnModule>();
    let refused = TestApp::try_start(app, &unknown).await.err().unwrap().to_string();
    assert!(refused.contains("websocket.parser") && refused.contains("msgpack"), "{refused}");
}
