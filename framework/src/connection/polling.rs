//! Requests of clients that poll.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{Method, StatusCode, Uri, header::CONTENT_LENGTH},
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use tokio::time::sleep;
use tower::Service;

use super::{
    Connections, Traffic, kept, mismatch, old_connect, packet, parameter, session::Session,
};
use crate::{error::ClientError, settings::Parser};

/// What stands between two packets.
const SEPARATOR: u8 = 0x1e;

/// How long a client that was refused may take for its next poll.
const REMEMBERED: Duration = Duration::from_secs(10);

const PING: &[u8] = b"2";
const PONG: &str = "3";
const CLOSE: &str = "1";

/// Lets the service answer, and completes its answer to a poll.
pub(super) async fn serve(mut connections: Connections, mut request: Request) -> Response {
    let is_poll = request.method() == Method::GET;
    let (session, opens) = match parameter(&request, "sid") {
        Some(id) => (connections.sessions.find(id), false),
        None => {
            let session = Session::new(connections.parser);
            request.extensions_mut().insert(Arc::clone(&session));
            kept::detach(&mut request);
            (Some(session), true)
        }
    };
    // An earlier poll may have been answered with nothing, because the client tries to upgrade.
    if is_poll && let Some(refusal) = session.as_ref().and_then(|it| it.take_refusal()) {
        call(&mut connections, request_to(request.uri(), Method::POST, CLOSE)).await;
        return refusal.into_response();
    }
    if request.method() == Method::POST && parameter(&request, "EIO") == Some("3") {
        request = match corrected(request, connections.max_message).await {
            Ok(request) => request,
            Err(refusal) => return refusal.into_response(),
        };
    }
    if request.method() == Method::POST
        && connections.parser == Parser::Msgpack
        && let Some(session) = &session
    {
        match checked(&mut connections, request, session).await {
            Ok(passed) => request = passed,
            Err(answer) => return answer,
        }
    }
    let traffic = Arc::clone(&connections.traffic);
    let address = request.uri().clone();
    let request = counted(request, Arc::clone(&traffic));
    let mut response = call(&mut connections, request).await;
    if is_poll && let Some(refusal) = session.as_ref().and_then(|it| it.take_refusal()) {
        return refusal.into_response();
    }
    let Some(session) = session.filter(|_| is_poll && response.status() == StatusCode::OK) else {
        return response;
    };

    let (mut parts, mut body) = loop {
        let (parts, body) = response.into_parts();
        // All of it is in memory already.
        let Ok(body) = to_bytes(body, usize::MAX).await else {
            return ClientError::internal().into_response();
        };
        if opens || !has_first_ping(&body, &session) {
            break (parts, body);
        }
        call(&mut connections, request_to(&address, Method::POST, PONG)).await;
        let rest = without_ping(&body);
        if !rest.is_empty() {
            break (parts, rest);
        }
        response = call(&mut connections, request_to(&address, Method::GET, "")).await;
        if response.status() != StatusCode::OK {
            return response;
        }
    };
    // The poll was answered because the session has ended.
    if let Some(refusal) = session.take_refusal() {
        return refusal.into_response();
    }
    if opens {
        if let Some(id) = opened(&body) {
            connections.sessions.add(id, &session);
        }
    } else if session.has_announced() {
        body = rewritten(&body, &session);
    }
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    traffic.sent.add(body.len(), 1 + separators(&body));
    Response::from_parts(parts, Body::from(body))
}

/// Whether the service's first ping is among the packets of a poll's answer.
fn has_first_ping(body: &[u8], session: &Session) -> bool {
    session.awaits_ping()
        && body.split(|it| *it == SEPARATOR).any(|it| it == PING)
        && session.take_first_ping()
}

/// The packets but the ping.
fn without_ping(body: &[u8]) -> Bytes {
    let others: Vec<_> = body.split(|it| *it == SEPARATOR).filter(|it| *it != PING).collect();
    others.join(&SEPARATOR).into()
}

/// A request of ours to the session that a client's request was for.
fn request_to(address: &Uri, method: Method, body: &'static str) -> Request {
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = address.clone();
    request
}

async fn call(connections: &mut Connections, request: Request) -> Response {
    let Ok(response) = Service::<Request>::call(&mut connections.service, request).await;
    response.map(Body::new)
}

/// Lets the service read what a client of Socket.IO 2 sends.
async fn corrected(request: Request, limit: usize) -> Result<Request, StatusCode> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, limit).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    let mut body = Vec::from(body);
    old_connect::correct_body(&mut body);
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// Lets a request pass whose packets are not text. To one that connects with text the session says
/// why not, with the answer to its poll, and ends; or over its WebSocket, if it is about to have one,
/// as a client that is interrupted there does not poll any more.
async fn checked(
    connections: &mut Connections,
    request: Request,
    session: &Arc<Session>,
) -> Result<Request, Response> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, connections.max_message).await;
    let body = body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
    let Some(refusal) = body.split(|it| *it == SEPARATOR).find_map(mismatch::refusal) else {
        return Ok(Request::from_parts(parts, Body::from(body)));
    };
    let first = session.refuse(refusal);
    if session.websocket().is_some() {
        return Err("ok".into_response());
    }
    // The service forgets it now; the next poll has to find it.
    let refused = Arc::clone(session);
    if first {
        tokio::spawn(async move {
            sleep(REMEMBERED).await;
            drop(refused);
        });
    }
    let closing = request_to(&parts.uri, Method::POST, CLOSE);
    Err(call(connections, closing).await)
}

/// Counts what the client sends while it is read.
fn counted(request: Request, traffic: Arc<Traffic>) -> Request {
    if request.method() != Method::POST {
        return request;
    }
    let mut packets = 1;
    request.map(|body| {
        Body::new(body.map_frame(move |frame| {
            if let Some(data) = frame.data_ref() {
                traffic.received.add(data.len(), std::mem::take(&mut packets) + separators(data));
            }
            frame
        }))
    })
}

fn separators(body: &[u8]) -> u64 {
    body.iter().filter(|it| **it == SEPARATOR).count() as u64
}

/// The session's id in the packet that opens it.
fn opened(body: &[u8]) -> Option<&str> {
    let (_, rest) = std::str::from_utf8(body).ok()?.split_once(r#""sid":""#)?;
    rest.split_once('"').map(|it| it.0)
}

/// Puts into the answers to CONNECT what `session` has to say.
fn rewritten(body: &[u8], session: &Session) -> Bytes {
    let mut packets = Vec::with_capacity(body.len());
    for (index, record) in body.split(|it| *it == SEPARATOR).enumerate() {
        if index > 0 {
            packets.push(SEPARATOR);
        }
        match packet::rewritten_record(record, session) {
            Some(packet) => packets.extend_from_slice(packet.as_bytes()),
            None => packets.extend_from_slice(record),
        }
    }
    packets.into()
}
