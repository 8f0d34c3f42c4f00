//! What a handler may take as arguments.

use std::sync::Arc;

use axum::body::Bytes;
use hornero::{
    App, ClientError, Data, ErrorKind, EventAccess, Events, FromEvent, Gateway, Handshake,
    Incoming, Module, ModuleDef, Signature, SocketIo, SocketRef,
    testing::{Packet, TestApp, TestSocket},
};
use serde::Deserialize;
use serde_json::{Value, json};
use socketioxide::extract::{self, Event, Extension, MaybeExtension};
use utoipa::ToSchema;

/// Who sent the event: left in the socket's extensions when it was let in.
#[derive(Clone)]
struct Caller(String);

/// A guard: an extractor of the application's own, which asks the gateway who is the admin.
struct Admin(Caller);

impl FromEvent<Office> for Admin {
    fn from_event(incoming: &mut Incoming<'_, Office>) -> Result<Self, ClientError> {
        let caller =
            incoming.socket.extensions.get::<Caller>().ok_or_else(ClientError::internal)?;
        if caller.0 != incoming.gateway.admin {
            return Err(ClientError::new(ErrorKind::Forbidden, "Only for the admin"));
        }
        Ok(Self(caller))
    }

    fn describe(signature: &mut Signature) {
        signature.access.push("admin");
    }
}

/// Another one, which reads the payload.
struct Size(usize);

impl<G> FromEvent<G> for Size {
    fn from_event(incoming: &mut Incoming<'_, G>) -> Result<Self, ClientError> {
        Ok(Self(incoming.payload.len()))
    }
}

#[derive(Deserialize, ToSchema)]
struct Number {
    n: i64,
}

struct Office {
    io: Arc<SocketIo>,
    admin: &'static str,
}

impl Gateway for Office {
    const ACCESS: EventAccess = EventAccess::Public;
    const NAMESPACES: &'static [&'static str] = &["/office"];

    fn events(on: &mut Events<Self>) {
        on.on("socket", Self::socket)
            .on("caller", Self::caller)
            .on("maybe", Self::maybe)
            .on("lost", Self::lost)
            .on("plain", Self::plain)
            .on("upload", Self::upload)
            .on("admin", Self::admin)
            .on("size", Self::size)
            .on("all", Self::all)
            .on("tell", Self::tell);
    }

    async fn authenticate(self: Arc<Self>, handshake: Handshake) -> Result<(), ClientError> {
        let name = handshake.auth["name"].as_str().unwrap_or("nobody");
        handshake.socket.extensions.insert(Caller(name.to_owned()));
        Ok(())
    }
}

type Answer = Result<Value, ClientError>;

impl Office {
    async fn socket(self: Arc<Self>, socket: SocketRef) -> Answer {
        Ok(json!([socket.ns(), socket.connected()]))
    }

    async fn caller(self: Arc<Self>, Extension(caller): Extension<Caller>) -> Answer {
        Ok(json!(caller.0))
    }

    async fn maybe(self: Arc<Self>, MaybeExtension(it): MaybeExtension<u64>) -> Answer {
        Ok(json!(it))
    }

    async fn lost(self: Arc<Self>, Extension(_): Extension<u64>) -> Answer {
        Ok(json!("should not be called"))
    }

    async fn plain(self: Arc<Self>, extract::Data(it): extract::Data<Number>) -> Answer {
        Ok(json!(it.n))
    }

    async fn upload(self: Arc<Self>, extract::Data(bytes): extract::Data<Bytes>) -> Answer {
        Ok(json!(bytes.len()))
    }

    async fn admin(self: Arc<Self>, Admin(caller): Admin) -> Answer {
        Ok(json!(caller.0))
    }

    async fn size(self: Arc<Self>, Size(size): Size) -> Answer {
        Ok(json!(size))
    }

    async fn all(
        self: Arc<Self>,
        socket: SocketRef,
        Extension(caller): Extension<Caller>,
        Event(event): Event,
        Size(size): Size,
        Data(it): Data<Number>,
    ) -> Answer {
        Ok(json!([socket.ns(), caller.0, event, size, it.n]))
    }

