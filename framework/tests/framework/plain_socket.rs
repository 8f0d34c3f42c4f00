//! Protocols over plain `WebSocket`s.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::http::request::Parts;
use futures_util::{SinkExt, StreamExt};
use hornero::{
    App, ClientError, Connection, ErrorKind, Module, ModuleDef, Socket,
    testing::{TestApp, soon},
};
use tokio::{net::TcpStream, sync::Semaphore};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message},
};

use crate::journal::{Journal, JournalModule};

/// Repeats what it is told, for those who give a name.
struct Parrot {
    journal: Arc<Journal>,
    /// Holds back the answer to `wait`.
    gate: Arc<Semaphore>,
}

impl Socket for Parrot {
    const PATH: &'static str = "/parrot";
    const MAX_FRAME: usize = 64;
    const IDLE: Duration = Duration::from_millis(400);
    const QUEUE: usize = 16;

    type Session = String;
    type Command = String;
    type Reply = String;

    async fn authenticate(self: Arc<Self>, request: Parts) -> Result<String, ClientError> {
        let name = request.uri.query().and_then(|it| it.strip_prefix("name="));
        let nobody = || ClientError::new(ErrorKind::Unauthorized, "Who are you?");
        name.map(str::to_owned).ok_or_else(nobody)
    }

    fn decode(&self, frame: &str) -> Result<String, ClientError> {
        match frame {
            "" => Err(ClientError::invalid("Say something")),
            text => Ok(text.to_owned()),
        }
    }

    async fn handle(
        self: Arc<Self>,
        connection: Connection<String>,
        command: String,
    ) -> Result<Option<String>, ClientError> {
        match command.as_str() {
            "wait" => self.gate.acquire().await.unwrap().forget(),
            "fall" => panic!("the parrot fell"),
            "leave" => {
                connection.close(4000, "as you wish");
                return Ok(None);
            }
            "flood" => {
                let flood = "x".repeat(1_000_000);
                while connection.send(flood.clone()).is_ok() {}
                self.journal.note("full");
                return Ok(None);
            }
            _ => {}
        }
        Ok(Some(format!("{}: {command}", connection.session())))
    }

    fn encode(&self, reply: &String) -> String {
        reply.clone()
    }

    fn encode_error(&self, error: &ClientError) -> String {
        format!("error {}", error.socket_code())
    }

    async fn connected(self: Arc<Self>, connection: Connection<String>) {
        connection.send(format!("hello {}", connection.session())).unwrap();
    }

    async fn disconnected(self: Arc<Self>, connection: Connection<String>) {
        self.journal.note(format!("{} is gone", connection.session()));
    }
}

struct ParrotModule;

impl Module for ParrotModule {
    fn define(m: &mut ModuleDef) {
        m.import::<JournalModule>()
            .value(Semaphore::new(0))
            .socket(|journal, gate| Parrot { journal, gate });
    }
}

async fn parrot() -> (TestApp, Arc<Journal>, Arc<Semaphore>) {
    let (journal, gate) = (Journal::new(), Arc::new(Semaphore::new(0)));
    let app = App::of::<ParrotModule>().override_with(Arc::clone(&journal));
    (TestApp::start(app.override_with(Arc::clone(&gate))).await, journal, gate)
}

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        let url = format!("ws://{address}/parrot?name=Ada");
        let mut client = Self(soon(connect_async(url)).await.unwrap().0);
        assert_eq!(client.next().await, "hello Ada");
        client
    }

    async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// The next text, or the code the connection is closed with.
    async fn next(&mut self) -> String {
        loop {
            match soon(self.0.next()).await {
                Some(Ok(Message::Text(text))) => return text.to_string(),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return format!("closed {}", u16::from(frame.code));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return "gone".to_owned(),
            }
        }
    }
}

#[tokio::test]
async fn commands_are_answered_in_order_and_errors_in_the_protocols_words() {
    let (server, ..) = parrot().await;
    let mut client = Client::connect(server.address()).await;

    for text in ["one", "", "two", "fall", "three"] {
        client.say(text).await;
    }

    for expected in
        ["Ada: one", "error PROTOCOL_ERROR", "Ada: two", "error SERVER_ERROR", "Ada: three"]
    {
        assert_eq!(client.next().await, expected);
    }
}

#[tokio::test]
async fn stranger_is_refused_before_the_upgrade() {
    let (server, ..) = parrot().await;
    let refused = soon(connect_async(format!("ws://{}/parrot", server.address()))).await;
    match refused {
        Err(tungstenite::Error::Http(response)) => assert_eq!(response.status(), 401),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_connection_does_not_hold_up_another() {
    let (server, _, gate) = parrot().await;
    let mut busy = Client::connect(server.address()).await;
    let mut other = Client::connect(server.address()).await;

    busy.say("wait").await;
    other.say("one").await;
    assert_eq!(other.next().await, "Ada: one");

    gate.add_permits(1);
    assert_eq!(busy.next().await, "Ada: wait");
}

#[tokio::test]
async fn too_large_and_binary_frames_close_the_connection() {
    let (server, journal, _) = parrot().await;

    let mut large = Client::connect(server.address()).await;
    large.say(&"x".repeat(65)).await;
    assert_eq!(large.next().await, "closed 1009");
    let mut binary = Client::connect(server.address()).await;
    binary.0.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(binary.next().await, "closed 1003");
    let mut limit = Client::connect(server.address()).await;
    limit.say(&"x".repeat(64)).await;
    assert_eq!(limit.next().await, format!("Ada: {}", "x".repeat(64)));

    assert_eq!(journal.wait_for(2).await, ["Ada is gone", "Ada is gone"]);
}

#[tokio::test]
async fn client_that_answers_pings_stays_and_one_that_is_silent_goes() {
    let (server, journal, _) = parrot().await;
    let mut lively = Client::connect(server.address()).await;
    let silent = Client::connect(server.address()).await;

    // Reading answers the pings; nobody reads for the other one.
    let reading = tokio::spawn(async move {
        let next = lively.next().await;
        (lively, next)
    });
    assert_eq!(journal.wait_for(1).await, ["Ada is gone"]);
    drop(silent);
    assert!(!reading.is_finished(), "the lively client should still be there");
    reading.abort();
}

#[tokio::test]
async fn client_that_does_not_read_is_closed() {
    let (server, journal, _) = parrot().await;
    let mut client = Client::connect(server.address()).await;

    client.say("flood").await;

    let entries = journal.wait_for(2).await;
    assert_eq!(entries, ["full", "Ada is gone"]);
}

#[tokio::test]
async fn protocol_may_close_and_so_does_a_stopping_server() {
    let (server, journal, _) = parrot().await;
    let mut leaving = Client::connect(server.address()).await;
    leaving.say("leave").await;
    assert_eq!(leaving.next().await, "closed 4000");

    let mut staying = Client::connect(server.address()).await;
    let stopping = tokio::spawn(server.stop());
    assert_eq!(staying.next().await, "closed 1001");
    soon(stopping).await.unwrap();
    assert_eq!(journal.entries().len(), 2);
}
