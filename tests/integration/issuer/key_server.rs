//! An issuer's server, which publishes its keys, or does something else.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

use super::key::Key;

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    Text(String),
    Fails,
    IsSlow,
    Redirects(String),
}

/// A server that is gone when it is dropped.
pub(crate) struct KeyServer {
    address: SocketAddr,
    state: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    behaviour: Mutex<Behaviour>,
    asked: AtomicUsize,
}

impl KeyServer {
    /// A server that publishes these keys.
    pub(crate) async fn of(keys: &[&Key]) -> Self {
        Self::that(publish(keys)).await
    }

    pub(crate) async fn that(behaviour: Behaviour) -> Self {
        let state = Shared { behaviour: Mutex::new(behaviour), asked: AtomicUsize::default() };
        Self::serve(([127, 0, 0, 1], 0).into(), Arc::new(state)).await
    }

    async fn serve(address: SocketAddr, state: Arc<Shared>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().route("/keys", get(answer)).with_state(Arc::clone(&state));
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, state, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn change(&self, behaviour: Behaviour) {
        *self.state.behaviour.lock().unwrap() = behaviour;
    }

    pub(crate) fn rotate(&self, keys: &[&Key]) {
        self.change(publish(keys));
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(crate) fn publish(keys: &[&Key]) -> Behaviour {
    let keys: Vec<_> = keys.iter().map(|it| it.published()).collect();
    Behaviour::Text(json!({ "keys": keys }).to_string())
}

async fn answer(State(state): State<Arc<Shared>>) -> Response {
    state.asked.fetch_add(1, Ordering::SeqCst);
    let behaviour = state.behaviour.lock().unwrap().clone();
    match behaviour {
        Behaviour::Text(text) => text.into_response(),
        Behaviour::Fails => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Behaviour::Redirects(url) => Redirect::temporary(&url).into_response(),
        Behaviour::IsSlow => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::OK.into_response()
        }
    }
}
