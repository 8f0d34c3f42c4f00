//! What the server says comes whole and in order, whichever way it takes and whatever comes
//! between.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use hornero::{
    App, Broadcast, ClientError, Data, EmitEvent, Event, EventAccess, Events, Frame, Gateway,
    Module, ModuleDef, SocketIo, SocketRef,
    testing::{TestApp, soon},
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpSocket;
use tokio_tungstenite::{client_async, tungstenite::Message};
use utoipa::ToSchema;

use super::raw::{Polling, Websocket, json_in};

const NAMESPACES: [&str; 2] = ["/", "/chat"];

#[derive(Serialize, ToSchema)]
struct Called {
    number: usize,
    text: String,
}

impl Event for Called {
    const NAME: &'static str = "called";
}

#[derive(Deserialize, ToSchema)]
struct Call {
    times: usize,
    /// Bytes of each event.
    size: usize,
    /// Events between two pauses, and how long these are, in milliseconds.
    between: usize,
    pause: u64,
}

/// Calls out to everybody, and to one.
struct Crier(Arc<SocketIo>);

impl Gateway for Crier {
    const NAMESPACES: &'static [&'static str] = &NAMESPACES;
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("call", Self::call).on("echo", Self::echo).emits::<Called>();
    }
}

impl Crier {
    /// Numbers go to all of both namespaces, and every third one to this socket alone.
    async fn call(
        self: Arc<Self>,
        socket: SocketRef,
        Data(Call { times, size, between, pause }): Data<Call>,
    ) -> Result<(), ClientError> {
        tokio::spawn(async move {
            for number in 0..times {
                let called = Called { number, text: "x".repeat(size) };
                if number % 3 == 2 {
                    socket.emit_event(&called);
                } else {
                    let frame = Frame::of(&called).unwrap();
                    for namespace in NAMESPACES {
                        Broadcast::new(&self.0, namespace).emit(&frame).await;
                    }
                }
                if number % between == 0 {
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
            }
        });
        Ok(())
    }

    async fn echo(self: Arc<Self>, Data(number): Data<usize>) -> Result<usize, ClientError> {
        Ok(number)
    }
}

/// Says one thing to whoever comes in, and sends them away.
struct Doorkeeper;

impl Gateway for Doorkeeper {
    const NAMESPACES: &'static [&'static str] = &["/door"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.emits::<Called>();
    }

    async fn connected(self: Arc<Self>, socket: SocketRef) {
        socket.emit_event(&Called { number: 0, text: String::new() });
        let _ = socket.disconnect();
    }
}

struct CrierModule;

impl Module for CrierModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(Crier).gateway(|| Doorkeeper);
    }
}

async fn crier(variables: &[(&str, &str)]) -> TestApp {
    TestApp::start_with(App::of::<CrierModule>(), variables).await
}

/// A client for which the system keeps little that it has not read.
async fn slow_client(app: &TestApp) -> Websocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = socket.connect(app.address()).await.unwrap();
    let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", app.address());
    let mut client = Websocket(soon(client_async(url, stream)).await.unwrap().0);
    client.send("40").await;
    client.receive("40").await;
    client
}

/// The number in an event of `namespace`.
fn number(packet: &str, prefix: &str) -> Option<usize> {
    let event = packet.strip_prefix("42")?.strip_prefix(prefix)?.starts_with('[').then_some(packet);
    assert!(!packet.contains("mark"), "{packet}");
    Some(json_in(event?)[1]["number"].as_u64().unwrap().try_into().unwrap())
}

