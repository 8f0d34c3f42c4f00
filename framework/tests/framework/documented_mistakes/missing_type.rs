//! A generic type hides its argument from the documents
//!
//! A schema refers to others by their names, and that of a generic type does not bring its
//! argument along. With `#[schema(inline)]` at `best` it would be part of the schema; `Page<T>` is
//! made so.

use std::sync::Arc;

use hornero::{App, ClientError, Events, Gateway, Module, ModuleDef, Public};

#[derive(serde::Serialize, utoipa::ToSchema)]
struct Song {
    title: String,
}

#[derive(serde::Serialize, utoipa::ToSchema)]
struct Ranking<T> {
    best: T,
}

struct ChartGateway;

impl ChartGateway {
    async fn rank(self: Arc<Self>, _: Public) -> Result<Ranking<Song>, ClientError> {
        Ok(Ranking { best: Song { title: "La Cumparsita".to_owned() } })
    }
}

impl Gateway for ChartGateway {
    const NAMESPACES: &'static [&'static str] = &["/"];

    fn events(on: &mut Events<Self>) {
        on.on("charts:rank", Self::rank);
    }
}

struct ChartsModule;

impl Module for ChartsModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|| ChartGateway);
    }
}

pub(super) fn app() -> App {
    App::of::<ChartsModule>()
}
