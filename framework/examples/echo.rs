//! A server that gives back what it gets, binary parts too: for trying a Socket.IO client.
//!
//! ```text
//! cargo run --example echo       serves on http://127.0.0.1:8080; HORNERO__SERVER__PORT=3000 elsewhere
//!
//! const socket = io("http://127.0.0.1:8080");
//! await socket.emitWithAck("echo", { any: ["JSON"] })
//! await socket.emitWithAck("picture", { name: "dot", bytes: new Uint8Array([1, 2]) })
//! ```

use std::{error::Error, path::Path, sync::Arc, time::Duration};

use axum::body::Bytes;
use hornero::{
    App, ClientError, Config, Data, EmitEvent, Event, EventAccess, Events, Gateway, Module,
    ModuleDef, ServerConfig, SocketRef,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Time that a client has to answer a question.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gives back what it gets, as an ack and as an event.
struct EchoGateway;

impl Gateway for EchoGateway {
    const NAMESPACES: &'static [&'static str] = &["/", "/chat"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("echo", Self::echo);
        on.on("say", Self::say).emits::<Said>();
        on.on("picture", Self::picture);
        on.on("show", Self::show);
        on.on("question", Self::question);
        on.on("leave", Self::leave);
    }
}

/// What a client has said.
#[derive(Serialize, ToSchema)]
struct Said {
    data: Value,
}

impl Event for Said {
    const NAME: &'static str = "said";
}

/// Text and a binary part.
#[derive(Serialize, Deserialize, ToSchema)]
struct Picture {
    name: String,
    #[schema(value_type = String, format = Binary)]
    bytes: Bytes,
}

impl EchoGateway {
    /// Answers with the payload.
    async fn echo(self: Arc<Self>, Data(data): Data<Value>) -> Result<Value, ClientError> {
        Ok(data)
    }

    /// Emits the payload, without an ack.
    async fn say(self: Arc<Self>, socket: SocketRef, Data(data): Data<Value>) {
        socket.emit_event(&Said { data });
    }

    /// Answers with the picture. Binary parts are read by socketioxide's extractor: ours is for
    /// JSON.
    async fn picture(
        self: Arc<Self>,
        socketioxide::extract::Data(picture): socketioxide::extract::Data<Picture>,
    ) -> Result<Picture, ClientError> {
        Ok(picture)
    }

    /// Emits the picture.
    async fn show(
        self: Arc<Self>,
        socket: SocketRef,
        socketioxide::extract::Data(picture): socketioxide::extract::Data<Picture>,
    ) -> Result<(), ClientError> {
        socket.emit("picture", &picture).map_err(|_| ClientError::unavailable("Nobody is there"))
    }

    /// Asks the client what it was asked, and answers with the client's answer.
    async fn question(
        self: Arc<Self>,
        socket: SocketRef,
        Data(data): Data<Value>,
    ) -> Result<Value, ClientError> {
        let silent = || ClientError::unavailable("The client does not answer");
        let asked = socket.timeout(PATIENCE).emit_with_ack::<_, Value>("question", &data);
        asked.map_err(|_| silent())?.await.map_err(|_| silent())
    }

    /// Disconnects the client.
    async fn leave(self: Arc<Self>, socket: SocketRef) {
        // One who is gone needs not be sent away.
        let _ = socket.disconnect();
    }
}

struct EchoModule;

impl Module for EchoModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|| EchoGateway);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::load(Path::new("."), std::env::vars())?;
    let app = App::of::<EchoModule>().with_config(config);
    app.check()?;
    let ServerConfig { host, port, .. } = app.section()?;
    let server = app.build().await?;
    let listener = tokio::net::TcpListener::bind((host, port)).await?;
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    server.serve(listener, stop).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use hornero::testing::TestApp;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn what_is_said_comes_back() {
        let app = TestApp::start(App::of::<EchoModule>()).await;
        let mut socket = app.connect("/").await;
        assert_eq!(socket.call("echo", json!([1, "two"])).await, json!([1, "two"]));
        socket.emit("say", json!("three")).await;
        assert_eq!(socket.event("said").await["data"], "three");
    }
}