/// Whoever reads slowly is written to in parts: the system takes no more. Between them come pings
/// and acks, which go another way or come from elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_slowly_hears_everything_whole_and_in_order() {
    const TIMES: usize = 1_500;
    // It takes longer than a client may that reads nothing at all.
    let app = crier(&[
        ("HORNERO__WEBSOCKET__PING_INTERVAL_MS", "10"),
        ("HORNERO__SERVER__WRITE_TIMEOUT_MS", "3000"),
    ])
    .await;
    let mut client = slow_client(&app).await;
    // More than the system takes for a client that does not read.
    let call = format!(r#"42["call",{{"times":{TIMES},"size":20000,"between":300,"pause":100}}]"#);
    client.send(&call).await;

    let (mut numbers, mut pings, mut asked, mut answers) = (Vec::new(), 0, 0, Vec::new());
    while numbers.len() < TIMES {
        let Some(Ok(Message::Text(text))) = soon(client.0.next()).await else {
            panic!("the stream broke after {} events", numbers.len())
        };
        if text.as_str() == "2" {
            pings += 1;
            client.send("3").await;
            client.send(&format!(r#"42{asked}["echo",{asked}]"#)).await;
            asked += 1;
        } else if let Some(number) = number(&text, "") {
            numbers.push(number);
            tokio::time::sleep(Duration::from_millis(1)).await;
        } else if text.starts_with("43") && text.contains("data") {
            answers.push(json_in(&text)[0]["data"].clone());
        }
    }
    assert!(numbers.iter().copied().eq(0..TIMES), "{numbers:?}");
    assert!(pings > 1 && answers.len() > 1, "{pings}, {}", answers.len());
    assert!(answers.iter().enumerate().all(|(nth, it)| it.as_u64() == Some(nth as u64)));
}

/// Events go another way than the answer to CONNECT, which waits behind a ping where a client does
/// not read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn namespace_says_nothing_before_it_was_entered() {
    let app = crier(&[("HORNERO__WEBSOCKET__PING_INTERVAL_MS", "10")]).await;
    let mut client = slow_client(&app).await;
    let mut heard = 0;
    for visit in 0..5 {
        let call = r#"42["call",{"times":400,"size":20000,"between":20,"pause":2}]"#;
        client.send(call).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        client.send("40/chat,").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let mut entered = false;
        loop {
            let packet = client.receive("").await;
            if packet == "2" {
                client.send("3").await;
            }
            let entering = packet.starts_with("40/chat,");
            assert!(entered || entering || !packet.contains("/chat,"), "at visit {visit}");
            entered |= entering;
            if let Some(number) = number(&packet, "/chat,") {
                heard += 1;
                if number == 399 {
                    break;
                }
            }
            if entered && number(&packet, "") == Some(398) {
                break;
            }
        }
        client.send("41/chat,").await;
        // What was said to it before is read with the answer.
        client.send(&format!(r#"42{visit}["echo",{visit}]"#)).await;
        client.receive(&format!("43{visit}[")).await;
    }
    assert!(heard > 100, "{heard}");
}

#[tokio::test]
async fn who_is_sent_away_at_once_was_let_in_before() {
    let app = crier(&[]).await;
    for _ in 0..20 {
        let mut client = Websocket::open(&app, None).await.unwrap();
        client.send("40/door,").await;
        for expected in ["40/door,", r#"42/door,["called""#, "41/door,"] {
            let packet = client.receive("4").await;
            assert!(packet.starts_with(expected), "{packet} is not {expected}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_that_upgrades_in_a_flood_hears_everything_once_and_in_order() {
    const TIMES: usize = 2_000;
    for round in 0..5 {
        let app = crier(&[]).await;
        let polling = Polling::open(&app).await;
        polling.send("40").await;
        polling.receive("40").await;
        let between = 20 + 10 * round;
        let call =
            format!(r#"42["call",{{"times":{TIMES},"size":9,"between":{between},"pause":1}}]"#);
        polling.send(&call).await;
        let mut numbers = Vec::new();
        let read = async |numbers: &mut Vec<_>| {
            let text = polling.poll().await.text;
            numbers.extend(text.split('\x1e').filter_map(|it| number(it, "")));
            text == "6"
        };
        read(&mut numbers).await;

        let mut client = Websocket::open(&app, Some(&polling.sid)).await.unwrap();
        client.send("2probe").await;
        // A client polls until it is told that it need not.
        while !read(&mut numbers).await {}
        client.receive("3probe").await;
        let polled = numbers.len();
        client.send("5").await;
        while numbers.len() < TIMES {
            numbers.extend(number(&client.receive("42").await, ""));
        }
        assert!(numbers.iter().copied().eq(0..TIMES), "{numbers:?}");
        assert!(0 < polled && polled < TIMES, "{polled}");
    }
}
