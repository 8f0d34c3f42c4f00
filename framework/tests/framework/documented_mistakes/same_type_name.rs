//! Two types have one name in the documents
//!
//! OpenAPI, AsyncAPI and TypeScript know types by their bare names, whatever module they are in.

use std::sync::Arc;

use hornero::{App, Data, Events, Gateway, Module, ModuleDef, Public};

mod rooms {
    #[derive(serde::Deserialize, utoipa::ToSchema)]
    pub(super) struct Join {
        pub(super) _room: String,
    }
}

mod calls {
    #[derive(serde::Deserialize, utoipa::ToSchema)]
    pub(super) struct Join {
        pub(super) _call: u32,
    }
}

struct TalkGateway;

impl TalkGateway {
    async fn join_room(self: Arc<Self>, _: Public, _: Data<rooms::Join>) {}
    async fn join_call(self: Arc<Self>, _: Public, _: Data<calls::Join>) {}
}

impl Gateway for TalkGateway {
    const NAMESPACES: &'static [&'static str] = &["/"];

    fn events(on: &mut Events<Self>) {
        on.on("room:join", Self::join_room);
        on.on("call:join", Self::join_call);
    }
}

struct TalkModule;

impl Module for TalkModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|| TalkGateway);
    }
}

pub(super) fn app() -> App {
    App::of::<TalkModule>()
}
