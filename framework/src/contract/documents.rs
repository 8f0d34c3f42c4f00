//! The documents of an app, and the routes that serve them.

use std::{
    borrow::Cow,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use axum::{
    Router,
    body::Bytes,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
            IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use utoipa_swagger_ui::Config;

use super::{About, ControllerContract, GatewayContract, asyncapi, openapi, typescript};

/// What clients can use, as documents that are made from the types of handlers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documents {
    /// The routes: OpenAPI 3.1, as JSON.
    pub openapi: String,
    /// The events of Socket.IO: AsyncAPI 3.0, as JSON.
    pub asyncapi: String,
    /// The events of Socket.IO: declarations for TypeScript.
    pub socket_types: String,
}

/// Where they are served.
pub(super) const PATHS: [&str; 7] = [
    "/openapi.json",
    "/asyncapi.json",
    "/socket.d.ts",
    "/docs",
    "/docs/start.js",
    "/docs/swagger-ui.css",
    "/docs/swagger-ui-bundle.js",
];

impl Documents {
    pub(crate) fn of<'a>(
        about: &About,
        controllers: impl Iterator<Item = &'a ControllerContract>,
        gateways: impl Iterator<Item = &'a GatewayContract>,
    ) -> Self {
        let gateways: Vec<_> = gateways.filter(|it| it.documented).collect();
        Self {
            openapi: json(&openapi::document(about, controllers)),
            asyncapi: json(&asyncapi::document(about, &gateways)),
            socket_types: typescript::declarations(about, &gateways),
        }
    }

    /// Serves `/openapi.json`, `/asyncapi.json`, `/socket.d.ts`, and `/docs` to read and try
    /// the first one.
    pub(crate) fn routes(self, about: &About) -> Router {
        let [openapi, asyncapi, types, docs, start, style, bundle] = PATHS;
        let page = PAGE.replace("{title}", &escaped(&about.title));
        let json = "application/json";
        let script = "text/javascript; charset=utf-8";
        let mut files = vec![
            (openapi, File::new(json, self.openapi)),
            (asyncapi, File::new(json, self.asyncapi)),
            (types, File::new("text/plain; charset=utf-8", self.socket_types)),
            (docs, File::new("text/html; charset=utf-8", page)),
            (start, File::new(script, START)),
        ];
        let swagger_ui = [(style, "text/css; charset=utf-8"), (bundle, script)];
        for (path, content_type) in swagger_ui {
            files.extend(File::of_swagger_ui(path, content_type).map(|file| (path, file)));
        }
        files.into_iter().fold(Router::new(), |router, (path, file)| {
            router.route(path, get(async move |headers: HeaderMap| file.serve(&headers)))
        })
    }
}

/// Pretty, since people read it too, and compare versions of it.
fn json(document: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(document);
    text.expect("the keys of documents are strings, and nothing in them fails to serialize") + "\n"
}

/// Loads Swagger UI from this server, and nothing from elsewhere.
const PAGE: &str = include_str!("docs.html");
const START: &str = include_str!("docs.js");

/// The page runs the scripts of this server and talks to no other; Swagger UI draws with `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file that stays the same while the server runs.
#[derive(Clone)]
struct File {
    bytes: Bytes,
    content_type: HeaderValue,
    /// How the bytes are packed, if they are.
    encoding: Option<HeaderValue>,
    /// Changes with the bytes.
    tag: HeaderValue,
}

impl File {
    fn new(content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let tag = HeaderValue::from_str(&format!("\"{:016x}\"", hasher.finish()));
        let tag = tag.expect("hexadecimal digits may stand in a header");
        Self { bytes, content_type: HeaderValue::from_static(content_type), encoding: None, tag }
    }

    /// A file of Swagger UI by its name, the last part of `path`.
    fn of_swagger_ui(path: &str, content_type: &'static str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        let config: Arc<Config<'static>> = Arc::default();
        let file = utoipa_swagger_ui::serve(name, config).ok()??;
        let bytes = match file.bytes {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        let encoding = file.gzpipped.then(|| HeaderValue::from_static("gzip"));
        Some(Self { encoding, ..Self::new(content_type, bytes) })
    }

    /// The file, or nothing if the client has the same one already.
    fn serve(&self, headers: &HeaderMap) -> Response {
        if headers.get(IF_NONE_MATCH) == Some(&self.tag) {
            return (StatusCode::NOT_MODIFIED, [(ETAG, self.tag.clone())]).into_response();
        }
        let encoding = self.encoding.clone().map(|it| [(CONTENT_ENCODING, it)]);
        let headers = [
            (CONTENT_TYPE, self.content_type.clone()),
            (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (ETAG, self.tag.clone()),
        ];
        let mut response = (headers, self.bytes.clone()).into_response();
        response.headers_mut().extend(encoding.into_iter().flatten());
        response
    }
}

/// Text as it may stand in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
