//! A Socket.IO client that shows every packet, over a WebSocket.

use std::{collections::VecDeque, net::SocketAddr};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Bytes, Message},
};

use crate::soon;

/// A packet of the server, with its namespace.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Packet {
    Connect(String),
    ConnectError(String, Value),
    Disconnect(String),
    /// Namespace, the event's name and its first argument.
    Event(String, String, Value),
    /// Namespace, id and first argument.
    Ack(String, i64, Value),
    /// The connection has ended.
    Closed,
}

/// One connection. It may be in several namespaces; `emit` and `call` speak to one of them.
pub(crate) struct Client {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    namespace: &'static str,
    acks: i64,
    /// Packets that came while an ack was waited for.
    early: VecDeque<Packet>,
}

impl Client {
    /// Opens a connection that is in no namespace yet.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        let (mut stream, _) = soon(connect_async(url)).await.unwrap();
        let open = soon(stream.next()).await.unwrap().unwrap();
        assert!(open.to_text().unwrap().starts_with('0'), "{open:?}");
        Self { stream, namespace: "/", acks: 0, early: VecDeque::new() }
    }

    /// Opens a connection, and connects to `namespace`.
    pub(crate) async fn connect(address: SocketAddr, namespace: &'static str) -> Self {
        let mut client = Self::open(address).await;
        let answer = client.join(namespace, json!({})).await;
        assert_eq!(answer, Packet::Connect(namespace.to_owned()));
        client
    }

    /// Asks to be let into `namespace`; from now on `emit` and `call` speak to it.
    pub(crate) async fn join(&mut self, namespace: &'static str, auth: Value) -> Packet {
        self.namespace = namespace;
        self.send(&format!("0{}{auth}", self.prefix())).await;
        self.next().await
    }

    /// Lets `emit` and `call` speak to `namespace`.
    pub(crate) fn speak_to(&mut self, namespace: &'static str) {
        self.namespace = namespace;
    }

    /// Sends an event that asks for no ack.
    pub(crate) async fn emit(&mut self, event: &str, payload: Value) {
        self.send(&format!("2{}{}", self.prefix(), json!([event, payload]))).await;
    }

    /// Sends an event, and waits for its ack. What else arrives is kept for [`Self::next`].
    pub(crate) async fn call(&mut self, event: &str, payload: Value) -> Value {
        self.call_with(json!([event, payload])).await
    }

    /// Like [`Self::call`], with the whole argument list as it stands in the packet.
    pub(crate) async fn call_with(&mut self, arguments: Value) -> Value {
        self.acks += 1;
        let id = self.acks;
        self.send(&format!("2{}{id}{arguments}", self.prefix())).await;
        loop {
            match self.receive().await {
                Packet::Ack(namespace, acked, data) if acked == id => {
                    assert_eq!(namespace, self.namespace);
                    return data;
                }
                Packet::Closed => panic!("closed before the ack; before that: {:?}", self.early),
                other => self.early.push_back(other),
            }
        }
    }

    /// The next packet.
    pub(crate) async fn next(&mut self) -> Packet {
        match self.early.pop_front() {
            Some(packet) => packet,
            None => self.receive().await,
        }
    }

    /// The next event of the namespace that is spoken to: its name and first argument.
    pub(crate) async fn next_event(&mut self) -> (String, Value) {
        match self.next().await {
            Packet::Event(namespace, event, data) if namespace == self.namespace => (event, data),
            other => panic!("should be an event of {}: {other:?}", self.namespace),
        }
    }

    /// Leaves the namespace; the connection stays.
    pub(crate) async fn leave(&mut self) {
        self.send(&format!("1{}", self.prefix())).await;
    }

    /// Ends the connection, and waits until the server has ended it too: going away with
    /// a ping unread would reset it, and the server might miss the events before.
    pub(crate) async fn close(mut self) {
        soon(self.stream.close(None)).await.unwrap();
        while let Some(Ok(_)) = soon(self.stream.next()).await {}
    }

    /// Sends a Socket.IO packet as it stands.
    pub(crate) async fn send(&mut self, packet: &str) {
        soon(self.stream.send(Message::text(format!("4{packet}")))).await.unwrap();
    }

    /// Sends the binary part of a packet.
    pub(crate) async fn send_binary(&mut self, bytes: &'static [u8]) {
        soon(self.stream.send(Message::Binary(Bytes::from_static(bytes)))).await.unwrap();
    }

    fn prefix(&self) -> String {
        if self.namespace == "/" { String::new() } else { format!("{},", self.namespace) }
    }

    /// Reads a packet, and answers the pings that come before it.
    async fn receive(&mut self) -> Packet {
        loop {
            let message = match soon(self.stream.next()).await {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Packet::Closed,
                Some(Ok(_)) => continue,
            };
            match message.split_at(1) {
                ("2", _) => soon(self.stream.send(Message::text("3"))).await.unwrap(),
                ("4", packet) => return Packet::read(packet),
                ("1", _) => return Packet::Closed,
                _ => {}
            }
        }
    }
}

impl Packet {
    /// `<type>[/namespace,][ack id][json]`
    fn read(text: &str) -> Self {
        let (kind, rest) = text.split_at(1);
        let (namespace, rest) = match rest.split_once(',') {
            Some((namespace, rest)) if namespace.starts_with('/') => (namespace, rest),
            _ => ("/", rest),
        };
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (id, json) = rest.split_at(digits);
        let namespace = namespace.to_owned();
        let mut data: Value = serde_json::from_str(json).unwrap_or_default();
        match kind {
            "0" => Self::Connect(namespace),
            "1" => Self::Disconnect(namespace),
            "2" => {
                let event = data[0].as_str().unwrap().to_owned();
                Self::Event(namespace, event, data[1].take())
            }
            "3" => Self::Ack(namespace, id.parse().unwrap(), data[0].take()),
            "4" => Self::ConnectError(namespace, data),
            _ => panic!("a packet that the tests do not know: {text}"),
        }
    }
}
