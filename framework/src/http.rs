//! The layers around every route and around Socket.IO, outermost first:
//!
//! ```text
//! request id and error shape -> trace -> CORS -> panics -> origin check -> rate -> body limit -> routes
//! ```

use std::{any::Any, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{DefaultBodyLimit, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method,
        header::{
            AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN,
            RETRY_AFTER,
        },
    },
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use socketioxide::{adapter::LocalAdapter, layer::SocketIoLayer};
use tower::util::option_layer;
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
    trace::TraceLayer,
};
use uuid::Uuid;

use crate::{
    error::{ClientError, ErrorKind},
    gateway::{Upgrades, note_upgrades},
    request_limits::{self, RequestLimits, limit_requests},
    settings::ServerConfig,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest text of a library's own error answer that is passed on, in bytes.
const MAX_FOREIGN_TEXT: usize = 1_024;

/// Puts the layers around `routes` and Socket.IO.
pub(crate) fn layered(
    routes: Router,
    socket_io: SocketIoLayer<LocalAdapter>,
    config: &ServerConfig,
    limits: RequestLimits,
) -> Router {
    let origins = Arc::new(config.cors.origins.clone());
    routes
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(socket_io)
        .layer(from_fn_with_state(Arc::<Upgrades>::default(), note_upgrades))
        .layer(DefaultBodyLimit::max(config.max_body_size))
        .layer(from_fn_with_state(Arc::new(limits), limit_requests))
        .layer(from_fn_with_state(Arc::clone(&origins), check_origin))
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(option_layer(cors(&origins)))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(from_fn(in_shape))
}

async fn unknown_route() -> ClientError {
    ClientError::new(ErrorKind::UnknownRoute, "There is no such route")
}

async fn wrong_method() -> ClientError {
    ClientError::new(ErrorKind::MethodNotAllowed, "The route does not have this method")
}

/// The panic itself was logged by the panic hook, with its place.
fn after_panic(_: Box<dyn Any + Send>) -> Response {
    ClientError::internal().into_response()
}

/// Leaves out the query string: it may hold a token.
fn span(request: &Request) -> tracing::Span {
    let id = request.extensions().get::<RequestId>().map(|it| it.0);
    tracing::info_span!(
        "request",
        id = id.map(tracing::field::display),
        method = %request.method(),
        path = request.uri().path(),
    )
}

/// Identifies a request in logs and answers.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(pub Uuid);

/// Gives every request an id, and every refusal the contract's shape, whoever refused.
async fn in_shape(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(REQUEST_ID).and_then(|it| it.to_str().ok());
    let id = given.and_then(|it| it.parse().ok()).unwrap_or_else(Uuid::new_v4);
    request.extensions_mut().insert(RequestId(id));
    // Socket.IO clients expect the errors of their own protocol.
    let shaped = !is_socket_io(&request);

    let response = next.run(request).await;

    let mut response = match response.extensions().get::<ClientError>() {
        Some(error) => merged(error.respond(Some(id)), response.headers().clone()),
        None if shaped && is_foreign_refusal(&response) => shape(response, id).await,
        None => response,
    };
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The error's answer with the headers that handlers and layers gave to the first one.
fn merged(mut answer: Response, mut headers: HeaderMap) -> Response {
    // These speak of the first one's body.
    headers.remove(CONTENT_LENGTH);
    headers.remove(CONTENT_ENCODING);
    for (name, value) in answer.headers() {
        headers.insert(name, value.clone());
    }
    *answer.headers_mut() = headers;
    answer
}

fn is_foreign_refusal(response: &Response) -> bool {
    let refused = response.status().is_client_error() || response.status().is_server_error();
    let kind = response.headers().get(CONTENT_TYPE);
    refused && kind.is_none_or(|it| !it.as_bytes().starts_with(b"application/json"))
}

/// Gives the refusal of an axum extractor or a tower layer our shape.
async fn shape(response: Response, id: Uuid) -> Response {
    let (parts, body) = response.into_parts();
    let kind = ErrorKind::of_status(parts.status);
    let text = match kind {
        ErrorKind::Invalid => to_bytes(body, MAX_FOREIGN_TEXT).await.ok(),
        _ => None,
    };
    // Texts of axum's path rejections repeat the value after a colon.
    let text = text.and_then(|it| String::from_utf8(it.into()).ok()).unwrap_or_default();
    let text = text.split(':').next().unwrap_or_default().trim().to_owned();
    let text = if text.is_empty() { "The request was refused".to_owned() } else { text };
    merged(ClientError::new(kind, text).respond(Some(id)), parts.headers)
}

/// None where no other origin may use the server: browsers refuse without any header.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let allowed = origins.iter().filter_map(|it| it.parse().ok());
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(allowed))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            REQUEST_ID,
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([&request_limits::HEADERS[..], &[REQUEST_ID, RETRY_AFTER]].concat());
    Some(layer)
}

