//! What clients are told when the server stops.

use std::sync::Arc;

use hornero::{
    App, ClientError, EmitEvent, Event, EventAccess, Events, Gateway, Module, ModuleDef, SocketRef,
    testing::{Packet, TestApp, soon},
};
use serde::Serialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[derive(Serialize, utoipa::ToSchema)]
struct Goodbye {
    back_soon: bool,
}

impl Event for Goodbye {
    const NAME: &'static str = "goodbye";
}

struct Host;

impl Gateway for Host {
    const NAMESPACES: &'static [&'static str] = &["/", "/chat"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("stay", Self::stay).emits::<Goodbye>();
    }

    async fn closing(self: Arc<Self>, socket: SocketRef) {
        socket.emit_event(&Goodbye { back_soon: socket.ns() == "/chat" });
        assert_ne!(socket.ns(), "/", "a hook that panics does not keep the others from theirs");
    }
}

impl Host {
    async fn stay(self: Arc<Self>) -> Result<(), ClientError> {
        Ok(())
    }
}

struct HostModule;

impl Module for HostModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|| Host);
    }
}

#[tokio::test]
async fn every_socket_is_told_before_it_is_closed() {
    let app = TestApp::start(App::of::<HostModule>()).await;
    let mut root = app.connect("/").await;
    let mut chat = app.connect("/chat").await;
    chat.call("stay", ()).await;

    let stopped = app.signal_stop();
    assert_eq!(root.event("goodbye").await["back_soon"], false);
    assert_eq!(chat.event("goodbye").await["back_soon"], true);
    soon(async {
        for client in [&mut root, &mut chat] {
            while !matches!(client.next_packet().await, Packet::Closed) {}
        }
    })
    .await;
    stopped.await;
}

/// A client whose request is on its way when the stop is signalled.
#[tokio::test]
async fn new_session_is_refused_while_the_server_stops() {
    let app = TestApp::start(App::of::<HostModule>()).await;
    let request = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nhost: x\r\n";
    let mut late = TcpStream::connect(app.address()).await.unwrap();
    late.write_all(request.as_bytes()).await.unwrap();
    // It is read before the one that is sent later.
    app.get("/nowhere").await.refusal();

    let stopped = app.signal_stop();
    let mut probe = String::new();
    late.write_all(b"connection: close\r\n\r\n").await.unwrap();
    soon(late.read_to_string(&mut probe)).await.unwrap();
    assert!(probe.starts_with("HTTP/1.1 503"), "{probe}");
    assert!(probe.contains("retry-after: 1"), "{probe}");
    stopped.await;
}
