//! Serves the chat page and its files.

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
use hornero::{ClientError, Controller, ErrorKind, Routes};
use serde::Serialize;

use crate::assets::{ASSETS, Asset, PAGE};

/// The page runs its own scripts and styles, talks to its own server, and is framed by nobody.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Serves `/` and `/assets`.
pub(crate) struct WebController {
    /// Tags by path, which change when a file does.
    tags: HashMap<&'static str, HeaderValue>,
}

impl WebController {
    pub(crate) fn new() -> Self {
        let all = ASSETS.iter().chain([&PAGE]);
        Self { tags: all.map(|it| (it.path, tag(it.bytes))).collect() }
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
        Routes::new().route("/", get(page)).route("/assets/{name}", get(asset))
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
    let absent = || ClientError::new(ErrorKind::UnknownRoute, "There is no such file");
    Ok(this.serve(asset.ok_or_else(absent)?, &headers))
}
