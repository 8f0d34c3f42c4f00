//! As much of S3 as it takes to keep files, for as long as a test lasts.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::put,
};
use tokio::{net::TcpListener, sync::Mutex};

/// What was brought, by its path.
type Objects = Arc<Mutex<HashMap<String, Bytes>>>;

/// Begins to serve a bucket, which takes every key.
pub(super) async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().route("/{*path}", put(keep).get(give).post(remove));
    let routes = routes.with_state(Objects::default());
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    address
}

async fn keep(State(objects): State<Objects>, uri: Uri, bytes: Bytes) -> Response {
    objects.lock().await.insert(uri.path().to_owned(), bytes);
    [(header::ETAG, "\"1\"")].into_response()
}

/// Files are removed by lists of them. These stay, and nobody looks.
async fn remove() -> &'static str {
    "<DeleteResult><Deleted><Key>one</Key></Deleted></DeleteResult>"
}

async fn give(State(objects): State<Objects>, uri: Uri) -> Response {
    let modified = "Thu, 01 Jan 2026 00:00:00 GMT";
    match objects.lock().await.get(uri.path()) {
        Some(bytes) => {
            let head = [(header::ETAG, "\"1\""), (header::LAST_MODIFIED, modified)];
            (head, bytes.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
