//! A small server that speaks OpenAI's chat completions, as badly as a test wants it.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{sleep, timeout},
};

/// What the server does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Answers with a status, a place that must not be asked instead, and a text that clients
    /// must not see.
    Status(u16),
    /// Answers with the whole body at once, of this content type.
    Body(&'static str, String),
    /// Streams these pieces with a pause after each, and then ends the connection, or keeps it.
    Stream(Vec<String>, Duration, Then),
    /// Says nothing, and keeps the connection.
    Silent,
}

/// What comes after a stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Then {
    /// The end, as it should be.
    End,
    /// The connection is lost.
    Cut,
    /// Nothing, for ever.
    Hang,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self::Status(status)
    }

    /// An answer in these parts.
    pub(crate) fn parts(parts: &[&str]) -> Self {
        let mut pieces: Vec<_> = parts.iter().map(|it| delta(it)).collect();
        pieces
            .push("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n".to_owned());
        pieces.push("data: [DONE]\n\n".to_owned());
        Self::Stream(pieces, Duration::ZERO, Then::End)
    }

    /// The beginning of an answer.
    pub(crate) fn begun(parts: &[&str], then: Then) -> Self {
        Self::Stream(parts.iter().map(|it| delta(it)).collect(), Duration::ZERO, then)
    }

    /// The same with a pause after each part.
    pub(crate) fn slowly(self, pause: Duration) -> Self {
        match self {
            Self::Stream(pieces, _, then) => Self::Stream(pieces, pause, then),
            other => other,
        }
    }
}

/// An event of the stream that says a part.
pub(crate) fn delta(part: &str) -> String {
    format!("data: {}\n\n", json!({ "choices": [{ "delta": { "content": part } }] }))
}

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Value,
}

/// The server. Ends with the test.
pub(crate) struct RobotServer {
    address: SocketAddr,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    requests: tokio::sync::Mutex<mpsc::UnboundedReceiver<Request>>,
}

impl RobotServer {
    /// Begins to listen, on a port of its own.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let replies = Arc::<Mutex<VecDeque<Reply>>>::default();
        let (seen, requests) = mpsc::unbounded_channel();
        let all = Arc::clone(&replies);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, Arc::clone(&all), seen.clone()));
            }
        });
        Self { address, replies, requests: requests.into() }
    }

    /// What the configuration calls it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1/", self.address)
    }

    /// Answers the next request like this that has no answer yet.
    pub(crate) fn reply(&self, reply: Reply) {
        self.replies.lock().unwrap().push_back(reply);
    }

    /// The next request that has come.
    pub(crate) async fn request(&self) -> Request {
        let request = async { self.requests.lock().await.recv().await };
        timeout(Duration::from_secs(5), request).await.expect("no request").unwrap()
    }

    /// How many requests have come and were not looked at.
    pub(crate) async fn count(&self) -> usize {
        self.requests.lock().await.len()
    }
}

async fn serve(
    mut connection: TcpStream,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    seen: mpsc::UnboundedSender<Request>,
) {
    while let Some(request) = read(&mut connection).await {
        let _ = seen.send(request);
        let reply = replies.lock().unwrap().pop_front().unwrap_or(Reply::Status(500));
        if !answer(&mut connection, reply).await {
            return;
        }
    }
}

async fn read(connection: &mut TcpStream) -> Option<Request> {
    let mut text = Vec::new();
    loop {
        let end = text.windows(4).position(|it| it == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(text[..end + 2].to_vec()).unwrap();
            let length = head.lines().find_map(|it| it.strip_prefix("content-length: "));
            let length: usize = length.unwrap().parse().unwrap();
            if text.len() >= end + 4 + length {
                let body = serde_json::from_slice(&text[end + 4..end + 4 + length]).unwrap();
                return Some(Request { head, body });
            }
        }
        let mut piece = [0; 4096];
        match connection.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => text.extend_from_slice(&piece[..length]),
        }
    }
}

/// Tells whether the connection is of use any more.
async fn answer(connection: &mut TcpStream, reply: Reply) -> bool {
    match reply {
        Reply::Status(status) => {
            let text = "sk-secret is not a good key";
            let head = format!(
                "HTTP/1.1 {status} X\r\nlocation: /elsewhere\r\ncontent-length: {}\r\n\r\n",
                text.len()
            );
            connection.write_all((head + text).as_bytes()).await.is_ok()
        }
        Reply::Body(kind, text) => {
            let length = text.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
            );
            connection.write_all((head + &text).as_bytes()).await.is_ok()
        }
        Reply::Stream(pieces, pause, then) => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                        transfer-encoding: chunked\r\n\r\n";
            if connection.write_all(head.as_bytes()).await.is_err() {
                return false;
            }
            for piece in pieces {
                let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
                if connection.write_all(chunk.as_bytes()).await.is_err() {
                    return false;
                }
                sleep(pause).await;
            }
            match then {
                Then::End => connection.write_all(b"0\r\n\r\n").await.is_ok(),
                Then::Cut => false,
                Then::Hang => std::future::pending().await,
            }
        }
        Reply::Silent => std::future::pending().await,
    }
}