    /// Tells everybody, by the `SocketIo` that was injected.
    async fn tell(self: Arc<Self>, Data(text): Data<String>) -> Answer {
        let office = self.io.of("/office").ok_or_else(ClientError::internal)?;
        office.emit("told", &text).await.map_err(|_| ClientError::internal())?;
        Ok(Value::Null)
    }
}

struct OfficeModule;

impl Module for OfficeModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|io| Office { io, admin: "admin" });
    }
}

async fn office(name: &str) -> (TestApp, TestSocket) {
    let server = TestApp::start(App::of::<OfficeModule>()).await;
    let mut client = server.handshake("/").open().await.unwrap();
    let joined = client.join("/office", json!({ "name": name })).await;
    assert_eq!(joined, Packet::Connect("/office".to_owned()));
    (server, client)
}

#[tokio::test]
async fn socket_is_at_hand() {
    let (_server, mut client) = office("ada").await;

    assert_eq!(client.emit_ack("socket", json!({})).await["data"], json!(["/office", true]));
}

#[tokio::test]
async fn what_authentication_left_in_the_extensions_is_at_hand() {
    let (_server, mut client) = office("ada").await;

    assert_eq!(client.emit_ack("caller", json!({})).await["data"], "ada");
    assert_eq!(client.emit_ack("maybe", json!({})).await["data"], Value::Null);
}

#[tokio::test]
async fn extractor_that_finds_nothing_refuses_the_event() {
    let (_server, mut client) = office("ada").await;

    let ack = client.emit_ack("lost", json!({})).await;

    assert_eq!(ack["status"], "error");
    let text = ack.to_string();
    assert!(!text.contains("u64"), "no internals should be told: {text}");
}

#[tokio::test]
async fn plain_data_of_socketioxide_works() {
    let (_server, mut client) = office("ada").await;

    assert_eq!(client.emit_ack("plain", json!({ "n": 7 })).await["data"], 7);

    let ack = client.emit_ack("plain", json!({ "n": "seven" })).await;
    assert_eq!(ack["error"]["code"], "PROTOCOL_ERROR");
}

#[tokio::test]
async fn binary_data_arrives() {
    let (_server, mut client) = office("ada").await;

    client.send(r#"51-/office,1["upload",{"_placeholder":true,"num":0}]"#).await;
    client.send_binary(&b"nine byte"[..]).await;

    let ack = json!({ "status": "ok", "data": 9 });
    assert_eq!(client.next_packet().await, Packet::Ack("/office".to_owned(), 1, ack));
}

#[tokio::test]
async fn extractor_of_the_application_decides_who_gets_in() {
    let (_server, mut client) = office("admin").await;
    assert_eq!(client.emit_ack("admin", json!({})).await["data"], "admin");

    let (_server, mut client) = office("ada").await;
    let ack = client.emit_ack("admin", json!({})).await;
    assert_eq!(ack["error"]["code"], "PERMISSION_DENIED");
    assert_eq!(ack["error"]["message"], "Only for the admin");
}

#[tokio::test]
async fn extractor_of_the_application_sees_the_opened_envelope() {
    let (_server, mut client) = office("ada").await;

    assert_eq!(client.emit_ack("size", json!("1234")).await["data"], 6);
    assert_eq!(client.emit_ack("size", json!({ "data": "1234" })).await["data"], 6);
}

#[tokio::test]
async fn handler_may_take_five_extractors_of_all_kinds() {
    let (_server, mut client) = office("ada").await;

    let ack = client.emit_ack("all", json!({ "n": 7 })).await;

    assert_eq!(ack["data"], json!(["/office", "ada", "all", 7, 7]));
}

#[tokio::test]
async fn injected_socket_io_reaches_the_namespace() {
    let (server, mut client) = office("ada").await;
    let mut other = server.connect("/office").await;

    assert_eq!(client.emit_ack("tell", json!("lunch")).await["status"], "ok");

    assert_eq!(other.next_event().await, ("told".to_owned(), json!("lunch")));
    assert_eq!(client.next_event().await, ("told".to_owned(), json!("lunch")));
}
