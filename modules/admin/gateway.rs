//! The namespace `/admin`, which the official Admin UI connects to.

use std::sync::Arc;

use hornero::{
    ClientAddress, ClientError, ErrorKind, EventAccess, Events, Gateway, Handshake, SocketIo,
    SocketRef,
};
use serde::Deserialize;
use serde_json::json;
use socketioxide::{
    TransportType, adapter::LocalAdapter, extract::Data, operators::BroadcastOperators,
};

use crate::{
    AdminConfig,
    arguments::Arguments,
    credentials::{Credentials, Login},
    overview::Overview,
};

/// Where operators come in.
pub(crate) const NAMESPACE: &str = "/admin";

/// What the UI may ask for where sockets are more than looked at.
const COMMANDS: [&str; 7] =
    ["EMIT", "JOIN", "LEAVE", "DISCONNECT", "MJOIN", "MLEAVE", "MDISCONNECT"];

/// Lets operators in, tells them what there is, and does what they ask for.
pub(crate) struct AdminGateway {
    config: Arc<AdminConfig>,
    credentials: Arc<Credentials>,
    overview: Arc<Overview>,
    io: Arc<SocketIo>,
}

/// The session of an operator, among the extensions of the socket.
#[derive(Clone)]
struct Session(String);

/// What the UI presents: a name and a password, or the session that it was given.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Auth {
    username: String,
    password: String,
    session_id: Option<String>,
}

impl Gateway for AdminGateway {
    const NAMESPACES: &'static [&'static str] = &[NAMESPACE];
    // Nobody is in the namespace who was not let in.
    const ACCESS: EventAccess = EventAccess::Public;
    // The Admin UI's, not ours.
    const DOCUMENTED: bool = false;

    fn events(on: &mut Events<Self>) {
        on.on("emit", Self::emit).on("join", Self::join).on("leave", Self::leave);
        on.on("_disconnect", Self::disconnect);
    }

    async fn authenticate(self: Arc<Self>, handshake: Handshake) -> Result<(), ClientError> {
        let auth = Option::<Auth>::deserialize(&handshake.auth);
        let auth = auth.map_err(|_| ClientError::field("auth", "type", "must be an object"))?;
        let Auth { username, password, session_id } = auth.unwrap_or_default();
        let login = match session_id {
            Some(session) => Login::Session(session),
            None => Login::Password { username, password },
        };
        let from = ClientAddress::of(handshake.socket.req_parts());
        let session = self.credentials.admit(login, from).await?;
        handshake.socket.extensions.insert(Session(session));
        Ok(())
    }

    async fn connected(self: Arc<Self>, socket: SocketRef) {
        let mut features = vec!["AGGREGATED_EVENTS", "ALL_EVENTS"];
        if !self.config.read_only {
            features.extend(COMMANDS);
        }
        // One who is gone again is told nothing.
        if let Some(Session(session)) = socket.extensions.get() {
            let _ = socket.emit("session", &session);
        }
        let _ = socket.emit("config", &json!({ "supportedFeatures": features }));
        self.overview.introduce(&socket).await;
    }
}

impl AdminGateway {
    pub(crate) fn new(
        config: Arc<AdminConfig>,
        credentials: Arc<Credentials>,
        overview: Arc<Overview>,
        io: Arc<SocketIo>,
    ) -> Self {
        Self { config, credentials, overview, io }
    }

    /// `emit(namespace, filter, event, ...arguments)`
    async fn emit(self: Arc<Self>, Data(asked): Data<Arguments>) -> Result<(), ClientError> {
        let to = self.those(&asked, 1)?;
        let event = asked.text(2).ok_or_else(incomplete)?;
        let arguments = Arguments(asked.0.get(3..).unwrap_or_default().to_vec());
        // Those who do not read, or are gone, hear nothing.
        let _ = to.emit(event, &arguments).await;
        Ok(())
    }

    /// `join(namespace, channel, filter)`
    async fn join(self: Arc<Self>, Data(asked): Data<Arguments>) -> Result<(), ClientError> {
        let channel = asked.text(1).ok_or_else(incomplete)?.to_owned();
        let Ok(()) = self.those(&asked, 2)?.join(channel).await;
        Ok(())
    }

    /// `leave(namespace, channel, filter)`
    async fn leave(self: Arc<Self>, Data(asked): Data<Arguments>) -> Result<(), ClientError> {
        let channel = asked.text(1).ok_or_else(incomplete)?.to_owned();
        let Ok(()) = self.those(&asked, 2)?.leave(channel).await;
        Ok(())
    }

    /// `_disconnect(namespace, close, filter)`
    async fn disconnect(self: Arc<Self>, Data(asked): Data<Arguments>) -> Result<(), ClientError> {
        // Those who are gone already need not be sent away.
        let _ = self.those(&asked, 2)?.disconnect().await;
        Ok(())
    }

    /// The sockets of the namespace that is named first: all, or those in the channel named at
    /// `filter`. Every socket is in one that has its id.
    fn those(
        &self,
        asked: &Arguments,
        filter: usize,
    ) -> Result<BroadcastOperators<LocalAdapter>, ClientError> {
        if self.config.read_only {
            let text = "Operators only look; see admin.readOnly";
            return Err(ClientError::new(ErrorKind::Forbidden, text));
        }
        let namespace = asked.text(0).ok_or_else(incomplete)?;
        let absent = || ClientError::invalid("There is no such namespace");
        let all = self.io.of(namespace).ok_or_else(absent)?;
        Ok(match asked.text(filter) {
            Some(channel) => all.within(channel.to_owned()),
            None => all,
        })
    }
}

/// By what a socket's client is connected, in the UI's words.
pub(crate) fn transport(socket: &SocketRef) -> &'static str {
    match socket.transport_type() {
        TransportType::Websocket => "websocket",
        TransportType::Polling => "polling",
    }
}

fn incomplete() -> ClientError {
    ClientError::invalid("An argument is missing")
}
