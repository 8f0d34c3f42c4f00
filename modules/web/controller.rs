//! Serves the chat page, its files, and the client for pages of others.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use axum::{
    Json,
    extract::{OriginalUri, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
            VARY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
    routing::get,
};
use hornero::{ClientError, Controller, ErrorKind, Routes, WebsocketConfig};
use serde::Serialize;

use crate::{
    assets::{ASSETS, Asset, PAGE},
    client::CLIENT,
};

/// The page runs its own scripts and styles, talks to its own server, and is framed by nobody. Pictures
/// that were sent are shown from `blob:`, since files themselves are served for download alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Serves `/`, `/assets`, and the client's files under `/socket.io`.
pub(crate) struct WebController {
    serves_client: bool,
    /// Tags by path, which change when a file does.
    tags: HashMap<&'static str, HeaderValue>,
}

impl WebController {
    pub(crate) fn new(config: Arc<WebsocketConfig>) -> Self {
        let all = ASSETS.iter().chain(&CLIENT).chain([&PAGE]);
        let tags = all.map(|it| (it.path, tag(it.bytes))).collect();
        Self { serves_client: config.serve_client, tags }
    }

    /// The file, or nothing if the browser has the same one already.
    fn serve(&self, asset: &'static Asset, headers: &HeaderMap) -> Response {
        let tag = self.tags[asset.path].clone();
        if headers.get(IF_NONE_MATCH) == Some(&tag) {
            return (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response();
        }
        let headers: [(HeaderName, HeaderValue); 6] = [
            (CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
            (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (VARY, HeaderValue::from_static("accept")),
            (ETAG, tag),
        ];
        (headers, asset.bytes).into_response()
    }
}

fn tag(bytes: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let text = format!("\"{:016x}\"", hasher.finish());
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

impl Controller for WebController {
    fn routes() -> Routes<Self> {
        Routes::new()
            .route("/", get(page))
            .route("/assets/{name}", get(asset))
            // All else under this path is Socket.IO's, and does not come here.
            .route("/socket.io/{name}", get(client))
    }
}

/// The page for browsers; for others, what kind of server this is.
async fn page(State(this): State<Arc<WebController>>, headers: HeaderMap) -> Response {
    let accept = headers.get(ACCEPT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if accept.contains("text/html") {
        return this.serve(&PAGE, &headers);
    }
    Json(Status { service: "WebSocket Gateway", status: "ok" }).into_response()
}

#[derive(Serialize)]
struct Status {
    service: &'static str,
    status: &'static str,
}

/// A file of the page.
async fn asset(
    State(this): State<Arc<WebController>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, ClientError> {
    let asset = ASSETS.iter().find(|it| it.path == uri.path());
    Ok(this.serve(asset.ok_or_else(absent)?, &headers))
}

/// A file of the client. The JavaScript server has them at the same paths.
async fn client(
    State(this): State<Arc<WebController>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, ClientError> {
    let is_there = |it: &&Asset| it.path == uri.path() && !it.bytes.is_empty();
    let file = CLIENT.iter().filter(|_| this.serves_client).find(is_there);
    Ok(this.serve(file.ok_or_else(absent)?, &headers))
}

fn absent() -> ClientError {
    ClientError::new(ErrorKind::UnknownRoute, "There is no such file")
}
