//! A connection of Engine.IO over a WebSocket: what carries packets of Socket.IO.

use axum::{body::Bytes, http::Request};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message},
};

use super::{Packet, memory::Memory, soon};

#[derive(Debug)]
pub(super) struct Connection(WebSocketStream<TcpStream>, pub(super) Memory);

impl Connection {
    /// Upgrades `stream`, and reads the server's opening; gives the status of a refusal.
    pub(super) async fn open(request: Request<()>, stream: TcpStream) -> Result<Self, u16> {
        // Two events in a row should not wait for each other's acknowledgement by TCP.
        stream.set_nodelay(true).expect("an open connection can be told so");
        let mut stream = match soon(client_async(request, stream)).await {
            Ok((stream, _)) => stream,
            Err(tungstenite::Error::Http(answer)) => return Err(answer.status().as_u16()),
            Err(error) => panic!("the connection did not become a WebSocket: {error}"),
        };
        match soon(stream.next()).await {
            Some(Ok(Message::Text(text))) if text.starts_with('0') => {
                Ok(Self(stream, Memory::default()))
            }
            other => panic!("{other:?} opens no connection"),
        }
    }

    /// Sends a packet of Socket.IO.
    pub(super) async fn send(&mut self, packet: &str) {
        self.write(Message::text(format!("4{packet}"))).await;
    }

    /// Sends a binary part of a packet.
    pub(super) async fn send_binary(&mut self, bytes: Bytes) {
        self.write(Message::Binary(bytes)).await;
    }

    async fn write(&mut self, message: Message) {
        soon(self.0.send(message)).await.expect("the connection should be open");
    }

    /// Reads a packet of Socket.IO, and answers the pings that come before it.
    pub(super) async fn receive(&mut self) -> Packet {
        loop {
            let message = match self.0.next().await {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Packet::Closed,
                Some(Ok(_)) => continue,
            };
            match message.split_at_checked(1) {
                Some(("2", _)) if self.0.send(Message::text("3")).await.is_err() => {
                    return Packet::Closed;
                }
                Some(("4", packet)) => {
                    self.1.look_at(packet);
                    return Packet::read(packet);
                }
                Some(("1", _)) => return Packet::Closed,
                _ => {}
            }
        }
    }

    /// Ends the connection, and waits until the server has ended it, too: going away with a
    /// ping unread would reset it, and the server might miss the events before.
    pub(super) async fn close(mut self) {
        // An error means that the server was faster.
        soon(self.0.close(None)).await.ok();
        soon(async { while let Some(Ok(_)) = self.0.next().await {} }).await;
    }
}
