//! What a client may send, and what it is told when it sends more.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use hornero::{App, Module, ModuleDef, Traffic, testing::TestApp};
use tokio_tungstenite::tungstenite::{
    Bytes, Message,
    protocol::frame::{
        Frame,
        coding::{CloseCode, Data, OpCode},
    },
};

use super::raw::{InnModule, Polling, Websocket, inn, json_in};

const LIMIT: usize = 2_000;

const LIMITED: [(&str, &str); 1] = [("HORNERO__WEBSOCKET__MAX_HTTP_BUFFER_SIZE", "2000")];

/// An event as a packet of so many bytes.
fn event_of(length: usize) -> String {
    let (before, after) = (r#"421["echo",""#, r#""]"#);
    format!("{before}{}{after}", "x".repeat(length - before.len() - after.len()))
}

/// Reads until the server closes the WebSocket, and gives the code.
async fn close_code(client: &mut Websocket) -> CloseCode {
    hornero::testing::soon(async {
        loop {
            match client.0.next().await {
                Some(Ok(Message::Close(frame))) => return frame.unwrap().code,
                Some(Ok(_)) => {}
                other => panic!("{other:?} instead of a close"),
            }
        }
    })
    .await
}

async fn connected(app: &TestApp) -> Websocket {
    let mut client = Websocket::open(app, None).await.unwrap();
    client.send("40").await;
    client.receive("40").await;
    client
}

#[tokio::test]
async fn packet_may_be_as_large_as_configured_over_both_transports_and_no_larger() {
    let app = inn(&LIMITED).await;
    let polling = Polling::open(&app).await;
    polling.send("40").await;
    polling.send(&event_of(LIMIT)).await;
    assert_eq!(json_in(&polling.receive("431").await)[0]["status"], "ok");
    let refused = polling.post(event_of(LIMIT + 1)).await;
    assert_eq!((refused.status, polling.poll().await.status), (413, 400));

    let mut websocket = connected(&app).await;
    websocket.send(&event_of(LIMIT)).await;
    assert_eq!(json_in(&websocket.receive("431").await)[0]["status"], "ok");
    websocket.send(&event_of(LIMIT + 1)).await;
    assert_eq!(close_code(&mut websocket).await, CloseCode::Size);
}

#[tokio::test]
async fn message_in_several_frames_is_measured_as_a_whole() {
    let app = inn(&LIMITED).await;
    for (last, fits) in [(LIMIT / 2, true), (LIMIT / 2 + 1, false)] {
        let mut client = connected(&app).await;
        let event = event_of(LIMIT / 2 + last).into_bytes();
        let (first, rest) = event.split_at(LIMIT / 2);
        for (part, code, is_final) in [(first, Data::Text, false), (rest, Data::Continue, true)] {
            let frame = Frame::message(Bytes::copy_from_slice(part), OpCode::Data(code), is_final);
            client.0.send(Message::Frame(frame)).await.unwrap();
        }
        match fits {
            true => drop(client.receive("431").await),
            false => assert_eq!(close_code(&mut client).await, CloseCode::Size),
        }
    }
}

#[tokio::test]
async fn client_hears_why_it_is_closed_though_it_has_sent_far_too_much() {
    let app = inn(&LIMITED).await;
    let mut client = connected(&app).await;
    // Much of it is not yet read when the server refuses it.
    client.0.feed(Message::text(event_of(30_000))).await.unwrap();
    client.0.flush().await.unwrap();
    assert_eq!(close_code(&mut client).await, CloseCode::Size);
    // Others are none the worse for it.
    connected(&app).await;
}

#[tokio::test]
async fn client_that_connects_to_no_namespace_is_closed() {
    let app = inn(&[("HORNERO__WEBSOCKET__CONNECT_TIMEOUT_MS", "100")]).await;
    let polling = Polling::open(&app).await;
    let mut websocket = Websocket::open(&app, None).await.unwrap();
    hornero::testing::soon(async { while let Some(Ok(_)) = websocket.0.next().await {} }).await;
    hornero::testing::soon(async { while polling.poll().await.status == 200 {} }).await;

    // Nor may an upgrade be begun and not finished.
    let polling = Polling::open(&app).await;
    polling.send("40").await;
    polling.receive("40").await;
    let mut upgrade = Websocket::open(&app, Some(&polling.sid)).await.unwrap();
    hornero::testing::soon(async { while let Some(Ok(_)) = upgrade.0.next().await {} }).await;
}

#[tokio::test]
async fn fifth_protocol_error_of_a_connection_disconnects_its_socket() {
    let app = inn(&[("HORNERO__RATE_LIMIT__PROTOCOL_ERRORS", "5")]).await;
    let mut client = connected(&app).await;
    client.send("40/chat,").await;
    client.receive("40/chat,").await;
    // They count together, whatever the namespace, and each is answered.
    for (n, prefix) in ["", "/chat,", "", "/chat,"].into_iter().enumerate() {
        client.send(&format!(r#"42{prefix}{n}["unknown"]"#)).await;
        let answer = json_in(&client.receive(&format!("43{prefix}{n}")).await);
        assert_eq!(answer[0]["error"]["code"], "PROTOCOL_ERROR");
    }
    client.send(r#"429["echo","still here"]"#).await;
    client.receive("439").await;
    client.send(r#"425["unknown"]"#).await;
    client.receive("435").await;
    assert_eq!(client.receive("41").await, "41");
    client.send(r#"42/chat,9["echo","and here"]"#).await;
    client.receive("43/chat,9").await;
}

#[tokio::test]
async fn what_is_refused_for_another_reason_is_no_protocol_error() {
    let limits = [
        ("HORNERO__RATE_LIMIT__PROTOCOL_ERRORS", "2"),
        ("HORNERO__RATE_LIMIT__EVENTS", "1"),
        ("HORNERO__RATE_LIMIT__EVENTS_BURST", "1"),
    ];
    let app = inn(&limits).await;
    let mut client = connected(&app).await;
    for n in 0..5 {
        client.send(&format!(r#"42{n}["echo",1]"#)).await;
        client.receive(&format!("43{n}")).await;
    }
    client.send("40/chat,").await;
    client.receive("40/chat,").await;
}

/// Shows what the framework provides.
struct Watch {
    traffic: Arc<Traffic>,
}

struct WatchModule;

impl Module for WatchModule {
    fn define(m: &mut ModuleDef) {
        m.import::<InnModule>().provide(|traffic| Watch { traffic }).on_init(
            async |watch: Arc<Watch>, seen: Arc<Seen>| {
                seen.0.set(Arc::clone(&watch.traffic)).ok();
                Ok(())
            },
        );
        m.value(Seen::default());
    }
}

/// Where a test finds the traffic of its server.
#[derive(Default)]
struct Seen(std::sync::OnceLock<Arc<Traffic>>);

#[tokio::test]
async fn traffic_of_both_transports_is_counted() {
    let seen = Arc::new(Seen::default());
    let app = TestApp::start(App::of::<WatchModule>().override_with(Arc::clone(&seen))).await;
    let traffic = seen.0.get().unwrap();

    let client = Polling::open(&app).await;
    client.send("40").await;
    client.receive("40").await;
    let (sent, received) = (traffic.sent(), traffic.received());
    client.send("421[\"echo\",1]\x1e422[\"echo\",2]").await;
    let answers = client.poll().await.text;
    assert_eq!(traffic.received().packets, received.packets + 2);
    assert_eq!(traffic.received().bytes, received.bytes + 27);
    assert_eq!(traffic.sent().bytes, sent.bytes + answers.len() as u64);
    assert_eq!(traffic.sent().packets, sent.packets + answers.split('\x1e').count() as u64);

    let mut client = connected(&app).await;
    client.send(r#"421["echo",1]"#).await;
    client.receive("431").await;
    let (sent, received) = (traffic.sent(), traffic.received());
    client.send(r#"422["echo",2]"#).await;
    let answer = client.receive("432").await;
    assert_eq!(traffic.received().packets, received.packets + 1);
    assert_eq!(traffic.received().bytes, received.bytes + 13 + 6);
    // The first ping may come between: one byte in a frame of three.
    let pings = traffic.sent().packets - sent.packets - 1;
    assert!(pings <= 1, "{pings}");
    assert_eq!(traffic.sent().bytes, sent.bytes + answer.len() as u64 + 2 + 3 * pings);
}
