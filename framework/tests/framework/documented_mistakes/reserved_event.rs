//! An event has a name that clients keep for themselves
//!
//! These are `connect`, `connect_error`, `disconnect`, `disconnecting`, `newListener` and
//! `removeListener`. socket.io-client refuses to send them.

use std::sync::Arc;

use hornero::{App, Events, Gateway, Module, ModuleDef, Public};

struct LobbyGateway;

impl LobbyGateway {
    async fn leave(self: Arc<Self>, _: Public) {}
}

impl Gateway for LobbyGateway {
    const NAMESPACES: &'static [&'static str] = &["/"];

    fn events(on: &mut Events<Self>) {
        on.on("disconnect", Self::leave);
    }
}

struct LobbyModule;

impl Module for LobbyModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|| LobbyGateway);
    }
}

pub(super) fn app() -> App {
    App::of::<LobbyModule>()
}
