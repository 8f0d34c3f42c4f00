//! The connection under a socket, which socketioxide does not let one end.
//!
//! A WebSocket that a client begins with knows its connection by the request. One that a
//! polling client upgrades to has a connection of its own: it is noted by the socket's id.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use socketioxide::{TransportType, extract::SocketRef};

use crate::listener::{Closer, Peer};

/// From this many on, connections that have ended are forgotten.
const MIN_SWEEP: usize = 1_024;

/// Connections that polling clients have upgraded to.
#[derive(Debug, Default)]
pub(crate) struct Upgrades(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    connections: HashMap<String, Weak<Closer>>,
    sweep_at: usize,
}

impl Upgrades {
    fn note(&self, id: String, connection: &Arc<Closer>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.connections.len() >= noted.sweep_at.max(MIN_SWEEP) {
            noted.connections.retain(|_, it| it.strong_count() > 0);
            noted.sweep_at = noted.connections.len() * 2;
        }
        noted.connections.insert(id, Arc::downgrade(connection));
    }

    fn find(&self, id: &str) -> Option<Arc<Closer>> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.connections.get(id)?.upgrade()
    }
}

/// Notes the connections of upgrades, and lets sockets find theirs.
pub(crate) async fn note_upgrades(
    State(upgrades): State<Arc<Upgrades>>,
    mut request: Request,
    next: Next,
) -> Response {
    if !request.uri().path().starts_with("/socket.io") {
        return next.run(request).await;
    }
    let upgrading = upgrading_socket(&request);
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|it| it.0.clone());
    request.extensions_mut().insert(Arc::clone(&upgrades));
    let response = next.run(request).await;
    if let (Some(id), Some(peer), StatusCode::SWITCHING_PROTOCOLS) =
        (upgrading, peer, response.status())
    {
        upgrades.note(id, &peer.closer);
    }
    response
}

/// The id of the socket whose client upgrades to a WebSocket by this request.
fn upgrading_socket(request: &Request) -> Option<String> {
    let parameters = || request.uri().query().unwrap_or_default().split('&');
    let to_websocket = parameters().any(|it| it == "transport=websocket");
    parameters().find_map(|it| it.strip_prefix("sid=")).filter(|_| to_websocket).map(str::to_owned)
}

/// Ends the connection under a socket, however little its client reads. Tells whether there
/// is one: a polling client has none between two polls.
pub(super) fn close(socket: &SocketRef) -> bool {
    if socket.transport_type() != TransportType::Websocket {
        return false;
    }
    let extensions = &socket.req_parts().extensions;
    let upgraded = extensions.get::<Arc<Upgrades>>().and_then(|it| it.find(socket.id.as_str()));
    let begun = || extensions.get::<ConnectInfo<Peer>>().map(|it| Arc::clone(&it.0.closer));
    let connection = upgraded.or_else(begun);
    if let Some(connection) = &connection {
        connection.close();
    }
    connection.is_some()
}
