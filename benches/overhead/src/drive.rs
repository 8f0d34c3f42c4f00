//! A client that votes, again and again.

use std::{error::Error, net::Ipv4Addr};

use clap::ValueEnum;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{connect_async, tungstenite::Message};

const VOTE: &str = r#"{"option":2,"name":"the name of the voter"}"#;

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Door {
    Controller,
    Gateway,
}

/// Votes `count` times, then stops the server.
pub(crate) async fn run(door: Door, port: u16, count: u32) -> Result<(), Box<dyn Error>> {
    match door {
        Door::Controller => post(port, "/votes", VOTE, count).await?,
        Door::Gateway => vote(port, count).await?,
    }
    post(port, "/stop", "", 1).await
}

async fn post(port: u16, path: &str, body: &str, count: u32) -> Result<(), Box<dyn Error>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut answer = [0; 4096];
    for _ in 0..count {
        stream.write_all(request.as_bytes()).await?;
        // Small enough to come in one piece.
        let length = stream.read(&mut answer).await?;
        if !answer[..length].starts_with(b"HTTP/1.1 200") {
            return Err(String::from_utf8_lossy(&answer[..length]).into());
        }
    }
    Ok(())
}

async fn vote(port: u16, count: u32) -> Result<(), Box<dyn Error>> {
    let url = format!("ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket");
    let (mut socket, _) = connect_async(url).await?;
    socket.send(Message::text("40")).await?;
    while !next(&mut socket).await?.starts_with("40") {}
    for number in 0..count {
        socket.send(Message::text(format!("42{number}[\"vote\",{VOTE}]"))).await?;
        let ack = format!("43{number}[{{\"status\":\"ok\"");
        loop {
            let packet = next(&mut socket).await?;
            if packet.starts_with(&ack) {
                break;
            }
            if packet == "2" {
                socket.send(Message::text("3")).await?;
            } else if packet.starts_with('4') {
                return Err(packet.into());
            }
        }
    }
    socket.close(None).await?;
    while socket.next().await.is_some_and(|it| it.is_ok()) {}
    Ok(())
}

async fn next<S>(socket: &mut S) -> Result<String, Box<dyn Error>>
where
    S: StreamExt<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin,
{
    let message = socket.next().await.ok_or("the server has ended the connection")??;
    Ok(message.into_text()?.to_string())
}
