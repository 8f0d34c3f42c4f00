//! How a socket asks to be let in.

use std::net::SocketAddr;

use axum::http::HeaderMap;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::{Packet, TestSocket, connection::Connection, request::header, soon};

/// What a socket shows to be let in: `auth`, query and headers.
///
/// ```
/// # use std::sync::Arc;
/// # use hornero::{App, ClientError, ErrorKind, Events, Gateway, Module, ModuleDef};
/// # use hornero::testing::{Refused, TestApp};
/// # use serde_json::json;
/// # struct Door;
/// # impl Gateway for Door {
/// #     const NAMESPACES: &'static [&'static str] = &["/chat"];
/// #     fn events(_: &mut Events<Self>) {}
/// #     async fn authenticate(self: Arc<Self>, handshake: hornero::Handshake) -> Result<(), ClientError> {
/// #         match handshake.auth["token"] == "good" {
/// #             true => Ok(()),
/// #             false => Err(ClientError::new(ErrorKind::Unauthorized, "Show your token")),
/// #         }
/// #     }
/// # }
/// # struct ChatModule;
/// # impl Module for ChatModule { fn define(m: &mut ModuleDef) { m.gateway(|| Door); } }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let app = TestApp::start(App::of::<ChatModule>()).await;
/// let ada = app.handshake("/chat").auth(json!({ "token": "good" }));
/// let eve = app.handshake("/chat").auth(json!({ "token": "bad" }));
///
/// ada.connect().await.unwrap();
/// let refused = eve.connect().await.unwrap_err();
/// assert!(matches!(refused, Refused::Connect(error) if error["data"]["code"] == "AUTH_FAILED"));
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nobody has asked to be let in yet"]
pub struct Handshake {
    address: SocketAddr,
    namespace: String,
    auth: Value,
    query: String,
    headers: HeaderMap,
}

/// Who did not let a socket in.
#[derive(Debug, Clone, PartialEq)]
pub enum Refused {
    /// HTTP answered the upgrade to a WebSocket with this status.
    Upgrade(u16),
    /// Socket.IO answered with this `connect_error`.
    Connect(Value),
}

impl Handshake {
    /// A handshake with any server, also with one that is not a [`TestApp`](super::TestApp).
    pub fn new(address: SocketAddr, namespace: &str) -> Self {
        Self {
            address,
            namespace: namespace.to_owned(),
            auth: Value::Null,
            query: String::new(),
            headers: HeaderMap::new(),
        }
    }

    /// Sets the `auth` object.
    pub fn auth(mut self, auth: Value) -> Self {
        self.auth = auth;
        self
    }

    /// Adds to the query of the URL, e.g. `token=..`, as it is to stand there.
    pub fn query(mut self, query: &str) -> Self {
        self.query += "&";
        self.query += query;
        self
    }

    /// Adds a header to the upgrade of the connection.
    ///
    /// # Panics
    ///
    /// If `name` or `value` cannot stand in a request.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let (name, value) = header(name, value);
        self.headers.append(name, value);
        self
    }

    /// Adds headers to the upgrade of the connection.
    ///
    /// # Panics
    ///
    /// As [`Self::header`].
    #[track_caller]
    pub fn headers(mut self, headers: &[(&str, &str)]) -> Self {
        for (name, value) in headers {
            self = self.header(name, value);
        }
        self
    }

    /// Asks to be let into the namespace, on a connection of its own.
    ///
    /// # Errors
    ///
    /// Who refused, and how. The connection is closed then.
    ///
    /// # Panics
    ///
    /// If the server is not there, or speaks no Socket.IO.
    pub async fn connect(self) -> Result<TestSocket, Refused> {
        let (namespace, auth) = (self.namespace.clone(), self.auth.clone());
        let mut socket = self.open().await?;
        match socket.join(&namespace, auth).await {
            Packet::Connect(_) => Ok(socket),
            Packet::ConnectError(_, error) => Err(Refused::Connect(error)),
            packet => panic!("{packet:?} does not answer a handshake"),
        }
    }

    /// Opens a connection that is in no namespace yet: see [`TestSocket::join`].
    ///
    /// # Errors
    ///
    /// The status of a refused upgrade. `auth` has not been shown then.
    ///
    /// # Panics
    ///
    /// As [`Self::connect`].
    pub async fn open(self) -> Result<TestSocket, Refused> {
        let query = &self.query;
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket{query}", self.address);
        let mut request = url.into_client_request().expect("a query that can stand in a URL");
        request.headers_mut().extend(self.headers);
        let stream = soon(TcpStream::connect(self.address)).await.expect("the server is there");
        let connection = Connection::open(request, stream).await.map_err(Refused::Upgrade)?;
        Ok(TestSocket::over(connection, &self.namespace))
    }
}
