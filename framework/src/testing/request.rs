//! A REST request.

use std::{
    future::{Future, IntoFuture},
    net::SocketAddr,
    panic::Location,
    pin::Pin,
    time::Duration,
};

use axum::{
    body::Body,
    http::{self, HeaderName, HeaderValue, header},
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpStream;

use super::Answer;

/// Longest time a test waits for an answer: many may wait in one line for the disk.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request that is sent when it is awaited, on a connection of its own.
///
/// ```
/// # use hornero::{App, Module, ModuleDef, testing::TestApp};
/// # struct NoteModule;
/// # impl Module for NoteModule { fn define(_: &mut ModuleDef) {} }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let app = TestApp::start(App::of::<NoteModule>()).await;
/// let note = serde_json::json!({ "text": "Buy milk" });
/// let answer = app.post("/notes").bearer("a token").json(&note).await;
/// # answer.expect(404);
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a request is sent when it is awaited"]
pub struct Request {
    address: SocketAddr,
    request: http::Request<Body>,
    place: &'static Location<'static>,
}

impl Request {
    /// A request to any server, also to one that is not a [`TestApp`](super::TestApp).
    ///
    /// # Panics
    ///
    /// If `method` or `path` cannot stand in a request.
    #[track_caller]
    pub fn new(address: SocketAddr, method: &str, path: &str) -> Self {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, address.to_string())
            .body(Body::empty());
        match request {
            Ok(request) => Self { address, request, place: Location::caller() },
            Err(error) => panic!("{method} {path} is no request: {error}"),
        }
    }

    /// Adds a header. A `host` takes the place of the server's address.
    ///
    /// # Panics
    ///
    /// If `name` or `value` cannot stand in a request.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let (name, value) = header(name, value);
        if name == header::HOST {
            self.request.headers_mut().remove(header::HOST);
        }
        self.request.headers_mut().append(name, value);
        self
    }

    /// Adds headers.
    ///
    /// # Panics
    ///
    /// As [`Self::header`].
    #[track_caller]
    pub fn headers(mut self, headers: &[(&str, &str)]) -> Self {
        for (name, value) in headers {
            self = self.header(name, value);
        }
        self
    }

    /// Adds the header `authorization` with a bearer token.
    ///
    /// # Panics
    ///
    /// As [`Self::header`].
    #[track_caller]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Sets a body of JSON.
    ///
    /// # Panics
    ///
    /// If `body` cannot be JSON.
    #[track_caller]
    pub fn json(self, body: impl Serialize) -> Self {
        let body = serde_json::to_vec(&body).expect("a body that can be JSON");
        self.header("content-type", "application/json").body(body)
    }

    /// Sets the bytes of the body, and says nothing of what they are.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    async fn send(self) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends with the sender, and says by it whatever goes wrong.
        tokio::spawn(connection);
        Answer::read(sender.send_request(self.request).await?).await
    }
}

impl IntoFuture for Request {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    /// Sends the request. It panics if there is no answer within 30 seconds.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let place = self.place;
            let what = format!("{} {}", self.request.method(), self.request.uri());
            match tokio::time::timeout(PATIENCE, self.send()).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => panic!("no answer to {what}, at {place}: {error}"),
                Err(_) => panic!("no answer to {what} within {PATIENCE:?}, at {place}"),
            }
        })
    }
}

#[track_caller]
pub(super) fn header(name: &str, value: &str) -> (HeaderName, HeaderValue) {
    // Not by its text, which would have to be ASCII: a test may send what a server refuses.
    match (name.parse(), HeaderValue::from_bytes(value.as_bytes())) {
        (Ok(name), Ok(value)) => (name, value),
        _ => panic!("`{name}: {value}` is no header"),
    }
}
