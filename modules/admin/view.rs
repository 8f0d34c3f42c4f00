//! What the Admin UI is told, in the form that it reads.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
};

use hornero::{ClientAddress, PublicId, SocketRef, timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::gateway::transport;

/// Headers that are shown. All others may say who somebody is, or let others say so.
const SHOWN: [&str; 6] =
    ["accept-language", "host", "origin", "referer", "user-agent", "x-forwarded-proto"];

/// Query parameters that are shown.
const PARAMETERS: [&str; 2] = ["EIO", "transport"];

/// A socket.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SocketView {
    pub(crate) id: PublicId,
    client_id: String,
    pub(crate) transport: &'static str,
    pub(crate) nsp: String,
    /// What the server has noted about it, which is nobody's business: nothing.
    data: Map<String, Value>,
    handshake: HandshakeView,
    pub(crate) rooms: Vec<String>,
}

/// The request by which it came.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct HandshakeView {
    address: String,
    headers: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    /// Milliseconds since 1970.
    issued: i64,
    secure: bool,
    time: String,
    url: String,
    xdomain: bool,
}

impl SocketView {
    /// What is told of `socket`, which was first seen `issued`.
    pub(crate) fn of(
        socket: &SocketRef,
        clients: &RandomState,
        address: ClientAddress,
        issued: chrono::DateTime<chrono::Utc>,
    ) -> Self {
        let request = socket.req_parts();
        // The one without a name is the framework's.
        let named = socket.rooms().into_iter().filter(|it| !it.is_empty());
        let mut rooms: Vec<_> = named.map(|it| it.to_string()).collect();
        rooms.sort();
        Self {
            id: PublicId::of(socket),
            client_id: client_id(socket, clients),
            transport: transport(socket),
            nsp: socket.ns().to_owned(),
            data: Map::new(),
            handshake: HandshakeView {
                address: address.0.map(|it| it.to_string()).unwrap_or_default(),
                headers: headers(socket),
                query: query(request.uri.query().unwrap_or_default()),
                issued: issued.timestamp_millis(),
                secure: false,
                time: timestamp(issued),
                url: request.uri.path().to_owned(),
                xdomain: request.headers.contains_key("origin"),
            },
            rooms,
        }
    }
}

/// Names a connection by what cannot be turned back into the id that it has.
pub(crate) fn client_id(socket: &SocketRef, clients: &RandomState) -> String {
    format!("{:016x}", clients.hash_one(socket.id))
}

fn headers(socket: &SocketRef) -> BTreeMap<String, String> {
    let headers = &socket.req_parts().headers;
    let shown = SHOWN.iter().filter_map(|name| Some((*name, headers.get(*name)?.to_str().ok()?)));
    shown.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn query(query: &str) -> BTreeMap<String, String> {
    let parameters = query.split('&').filter_map(|it| it.split_once('='));
    let shown = parameters.filter(|(name, _)| PARAMETERS.contains(name));
    shown.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// How the server is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerStats {
    pub(crate) server_id: String,
    pub(crate) hostname: String,
    pub(crate) pid: u32,
    /// Seconds since the start.
    pub(crate) uptime: f64,
    pub(crate) clients_count: usize,
    pub(crate) polling_clients_count: usize,
    pub(crate) aggregated_events: Vec<Aggregated>,
    pub(crate) namespaces: Vec<NamespaceStats>,
}

/// How often something has happened since the last time.
#[derive(Debug, Serialize)]
pub(crate) struct Aggregated {
    pub(crate) timestamp: i64,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) count: u64,
}

/// How many are in a namespace.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NamespaceStats {
    pub(crate) name: String,
    pub(crate) sockets_count: usize,
}
