//! The poll as a module.

use std::{error::Error, sync::Arc};

use axum::{extract::State, routing::post};
use hornero::{
    App, ClientError, Config, Controller, Data, EventAccess, Events, Gateway, Json, Module,
    ModuleDef, Routes, Valid,
};
use tokio::{net::TcpListener, sync::Notify};

use crate::poll::{Counted, Poll, Vote};

struct PollController {
    poll: Arc<Poll>,
    stop: Arc<Notify>,
}

impl Controller for PollController {
    fn routes() -> Routes<Self> {
        Routes::new().route("/votes", post(vote)).route("/stop", post(stop))
    }
}

async fn vote(
    State(this): State<Arc<PollController>>,
    Valid(Json(vote)): Valid<Json<Vote>>,
) -> axum::Json<Counted> {
    axum::Json(this.poll.vote(vote))
}

async fn stop(State(this): State<Arc<PollController>>) {
    this.stop.notify_one();
}

struct PollGateway {
    poll: Arc<Poll>,
}

impl Gateway for PollGateway {
    const NAMESPACES: &'static [&'static str] = &["/"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("vote", Self::vote);
    }
}

impl PollGateway {
    async fn vote(
        self: Arc<Self>,
        Valid(Data(vote)): Valid<Data<Vote>>,
    ) -> Result<Counted, ClientError> {
        Ok(self.poll.vote(vote))
    }
}

struct PollModule;

impl Module for PollModule {
    fn define(m: &mut ModuleDef) {
        m.provide(Poll::default)
            .provide(Notify::new)
            .controller(|poll, stop| PollController { poll, stop })
            .gateway(|poll| PollGateway { poll });
    }
}

pub(crate) async fn serve(listener: TcpListener, stop: Arc<Notify>) -> Result<(), Box<dyn Error>> {
    let unlimited = [("HORNERO__RATE_LIMIT__EVENTS".to_owned(), "0".to_owned())];
    let config = Config::load("/nowhere".as_ref(), unlimited)?;
    let app = App::of::<PollModule>().override_with(Arc::clone(&stop)).with_config(config);
    let server = app.build().await?;
    Ok(server.serve(listener, async move { stop.notified().await }).await?)
}
