//! The layers around every route and around Socket.IO, outermost first:
//!
//! ```text
//! pace -> request id and error shape -> address -> time -> trace -> CORS -> panics -> origin check -> rate -> body limit -> routes
//! ```

use std::{any::Any, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Request},
    http::{
        HeaderName, Method,
        header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
    },
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
};
use tower::{ServiceBuilder, util::option_layer};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
    map_response_body::MapResponseBodyLayer,
    trace::TraceLayer,
};

mod measure;
mod origin;
mod pace;
mod proxies;
mod shape;

use measure::MeasureLayer;
pub(crate) use measure::Measures;
use origin::OriginLayer;
pub use origin::Site;
use pace::PaceLayer;
use proxies::ProxyLayer;
pub(crate) use proxies::{Forwarded, network};
pub use shape::RequestId;
use shape::ShapeLayer;

use crate::{
    connection::{self, Connections},
    error::{ClientError, ErrorKind},
    request_limits::{self, RequestLimits, client_address, limit_requests},
    settings::ServerConfig,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What scripts of other origins may read, besides what is left of a limit.
const EXPOSED: [HeaderName; 3] =
    [REQUEST_ID, RETRY_AFTER, HeaderName::from_static("idempotent-replayed")];

/// Puts the layers around `routes` and Socket.IO.
pub(crate) fn layered(
    routes: Router,
    connections: Connections,
    config: &ServerConfig,
    limits: RequestLimits,
    measures: Measures,
) -> Router {
    let origins = Arc::new(config.cors.origins.clone());
    // All in one: a router boxes its routes anew for every layer it is given, and clones the
    // boxes for every request.
    let layers = ServiceBuilder::new()
        .layer(PaceLayer { body: config.body_timeout() })
        .layer(ShapeLayer)
        .layer(option_layer(ProxyLayer::of(&config.trusted_proxies)))
        .layer(MeasureLayer(Arc::new(measures)))
        .layer(MapResponseBodyLayer::new(Body::new))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(option_layer(cors(&origins)))
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(OriginLayer(origins))
        .layer(from_fn_with_state(Arc::new(limits), limit_requests))
        .layer(DefaultBodyLimit::max(config.max_body_size))
        .layer(from_fn_with_state(connections, connection::serve));
    routes.fallback(unknown_route).method_not_allowed_fallback(wrong_method).layer(layers)
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
    let from = client_address(request.extensions());
    tracing::info_span!(
        "request",
        id = id.map(tracing::field::display),
        from = from.map(tracing::field::display),
        method = %request.method(),
        path = request.uri().path(),
    )
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
        .expose_headers([&request_limits::HEADERS[..], &EXPOSED].concat());
    Some(layer)
}

fn is_socket_io(request: &Request) -> bool {
    connection::is_socket_io(request.uri().path())
}
