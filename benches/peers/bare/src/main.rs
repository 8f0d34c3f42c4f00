//! The chat contract on plain axum and socketioxide, written as their documentation shows it.
//!
//! `STORE` is `none`, `row` (every message is a transaction) or `group` (whatever has queued up
//! while the last transaction committed is the next one). `THREADS` are tokio's workers.

use std::{
    env,
    error::Error,
    sync::{Arc, OnceLock},
};

use axum::{Router, routing::get, serve::ListenerExt};
use socketioxide::{
    SocketIo,
    extract::{SocketRef, TryData},
    handler::ConnectHandler,
};
use tokio::net::TcpListener;

mod auth;
mod chat;
mod message;
mod rest;
mod store;

use crate::{
    auth::{Auth, Tokens},
    store::Store,
};

/// What all handlers share.
struct App {
    tokens: Tokens,
    store: Option<Store>,
    io: OnceLock<SocketIo>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let threads = setting("THREADS", "1").parse()?;
    let mut runtime = match threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    if threads > 1 {
        runtime.worker_threads(threads);
    }
    runtime.enable_all().build()?.block_on(serve())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let store = match setting("STORE", "none").as_str() {
        "none" => None,
        kind => Some(Store::open(&setting("DATABASE_FILE", "messages.db"), kind == "group").await?),
    };
    let tokens = Tokens::new(&setting("JWT_SECRET", ""));
    let app = Arc::new(App { tokens, store, io: OnceLock::new() });
    let (layer, io) = SocketIo::builder().build_layer();
    let (joining, entering) = (Arc::clone(&app), Arc::clone(&app));
    let admit = move |socket: SocketRef, auth: TryData<Auth>| {
        auth::admit(Arc::clone(&entering), socket, auth)
    };
    let connected = move |socket: SocketRef| chat::connected(Arc::clone(&joining), socket);
    io.ns("/chat", connected.with(admit));
    // Nobody has set it before.
    let _ = app.io.set(io);
    let router = Router::new()
        .route("/rooms/{room_id}/messages", get(rest::list).post(rest::send))
        .with_state(app)
        .layer(layer);
    let port: u16 = setting("PORT", "3000").parse()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let listener = listener.tap_io(|stream| {
        // Where it fails, packets come a little later.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).await?)
}

fn setting(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}
