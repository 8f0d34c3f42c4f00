//! An event is handled twice
//!
//! Gateways may share a namespace, but each event has one handler there.

use std::sync::Arc;

use hornero::{App, Events, Gateway, Module, ModuleDef, Public};

struct FrontDoor;

impl FrontDoor {
    async fn ring(self: Arc<Self>, _: Public) {}
}

impl Gateway for FrontDoor {
    const NAMESPACES: &'static [&'static str] = &["/"];

    fn events(on: &mut Events<Self>) {
        on.on("door:ring", Self::ring);
    }
}

struct BackDoor;

impl BackDoor {
    async fn ring(self: Arc<Self>, _: Public) {}
}

impl Gateway for BackDoor {
    const NAMESPACES: &'static [&'static str] = &["/", "/garden"];

    fn events(on: &mut Events<Self>) {
        on.on("door:ring", Self::ring);
    }
}

struct HouseModule;

impl Module for HouseModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|| FrontDoor).gateway(|| BackDoor);
    }
}

pub(super) fn app() -> App {
    App::of::<HouseModule>()
}
