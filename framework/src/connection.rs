//! What stands around socketioxide's service: every request to `/socket.io` comes through here.
//!
//! ```text
//! polling ─> count ───────────────────────> service ─> rewrite CONNECT, count ─> answer
//! upgrade ─> 101, the stream in a `Wire` ─> service, which reads and writes the `Wire`
//! ```
//!
//! socketioxide tells clients the id of their Engine.IO session as the id of their socket.
//! Whoever learns it can send as that client, so here it is replaced by one that is good for
//! nothing else; and a refused handshake gets the error object that the service cannot send.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::Arc,
};

use axum::{
    extract::{Request, State},
    http::{StatusCode, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response},
};
use socketioxide::{adapter::LocalAdapter, layer::SocketIoLayer, service::SocketIoService};
use tower::{Layer, util::ServiceFn};

use crate::{
    error::ClientError,
    settings::{Parser, WebsocketConfig},
    stopping::Stopping,
};

mod flushers;
mod frame;
mod incoming;
mod kept;
mod mismatch;
mod old_connect;
mod outgoing;
mod outlet;
mod packet;
mod polling;
mod public_id;
mod recent_errors;
mod session;
mod sessions;
mod traffic;
mod upgrade;
mod wire;

use flushers::Flushers;
pub(crate) use frame::text as text_frame;
pub(crate) use outlet::Pushed;
pub use public_id::PublicId;
pub(crate) use session::{Announced, Session};
use sessions::Sessions;
pub use traffic::{Traffic, Volume};

/// The service, with nothing behind it: what it does not know has not come here.
type Service = SocketIoService<ServiceFn<NoRoute>, LocalAdapter>;
type NoRoute = fn(Request) -> Ready<Result<Response, Infallible>>;

/// The layer around socketioxide's service.
#[derive(Clone)]
pub(crate) struct Connections {
    service: Service,
    sessions: Arc<Sessions>,
    flushers: Arc<Flushers>,
    traffic: Arc<Traffic>,
    stopping: Arc<Stopping>,
    parser: Parser,
    /// Largest message of a client, in bytes.
    max_message: usize,
    /// How many packets may wait for a client.
    queue: usize,
}

impl Connections {
    pub(crate) fn new(
        socket_io: &SocketIoLayer<LocalAdapter>,
        traffic: Arc<Traffic>,
        stopping: Arc<Stopping>,
        config: &WebsocketConfig,
    ) -> Self {
        let no_route: NoRoute = |_| ready(Ok(StatusCode::NOT_FOUND.into_response()));
        let service = socket_io.layer(tower::service_fn(no_route));
        let (parser, max_message) = (config.parser, config.max_http_buffer_size);
        let (sessions, flushers, queue) = (Arc::default(), Arc::default(), config.send_queue_size);
        Self { service, sessions, flushers, traffic, stopping, parser, max_message, queue }
    }
}

/// Whether a path is Socket.IO's, and not only begins like it. The client's files, such as
/// `/socket.io/socket.io.js`, are routes as any other, for pages of every origin.
pub(crate) fn is_socket_io(path: &str) -> bool {
    let below = path.strip_prefix("/socket.io");
    below.is_some_and(|it| it.is_empty() || it.starts_with('/') && !it.starts_with("/socket.io."))
}

/// Serves the requests of Socket.IO, and passes the others on.
pub(crate) async fn serve(
    State(connections): State<Connections>,
    request: Request,
    next: Next,
) -> Response {
    if !is_socket_io(request.uri().path()) {
        return next.run(request).await;
    }
    if connections.stopping.has_begun() && parameter(&request, "sid").is_none() {
        return ClientError::unavailable("The server stops").into_response();
    }
    match parameter(&request, "transport") {
        Some("websocket") => upgrade::accept(connections, request),
        _ => polling::serve(connections, request).await,
    }
}

/// The first query parameter of this name, as socketioxide reads it.
fn parameter<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let parameters = request.uri().query()?.split('&');
    parameters.filter_map(|it| it.split_once('=')).find(|it| it.0 == name).map(|it| it.1)
}

/// Why a request is refused, in the words of Engine.IO.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    UnknownSession,
    BadRequest,
    UnsupportedVersion,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = match self {
            Self::UnknownSession => r#"{"code":1,"message":"Session ID unknown"}"#,
            Self::BadRequest => r#"{"code":3,"message":"Bad request"}"#,
            Self::UnsupportedVersion => r#"{"code":5,"message":"Unsupported protocol version"}"#,
        };
        (StatusCode::BAD_REQUEST, [(CONTENT_TYPE, "application/json")], body).into_response()
    }
}
