//! An event does not say who may send it
//!
//! A handler takes a guard or `Public`; else its gateway says `EventAccess::Public` for all.

use std::sync::Arc;

use hornero::{App, Events, Gateway, Module, ModuleDef, SocketRef};

struct VaultGateway;

impl VaultGateway {
    async fn open(self: Arc<Self>, _socket: SocketRef) {}
}

impl Gateway for VaultGateway {
    const NAMESPACES: &'static [&'static str] = &["/"];

    fn events(on: &mut Events<Self>) {
        on.on("vault:open", Self::open);
    }
}

struct VaultModule;

impl Module for VaultModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|| VaultGateway);
    }
}

pub(super) fn app() -> App {
    App::of::<VaultModule>()
}
