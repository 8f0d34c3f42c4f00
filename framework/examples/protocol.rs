//! The server that the official test suite of Socket.IO 5 asks for: it tells who has connected,
//! and gives back all arguments of a message.
//!
//! `cargo xtask suites` runs the suite against it.

use std::{error::Error, fmt, path::Path, sync::Arc};

use hornero::{
    App, ClientError, Config, EventAccess, Events, Gateway, Handshake, Module, ModuleDef,
    ServerConfig, SocketRef,
};
use rmpv::Value;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{SeqAccess, Visitor},
    ser::SerializeTuple,
};
use socketioxide::extract::{AckSender, Data};

/// What a client has presented when it connected.
#[derive(Clone)]
struct Auth(serde_json::Value);

/// Gives back what it gets, without the frame that answers of other gateways have.
struct ProtocolGateway;

impl Gateway for ProtocolGateway {
    const NAMESPACES: &'static [&'static str] = &["/", "/custom"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("message", Self::message).on("message-with-ack", Self::message_with_ack);
    }

    async fn authenticate(self: Arc<Self>, handshake: Handshake) -> Result<(), ClientError> {
        let auth = match handshake.auth {
            serde_json::Value::Null => serde_json::json!({}),
            auth => auth,
        };
        handshake.socket.extensions.insert(Auth(auth));
        Ok(())
    }

    async fn connected(self: Arc<Self>, socket: SocketRef) {
        if let Some(Auth(auth)) = socket.extensions.get() {
            // One who is gone again is told nothing.
            let _ = socket.emit("auth", &auth);
        }
    }
}

impl ProtocolGateway {
    async fn message(self: Arc<Self>, socket: SocketRef, Data(arguments): Data<Arguments>) {
        let _ = socket.emit("message-back", &arguments);
    }

    async fn message_with_ack(self: Arc<Self>, ack: AckSender, Data(arguments): Data<Arguments>) {
        let _ = ack.send(&arguments);
    }
}

/// All arguments of an event, binary ones too. socketioxide takes and sends tuples as such.
struct Arguments(Vec<Value>);

impl Serialize for Arguments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        for argument in &self.0 {
            tuple.serialize_element(argument)?;
        }
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Arguments;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the arguments of an event")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Arguments, A::Error> {
                let mut arguments = Vec::new();
                while let Some(argument) = list.next_element()? {
                    arguments.push(argument);
                }
                Ok(Arguments(arguments))
            }
        }

        // The number is not looked at.
        deserializer.deserialize_tuple(0, All)
    }
}

struct ProtocolModule;

impl Module for ProtocolModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|| ProtocolGateway);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::load(Path::new("."), std::env::vars())?;
    let app = App::of::<ProtocolModule>().with_config(config);
    let ServerConfig { host, port, .. } = app.section()?;
    let server = app.build().await?;
    let listener = tokio::net::TcpListener::bind((host, port)).await?;
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    server.serve(listener, stop).await?;
    Ok(())
}
