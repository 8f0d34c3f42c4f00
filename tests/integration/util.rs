//! A server for one test, and clients that speak to it byte by byte.
//!
//! ```text
//! let app = TestApp::start().await;
//! let ada = app.register("Ada").await;
//! let room = ada.room("public").await;                            // its id
//! let mut socket = ada.connect("/chat").await;
//! socket.join(&room).await;
//! ada.post(&format!("/rooms/{room}/messages"), json!({ "content": "hello" })).await.expect(201);
//! let message = socket.event("chat:message:received").await;
//! ```
//!
//! Nothing here sleeps: a test waits for what must happen, and shows that something did not
//! happen by waiting for what comes after it.

use std::{collections::VecDeque, future::Future, io, net::SocketAddr, path::Path, time::Duration};

use futures_util::{SinkExt, StreamExt};
use hornero::{App, Config};
use hornero_server::AppModule;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{
        self, Message,
        client::IntoClientRequest,
        http::{HeaderMap, HeaderName, HeaderValue},
    },
};
use uuid::Uuid;

use crate::database::TestDatabase;

/// Longest time a test waits for an event.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest time a test waits for the answer to a request. Many wait in one line for the disk.
const REQUEST_PATIENCE: Duration = Duration::from_secs(30);

/// Password of everybody who registers.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// What `future` resolves to; panics if it takes longer than [`PATIENCE`].
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it should not take that long")
}

/// A server with a data folder of its own, both gone at the end of the test.
pub(crate) struct TestApp {
    pub(crate) address: SocketAddr,
    folder: TempDir,
    database: TestDatabase,
    variables: Vec<(String, String)>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<io::Result<()>>,
}

impl TestApp {
    /// Starts a server that is configured by nothing but its defaults.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts a server that sees these environment variables.
    pub(crate) async fn with(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = TestDatabase::new();
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let variables = database.variables().into_iter().chain(variables).collect();
        Self::start_in(folder, database, variables).await
    }

    async fn start_in(
        folder: TempDir,
        database: TestDatabase,
        variables: Vec<(String, String)>,
    ) -> Self {
        let app = App::of::<AppModule>().with_config(config(folder.path(), &variables));
        let server = app.build().await.unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(server.serve(listener, async {
            stopped.await.ok();
        }));
        Self { address, folder, database, variables, stop, serving }
    }

    /// Stops the server, and starts another one on the same data folder.
    pub(crate) async fn restart(self) -> Self {
        self.stop.send(()).unwrap();
        soon(self.serving).await.unwrap().unwrap();
        Self::start_in(self.folder, self.database, self.variables).await
    }

    /// A new user with an account.
    pub(crate) async fn register(&self, name: &str) -> User {
        let email = format!("{}@example.org", Uuid::new_v4());
        let form = json!({ "email": email, "password": PASSWORD, "displayName": name });
        User::of(self.address, &self.post("/auth/register", form).await.expect(201))
    }

    /// A new user without an account.
    pub(crate) async fn guest(&self, name: &str) -> User {
        let answer = self.post("/auth/guest", json!({ "displayName": name })).await;
        User::of(self.address, &answer.expect(201))
    }

    /// Gets as nobody in particular.
    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        request(self.address, "GET", path, headers, None).await
    }

    /// Posts as nobody in particular.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        request(self.address, "POST", path, &[], Some(body)).await
    }
}

fn config(folder: &Path, variables: &[(String, String)]) -> Config {
    let data = folder.join("data").display().to_string();
    let data = ("HORNERO__SERVER__DATA_DIR".to_owned(), data);
    Config::load(folder, variables.iter().cloned().chain([data])).unwrap()
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) address: SocketAddr,
    pub(crate) id: String,
    pub(crate) email: Option<String>,
    pub(crate) token: String,
}