/// Where a request's page comes from, as far as its headers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// A page of this server, or of an origin in `server.cors.origins`.
    Trusted,
    /// A page of any other origin. A cookie does not make such a request do anything.
    Foreign,
    /// No browser says so: a native client, or a request that browsers send without an origin.
    Unknown,
}

/// Refuses WebSocket upgrades and Socket.IO requests of foreign pages, and notes the
/// [`Site`] of all others for those who read cookies.
///
/// Browsers send cookies along with a foreign page's WebSocket and let it read the
/// answers: CORS does not cover it.
async fn check_origin(
    State(origins): State<Arc<Vec<String>>>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let site = site_of(request.headers(), &origins);
    let upgrade = request.headers().contains_key("upgrade");
    if site == Site::Foreign && (upgrade || is_socket_io(&request)) {
        let text = "Pages of this origin may not connect; see server.cors.origins";
        return ClientError::new(ErrorKind::Forbidden, text).into_response();
    }
    request.extensions_mut().insert(site);
    next.run(request).await
}

fn is_socket_io(request: &Request) -> bool {
    request.uri().path().starts_with("/socket.io")
}

fn site_of(headers: &HeaderMap, origins: &[String]) -> Site {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    if let Some(origin) = headers.get(ORIGIN) {
        let Ok(origin) = origin.to_str() else { return Site::Foreign };
        let host = origin.split_once("://").map(|(_, host)| host);
        let same = host.is_some() && host == text(HOST.as_str());
        let listed = origins.iter().any(|it| it.eq_ignore_ascii_case(origin));
        return if same || listed { Site::Trusted } else { Site::Foreign };
    }
    match text("sec-fetch-site") {
        Some("same-origin" | "none") => Site::Trusted,
        Some(_) => Site::Foreign,
        None => Site::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(headers: &[(&'static str, &'static str)]) -> Site {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        site_of(&headers.collect(), &["https://app.example".to_owned()])
    }

    #[test]
    fn only_exact_origins_are_trusted() {
        let host = ("host", "chat.example:8080");
        for (origin, expected) in [
            ("http://chat.example:8080", Site::Trusted),
            ("https://app.example", Site::Trusted),
            ("http://chat.example", Site::Foreign),
            ("http://chat.example:8081", Site::Foreign),
            ("https://app.example.evil", Site::Foreign),
            ("https://evil-app.example", Site::Foreign),
            ("null", Site::Foreign),
        ] {
            assert_eq!(site(&[host, ("origin", origin)]), expected, "{origin}");
        }
    }

    #[test]
    fn without_origin_the_browser_may_still_tell() {
        assert_eq!(site(&[("sec-fetch-site", "same-origin")]), Site::Trusted);
        assert_eq!(site(&[("sec-fetch-site", "cross-site")]), Site::Foreign);
        assert_eq!(site(&[("sec-fetch-site", "same-site")]), Site::Foreign);
        assert_eq!(site(&[]), Site::Unknown);
    }
}
