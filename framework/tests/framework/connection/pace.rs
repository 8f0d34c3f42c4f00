//! Who takes too long to send a request is not waited for; who waits for the server is.

use std::time::{Duration, Instant};

use hornero::testing::TestApp;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::raw::{Polling, Websocket, inn};

const SHORT: [(&str, &str); 3] = [
    ("HORNERO__SERVER__HEAD_TIMEOUT_MS", "300"),
    ("HORNERO__SERVER__BODY_TIMEOUT_MS", "500"),
    ("HORNERO__SERVER__IDLE_TIMEOUT_MS", "900"),
];

const PATIENCE: Duration = Duration::from_secs(5);

async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.address()).await.unwrap()
}

/// Sends a byte now and then until the server ends the connection. Gives what it had sent, and
/// after how long it ended.
async fn drip(stream: &mut TcpStream) -> (String, Duration) {
    let (begun, mut answer) = (Instant::now(), Vec::new());
    loop {
        let mut part = [0; 1_024];
        match timeout(Duration::from_millis(30), stream.read(&mut part)).await {
            Ok(Ok(0) | Err(_)) => break,
            Ok(Ok(count)) => answer.extend_from_slice(&part[..count]),
            // One that is closed is found by reading.
            Err(_) => drop(stream.write_all(b"x").await),
        }
        assert!(begun.elapsed() < PATIENCE, "the server still listens");
    }
    (String::from_utf8(answer).unwrap(), begun.elapsed())
}

/// Reads the answer to a request for a route that there is not.
async fn ask(stream: &mut TcpStream) {
    stream.write_all(b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let (mut answer, mut part) = (String::new(), [0; 4_096]);
    while !answer.ends_with('}') {
        let count = timeout(PATIENCE, stream.read(&mut part)).await.unwrap().unwrap();
        assert!(count > 0, "the connection has ended: {answer}");
        answer.push_str(std::str::from_utf8(&part[..count]).unwrap());
    }
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

/// How long it takes until the server ends a connection on which nothing comes.
async fn end(stream: &mut TcpStream) -> Duration {
    let begun = Instant::now();
    let count = timeout(PATIENCE, stream.read(&mut [0; 64])).await.unwrap().unwrap_or(0);
    assert_eq!(count, 0);
    begun.elapsed()
}

fn assert_about(time: Duration, expected: u64) {
    let expected = Duration::from_millis(expected);
    assert!(time >= expected - Duration::from_millis(100) && time < expected * 3, "{time:?}");
}

#[tokio::test]
async fn head_that_comes_byte_by_byte_is_not_waited_for() {
    let app = inn(&SHORT).await;
    let mut stream = connect(&app).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
    assert_about(drip(&mut stream).await.1, 300);
    // Nor one that does not begin.
    assert_about(end(&mut connect(&app).await).await, 300);
    // Nor the second one of a connection.
    let mut stream = connect(&app).await;
    ask(&mut stream).await;
    stream.write_all(b"GET / HTTP/1.1\r\nx-slow: ").await.unwrap();
    assert_about(drip(&mut stream).await.1, 300);
}

#[tokio::test]
async fn body_that_comes_byte_by_byte_is_not_waited_for() {
    let app = inn(&SHORT).await;
    let session = Polling::open(&app).await;
    let path = format!("/socket.io/?EIO=4&transport=polling&sid={}", session.sid);
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n4");
    let mut stream = connect(&app).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let (answer, time) = drip(&mut stream).await;
    assert!(!answer.contains("200 OK"), "{answer}");
    assert_about(time, 500);
}

#[tokio::test]
async fn large_body_may_take_its_time_as_long_as_it_comes() {
    let app = inn(&SHORT).await;
    let session = Polling::open(&app).await;
    let path = format!("/socket.io/?EIO=4&transport=polling&sid={}", session.sid);
    let packet = format!("40{{\"a\":\"{}\"}}", "x".repeat(120_000));
    let length = packet.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
    let mut stream = connect(&app).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    for part in packet.as_bytes().chunks(20_000) {
        sleep(Duration::from_millis(200)).await;
        stream.write_all(part).await.unwrap();
    }
    let mut answer = [0; 15];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn connection_is_kept_for_a_while_after_each_request() {
    let app = inn(&SHORT).await;
    let mut stream = connect(&app).await;
    for _ in 0..3 {
        ask(&mut stream).await;
        sleep(Duration::from_millis(500)).await;
    }
    ask(&mut stream).await;
    assert_about(end(&mut stream).await, 900);
}

#[tokio::test]
async fn who_waits_for_the_server_may_wait() {
    let app = inn(&SHORT).await;
    let polling = Polling::open(&app).await;
    polling.send("40").await;
    polling.receive("40").await;
    let mut websocket = Websocket::open(&app, None).await.unwrap();
    websocket.send("40").await;
    websocket.receive("40").await;
    let later = async {
        sleep(Duration::from_millis(1_500)).await;
        polling.send(r#"421["echo",1]"#).await;
    };
    let (answer, ()) = tokio::join!(polling.receive("431"), later);
    assert!(answer.contains("ok"));
    websocket.send(r#"421["echo",1]"#).await;
    assert!(websocket.receive("431").await.contains("ok"));
}