impl User {
    /// The user whom the answer to a registration or login tells of.
    pub(crate) fn of(address: SocketAddr, signed_in: &Value) -> Self {
        Self {
            address,
            id: text(&signed_in["user"]["id"]),
            email: signed_in["user"]["email"].as_str().map(str::to_owned),
            token: text(&signed_in["accessToken"]),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let bearer = self.bearer();
        request(self.address, "GET", path, &[("authorization", &bearer)], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.post_with(path, &[], body).await
    }

    /// Posts with more headers than the token's.
    pub(crate) async fn post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Answer {
        let bearer = self.bearer();
        let headers = [headers, &[("authorization", &*bearer)]].concat();
        request(self.address, "POST", path, &headers, Some(body)).await
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// Makes a room, and gives its id.
    pub(crate) async fn room(&self, visibility: &str) -> String {
        let form = json!({ "name": "Kitchen", "visibility": visibility });
        text(&self.post("/rooms", form).await.expect(201)["id"])
    }

    /// Begins a session, and gives its id.
    pub(crate) async fn session(&self) -> String {
        let form = json!({ "title": "Dinner" });
        text(&self.post("/sessions", form).await.expect(201)["id"])
    }

    /// Reads a list from its first to its last page. `path` has a query.
    pub(crate) async fn pages(&self, path: &str) -> Vec<Vec<Value>> {
        let mut pages = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("{path}{cursor}")).await.expect(200);
            pages.push(page["items"].as_array().unwrap().clone());
            let next = page["nextCursor"].as_str();
            assert_eq!(page["hasMore"], next.is_some(), "{page}");
            match next {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return pages,
            }
        }
    }

    /// Connects to a namespace over a WebSocket.
    pub(crate) async fn connect(&self, namespace: &str) -> Socket {
        let auth = json!({ "token": self.token });
        let handshake = Handshake { namespace, auth, ..Handshake::default() };
        handshake.connect(self.address).await.unwrap()
    }
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// `null` if the body is not JSON.
    pub(crate) body: Value,
}

impl Answer {
    /// The body; panics if the status is another one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// The body without what differs from one refusal to the next.
    pub(crate) fn refusal(mut self) -> (u16, Value) {
        let body = self.body.as_object_mut().unwrap();
        body.remove("timestamp").unwrap();
        body.remove("request_id").unwrap();
        (self.status, self.body)
    }
}

/// Sends one HTTP request on a connection of its own.
pub(crate) async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Answer {
    let body = body.map(|it| it.to_string()).unwrap_or_default();
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    if !body.is_empty() {
        request += &format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = tokio::time::timeout(REQUEST_PATIENCE, exchange).await.expect("an answer in time");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: HeaderMap = lines.map(|it| header(it.split_once(": ").unwrap())).collect();
    assert!(!headers.contains_key("transfer-encoding"), "a body in chunks, which nobody joins");
    Answer { status, headers, body: serde_json::from_str(body).unwrap_or_default() }
}

fn header((name, value): (&str, &str)) -> (HeaderName, HeaderValue) {
    (name.parse().unwrap(), value.parse().unwrap())
}

/// The text in a JSON value.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} should be text")).to_owned()
}

/// How a socket asks to be let in.
#[derive(Default)]
pub(crate) struct Handshake<'a> {
    /// Namespace to connect to; `/` if empty.
    pub(crate) namespace: &'a str,
    /// The `auth` object; none if `null`.
    pub(crate) auth: Value,
    /// Goes behind the URL, e.g. `&token=..`.
    pub(crate) query: &'a str,
    /// Headers of the WebSocket upgrade.
    pub(crate) headers: &'a [(&'a str, &'a str)],
}

/// Who did not let a socket in.
#[derive(Debug, PartialEq)]
pub(crate) enum Refused {
    /// HTTP answered the upgrade with this status.
    Upgrade(u16),
    /// Socket.IO answered with this `connect_error`.
    Connect(Value),
}

impl Handshake<'_> {
    pub(crate) async fn connect(self, address: SocketAddr) -> Result<Socket, Refused> {
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket{}", self.query);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().extend(self.headers.iter().map(|it| header(*it)));
        let stream = match soon(tokio_tungstenite::connect_async(request)).await {
            Ok((stream, _)) => stream,
            Err(tungstenite::Error::Http(answer)) => {
                return Err(Refused::Upgrade(answer.status().as_u16()));
            }
            Err(error) => panic!("{error}"),
        };
        let prefix = match self.namespace {
            "" | "/" => String::new(),
            namespace => format!("{namespace},"),
        };
        let mut socket = Socket { stream, prefix, acks: 0, heard: VecDeque::new() };
        let auth = if self.auth.is_null() { String::new() } else { self.auth.to_string() };
        socket.send('0', &auth).await;
        match soon(socket.receive()).await.expect("an answer to the handshake") {
            Packet { kind: '0', .. } => Ok(socket),
            Packet { kind: '4', data, .. } => Err(Refused::Connect(data)),
            packet => panic!("{packet:?} does not answer a handshake"),
        }
    }
}

/// A client connected to one namespace. It reads only while a test waits for something.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What stands before the data of each packet: empty, or the namespace and a comma.
    prefix: String,
    acks: u64,
    /// Events that came while something else was waited for: name and data.
    heard: VecDeque<(String, Value)>,
}

/// A packet of the server: `42/chat,7["name",{}]` is of kind 2, and has the id 7.
#[derive(Debug)]
struct Packet {
    kind: char,
    id: Option<u64>,
    data: Value,
}

