//! Upgrades to a WebSocket: accepted here, so that socketioxide gets a [`Wire`].

use std::sync::Arc;

use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
            SEC_WEBSOCKET_VERSION, UPGRADE,
        },
    },
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};
use tokio::sync::oneshot;
use tower::Service;

use super::{
    Connections, Refusal, Service as SocketIo, Session, kept, old_connect::OldConnect,
    outlet::Line, parameter, wire::Wire,
};
use crate::{listener::Closer, settings::Parser};

/// What RFC 6455 has a server append to the client's key.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a request's headers say of the upgrade alone, which is done when the session begins.
const OF_UPGRADE: [HeaderName; 5] =
    [CONNECTION, UPGRADE, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, SEC_WEBSOCKET_EXTENSIONS];

/// Accepts a WebSocket, for a new session or for one that has begun with polling.
pub(super) fn accept(connections: Connections, mut request: Request) -> Response {
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return Refusal::BadRequest.into_response();
    };
    let Some(key) = websocket_key(&request) else { return Refusal::BadRequest.into_response() };
    let Some(version @ ("3" | "4")) = parameter(&request, "EIO") else {
        return Refusal::UnsupportedVersion.into_response();
    };
    let (close, old) = (Close::of(version), (version == "3").then(OldConnect::default));
    let (session, polled) = match parameter(&request, "sid").map(str::to_owned) {
        None => (Session::new(connections.parser), None),
        Some(id) => match connections.sessions.find(&id) {
            Some(session) => (session, Some(id)),
            None => return Refusal::UnknownSession.into_response(),
        },
    };
    let closer = session.speaks_websocket(&request);
    if polled.is_none()
        && let Some(closer) = &closer
    {
        // A new session is opened at once, by a packet that says so.
        closer.hold_answer();
    }
    request.extensions_mut().insert(Arc::clone(&session));

    for header in OF_UPGRADE {
        request.headers_mut().remove(header);
    }
    kept::detach(&mut request);
    let (parts, _) = request.into_parts();
    let request = axum::http::Request::from_parts(parts, ());
    let line = closer.filter(|_| old.is_none()).and_then(|it| line(&connections, it));
    let Connections { mut service, traffic, max_message, .. } = connections;
    tokio::spawn(async move {
        let stream = match upgrade.await {
            Ok(stream) => TokioIo::new(stream),
            Err(error) => return tracing::debug!(%error, "An upgrade was not finished: {error}"),
        };
        let (gone, polled) = polled.map(until_gone).unzip();
        // The service's task keeps room for it in several places.
        let wire = Box::new(Wire::new(stream, session, traffic, max_message, old, line, gone));
        if let Err(error) = Service::call(&mut service, (wire, request)).await {
            tracing::debug!(%error, "An upgrade was not understood: {error}");
        }
        if let Some((until_gone, id)) = polled {
            // An error is what comes: nothing is ever sent.
            let _ = until_gone.await;
            close.if_still_polling(service, &id).await;
        }
    });
    let headers = [
        (UPGRADE, HeaderValue::from_static("websocket")),
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (SEC_WEBSOCKET_ACCEPT, key),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// What tells that the stream is gone of a session that has begun with polling.
fn until_gone(id: String) -> (oneshot::Sender<()>, (oneshot::Receiver<()>, String)) {
    let (gone, until_gone) = oneshot::channel();
    (gone, (until_gone, id))
}

/// What packets of ours are written to; none where all are the service's, which writes MessagePack,
/// and to old clients.
fn line(connections: &Connections, closer: Arc<Closer>) -> Option<Line> {
    if connections.parser == Parser::Msgpack {
        return None;
    }
    let (flusher, traffic) = (connections.flushers.one(), Arc::clone(&connections.traffic));
    Some(Line {
        writer: closer.stream.upgrade()?,
        closer,
        flusher,
        traffic,
        capacity: connections.queue,
    })
}

/// What answers the client's key, if this is the upgrade that it should be.
fn websocket_key(request: &Request) -> Option<HeaderValue> {
    let headers: &HeaderMap = request.headers();
    let upgrade = headers.get(UPGRADE)?;
    let known = upgrade.as_bytes().eq_ignore_ascii_case(b"websocket")
        && headers.get(SEC_WEBSOCKET_VERSION)?.as_bytes() == b"13"
        && request.method() == Method::GET;
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| known)?;
    let digest = Sha1::new().chain_update(key.as_bytes()).chain_update(GUID).finalize();
    BASE64_STANDARD.encode(digest).parse().ok()
}

/// A polling request that says that the client goes away.
#[derive(Clone, Copy)]
struct Close {
    version: &'static str,
    body: &'static str,
}

impl Close {
    fn of(version: &str) -> Self {
        match version {
            "3" => Self { version: "3", body: "1:1" },
            _ => Self { version: "4", body: "1" },
        }
    }

    /// Closes a session whose upgrade came to nothing. socketioxide would answer all its polls
    /// with nothing, at once, until the session's ping times out.
    async fn if_still_polling(self, mut service: SocketIo, id: &str) {
        let Self { version, body } = self;
        let uri = format!("/socket.io/?EIO={version}&transport=polling&sid={id}");
        // Refused where the session speaks WebSocket by now, or is gone.
        if let Ok(request) = Request::post(uri).body(Body::from(body)) {
            let Ok(_) = Service::<Request>::call(&mut service, request).await;
        }
    }
}
