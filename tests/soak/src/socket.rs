//! A Socket.IO connection by hand: what is tested is the server, with no client's mercy.

use std::{io, net::Ipv4Addr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

/// Time for a step of the handshake, and for a packet to be taken.
const PATIENCE: Duration = Duration::from_secs(8);

/// What the server says in our namespace.
#[derive(Debug)]
pub(crate) enum Packet {
    Event(String, Value),
    Ack(u64, Value),
}

/// One connection to one namespace.
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// With its comma; nothing for the main one.
    namespace: &'static str,
    last_id: u64,
}

impl Socket {
    /// Connects, and enters `namespace` (`/chat,`, or nothing for the main one) with `auth`.
    pub(crate) async fn connect(
        port: u16,
        namespace: &'static str,
        auth: &Value,
    ) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        timeout(PATIENCE, Self::enter(socket, port, namespace, auth)).await.unwrap_or_else(late)
    }

    /// The same for a client whose system keeps next to nothing of what it does not read.
    pub(crate) async fn connect_narrow(
        port: u16,
        namespace: &'static str,
        auth: &Value,
    ) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(4_096)?;
        timeout(PATIENCE, Self::enter(socket, port, namespace, auth)).await.unwrap_or_else(late)
    }

    async fn enter(
        socket: TcpSocket,
        port: u16,
        namespace: &'static str,
        auth: &Value,
    ) -> io::Result<Self> {
        let stream = socket.connect((Ipv4Addr::LOCALHOST, port).into()).await?;
        stream.set_nodelay(true)?;
        let address = format!("ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket");
        let (stream, _) = client_async(address, stream).await.map_err(io::Error::other)?;
        let mut socket = Self { stream, namespace, last_id: 0 };
        socket.text(format!("40{namespace}{auth}")).await?;
        let (let_in, refused) = (format!("40{namespace}"), format!("44{namespace}"));
        loop {
            let text = socket.receive().await?;
            if text.starts_with(&let_in) {
                return Ok(socket);
            }
            if text.starts_with(&refused) {
                return Err(io::Error::other(format!("refused: {text}")));
            }
        }
    }

    /// Sends an event, and returns the id of its ack.
    pub(crate) async fn emit(&mut self, event: &str, data: &Value) -> io::Result<u64> {
        self.last_id += 1;
        let id = self.last_id;
        self.text(format!("42{}{id}{}", self.namespace, json!([event, data]))).await?;
        Ok(id)
    }

    /// The next packet of our namespace. May be given up at any time.
    pub(crate) async fn next(&mut self) -> io::Result<Packet> {
        loop {
            let text = self.receive().await?;
            let Some((kind, rest)) = text.split_at_checked(2) else { continue };
            let Some(rest) = rest.strip_prefix(self.namespace) else { continue };
            match kind {
                "42" => {
                    if let Ok((event, data)) = serde_json::from_str(rest) {
                        return Ok(Packet::Event(event, data));
                    }
                }
                "43" => {
                    let begin = rest.find('[').unwrap_or(rest.len());
                    let (id, data) = rest.split_at(begin);
                    if let (Ok(id), Ok((data,))) = (id.parse(), serde_json::from_str(data)) {
                        return Ok(Packet::Ack(id, data));
                    }
                }
                "41" | "44" => return Err(io::Error::other(format!("put out: {text}"))),
                _ => {}
            }
        }
    }

    /// Makes the connection end with a reset instead of a farewell once it is dropped.
    pub(crate) fn reset_when_dropped(&self) {
        // If it cannot be told so, it is gone already.
        let _ = self.stream.get_ref().set_zero_linger();
    }

    /// A text frame; pings are answered before.
    async fn receive(&mut self) -> io::Result<String> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => {
                    self.text("3".to_owned()).await?;
                }
                Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => {
                    return Err(io::Error::other(format!("closed: {frame:?}")));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    async fn text(&mut self, text: String) -> io::Result<()> {
        let sent = timeout(PATIENCE, self.stream.send(Message::text(text))).await;
        sent.map_or_else(late, |it| it.map_err(io::Error::other))
    }
}

fn late<T>(_: tokio::time::error::Elapsed) -> io::Result<T> {
    Err(io::ErrorKind::TimedOut.into())
}