impl Socket {
    /// Sends an event, and asks for no ack.
    pub(crate) async fn emit(&mut self, event: &str, data: Value) {
        self.send('2', &json!([event, data]).to_string()).await;
    }

    /// Sends an event, and waits for its ack.
    pub(crate) async fn emit_ack(&mut self, event: &str, data: Value) -> Value {
        self.acks += 1;
        let id = self.acks;
        self.send('2', &format!("{id}{}", json!([event, data]))).await;
        let ack = async {
            loop {
                match self.receive().await.expect("an ack before the connection ends") {
                    Packet { kind: '3', id: Some(acked), mut data } if acked == id => {
                        return data[0].take();
                    }
                    packet => self.keep(packet),
                }
            }
        };
        soon(ack).await
    }

    /// Sends an event, and gives the data of an ack that says ok.
    #[track_caller]
    pub(crate) fn ask(&mut self, event: &str, data: Value) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            let mut ack = self.emit_ack(event, data).await;
            assert_eq!(ack["status"], "ok", "{ack} at {place}");
            ack["data"].take()
        }
    }

    /// Waits for the next event of this name. Others are kept until they are asked for.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        if let Some(at) = self.heard.iter().position(|(event, _)| event == name) {
            return self.heard.remove(at).unwrap().1;
        }
        let next = async {
            loop {
                let packet = self.receive().await.expect("an event before the connection ends");
                self.keep(packet);
                if self.heard.back().is_some_and(|(event, _)| event == name) {
                    return self.heard.pop_back().unwrap().1;
                }
            }
        };
        let next = tokio::time::timeout(PATIENCE, next).await;
        next.unwrap_or_else(|_| panic!("no {name}; there were {:?}", self.heard))
    }

    /// Takes the events of this name that have come already.
    pub(crate) fn heard(&mut self, name: &str) -> Vec<Value> {
        let (named, others) = self.heard.drain(..).partition(|(event, _)| event == name);
        self.heard = others;
        VecDeque::into_iter(named).map(|(_, data)| data).collect()
    }

    /// All events that were kept, by name.
    pub(crate) fn take_heard(&mut self) -> Vec<(String, Value)> {
        self.heard.drain(..).collect()
    }

    /// Joins a room in the chat vocabulary.
    pub(crate) async fn join(&mut self, room: &str) -> Value {
        self.ask("chat:room:join", json!({ "roomId": room })).await
    }

    /// Joins a session in the session vocabulary.
    pub(crate) async fn join_session(&mut self, session: &str) -> Value {
        self.ask("join_session", json!({ "sessionId": session })).await
    }

    /// Sends a message to a room, and gives the message.
    pub(crate) async fn say(&mut self, room: &str, content: &str) -> Value {
        self.ask("chat:message:send", json!({ "roomId": room, "content": content })).await
    }

    /// Leaves the namespace and ends the connection.
    pub(crate) async fn disconnect(mut self) {
        self.send('1', "").await;
        soon(self.stream.close(None)).await.unwrap();
    }

    /// Waits until the server has ended the connection.
    pub(crate) async fn closed(&mut self) {
        soon(async { while self.receive().await.is_some() {} }).await;
    }

    async fn send(&mut self, kind: char, data: &str) {
        let packet = format!("4{kind}{}{data}", self.prefix);
        soon(self.stream.send(Message::text(packet))).await.unwrap();
    }

    /// The next packet of Socket.IO, or `None` if the connection has ended.
    async fn receive(&mut self) -> Option<Packet> {
        loop {
            let packet = match self.stream.next().await? {
                Ok(Message::Text(packet)) => packet,
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => continue,
            };
            match packet.split_at(1) {
                // A ping may come at any time.
                ("2", _) => self.stream.send(Message::text("3")).await.ok()?,
                ("4", packet) => return Some(Packet::read(packet, &self.prefix)),
                _ => {}
            }
        }
    }

    fn keep(&mut self, mut packet: Packet) {
        if packet.kind == '2' {
            self.heard.push_back((text(&packet.data[0]), packet.data[1].take()));
        }
    }
}

impl Packet {
    fn read(packet: &str, prefix: &str) -> Self {
        let (kind, rest) = packet.split_at(1);
        let rest = rest.strip_prefix(prefix).unwrap_or(rest);
        let digits = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
        let (id, data) = rest.split_at(digits);
        Self {
            kind: kind.chars().next().unwrap(),
            id: id.parse().ok(),
            data: serde_json::from_str(data).unwrap_or_default(),
        }
    }
}
