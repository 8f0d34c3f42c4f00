//! Clients that see every packet of Engine.IO, over polling and over a WebSocket.

use futures_util::{SinkExt, StreamExt};
use hornero::{
    App, ClientError, Data, EventAccess, Events, Gateway, Handshake, Module, ModuleDef, PublicId,
    SocketRef,
    testing::{Answer, TestApp, soon},
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message},
};

/// Answers who one is, and echoes; refuses those who say so.
pub(super) struct Inn;

impl Gateway for Inn {
    const NAMESPACES: &'static [&'static str] = &["/", "/chat"];
    const ACCESS: EventAccess = EventAccess::Public;
    const ERROR_EVENT: &'static str = "inn:error";

    fn events(on: &mut Events<Self>) {
        on.on("who", Self::who).on("echo", Self::echo);
    }

    async fn authenticate(self: std::sync::Arc<Self>, guest: Handshake) -> Result<(), ClientError> {
        match guest.auth["stranger"].as_bool() {
            Some(true) => Err(ClientError::field("stranger", "known", "must be known")),
            _ => Ok(()),
        }
    }
}

impl Inn {
    async fn who(self: std::sync::Arc<Self>, socket: SocketRef) -> Result<String, ClientError> {
        Ok(PublicId::of(&socket).to_string())
    }

    async fn echo(
        self: std::sync::Arc<Self>,
        Data(data): Data<Value>,
    ) -> Result<Value, ClientError> {
        Ok(data)
    }
}

pub(super) struct InnModule;

impl Module for InnModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|| Inn);
    }
}

pub(super) async fn inn(variables: &[(&str, &str)]) -> TestApp {
    TestApp::start_with(App::of::<InnModule>(), variables).await
}

/// A client that polls.
pub(super) struct Polling<'a> {
    app: &'a TestApp,
    pub(super) sid: String,
}

impl<'a> Polling<'a> {
    pub(super) async fn open(app: &'a TestApp) -> Self {
        let answer = app.get("/socket.io/?EIO=4&transport=polling").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let opening: Value = serde_json::from_str(&answer.text[1..]).unwrap();
        Self { app, sid: opening["sid"].as_str().unwrap().to_owned() }
    }

    /// A client that claims to be the one of this session.
    pub(super) fn claiming(app: &'a TestApp, sid: &str) -> Self {
        Self { app, sid: sid.to_owned() }
    }

    fn path(&self) -> String {
        format!("/socket.io/?EIO=4&transport=polling&sid={}", self.sid)
    }

    pub(super) async fn post(&self, body: impl Into<String>) -> Answer {
        self.app.post(&self.path()).body(body.into()).await
    }

    pub(super) async fn send(&self, packet: &str) {
        assert_eq!(self.post(packet).await.text, "ok");
    }

    pub(super) async fn poll(&self) -> Answer {
        self.app.get(&self.path()).await
    }

    /// Polls until a packet that begins like this comes.
    pub(super) async fn receive(&self, beginning: &str) -> String {
        soon(async {
            loop {
                let answer = self.poll().await;
                assert_eq!(answer.status, 200, "{}", answer.text);
                let packet = answer.text.split('\x1e').find(|it| it.starts_with(beginning));
                if let Some(packet) = packet {
                    return packet.to_owned();
                }
            }
        })
        .await
    }
}

/// A client over a WebSocket, or the status by which it is refused.
pub(super) struct Websocket(pub(super) WebSocketStream<TcpStream>);

impl Websocket {
    pub(super) async fn open(app: &TestApp, sid: Option<&str>) -> Result<Self, u16> {
        let sid = sid.map(|it| format!("&sid={it}")).unwrap_or_default();
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket{sid}", app.address());
        let stream = TcpStream::connect(app.address()).await.unwrap();
        match soon(client_async(url, stream)).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub(super) async fn send(&mut self, packet: &str) {
        self.0.send(Message::text(packet)).await.unwrap();
    }

    /// Reads until a packet that begins like this comes.
    pub(super) async fn receive(&mut self, beginning: &str) -> String {
        soon(async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) if text.starts_with(beginning) => {
                        return text.to_string();
                    }
                    Some(Ok(Message::Text(_))) => {}
                    other => panic!("{other:?} instead of {beginning}"),
                }
            }
        })
        .await
    }
}

/// The JSON in a packet.
pub(super) fn json_in(packet: &str) -> Value {
    packet.find(['{', '[']).map_or(json!(null), |it| serde_json::from_str(&packet[it..]).unwrap())
}
