//! A namespace does not begin with a slash
//!
//! The path of a client's address is the namespace, and begins with one.

use std::sync::Arc;

use hornero::{App, Events, Gateway, Module, ModuleDef, Public};

struct BellGateway;

impl BellGateway {
    async fn ring(self: Arc<Self>, _: Public) {}
}

impl Gateway for BellGateway {
    const NAMESPACES: &'static [&'static str] = &["bell"];

    fn events(on: &mut Events<Self>) {
        on.on("bell:ring", Self::ring);
    }
}

struct BellModule;

impl Module for BellModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|| BellGateway);
    }
}

pub(super) fn app() -> App {
    App::of::<BellModule>()
}
