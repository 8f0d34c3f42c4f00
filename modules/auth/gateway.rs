//! Lets Socket.IO clients in, or refuses them.

use std::sync::Arc;

use chrono::DateTime;
use hornero::{
    ClientError, Data, DisconnectReason, EmitEvent, Event, Events, Gateway, Handshake, Owner,
    Public, PublicId, Site, SocketRef, Valid, timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    AuthError, Caller, TokenService, UserId,
    caller::{bearer, in_query},
    cookie::TokenCookie,
    dto::{RenewSocket, SocketRenewed},
    live_sockets::LiveSockets,
    service_key::is_service_key,
};

/// Asks every socket for a token before it is connected, and for another when that one ends.
pub(crate) struct AuthGateway {
    tokens: Arc<TokenService>,
    live: Arc<LiveSockets>,
}

impl AuthGateway {
    pub(crate) fn new(tokens: Arc<TokenService>, live: Arc<LiveSockets>) -> Self {
        Self { tokens, live }
    }
}

impl Gateway for AuthGateway {
    const NAMESPACES: &'static [&'static str] = &["/", "/chat"];
    const ERROR_EVENT: &'static str = "chat:error";

    fn events(on: &mut Events<Self>) {
        on.on("auth:refresh", Self::renew).emits::<Welcome>().emits::<Maintenance>();
    }

    async fn authenticate(self: Arc<Self>, handshake: Handshake) -> Result<(), ClientError> {
        let auth = Option::<Auth>::deserialize(&handshake.auth).map_err(|_| {
            let text = "must be an object with text in `token` and `version`";
            ClientError::field("auth", "type", text)
        })?;
        let auth = auth.unwrap_or_default();
        if auth.version.is_some_and(|it| it.split('.').next() != Some("1")) {
            let text = "must be a version 1";
            return Err(ClientError::field("version", "unsupported", text));
        }
        let socket = &handshake.socket;
        let token = auth.token.map(|it| it.trim_start_matches("Bearer ").to_owned());
        let token = token.or_else(|| self.request_token(socket)).ok_or(AuthError::NoToken)?;
        let caller = self.tokens.verify(&token).await.inspect_err(|it| self.tokens.count(it))?;
        socket.extensions.insert(Owner::new(caller.user_id.to_string()));
        socket.extensions.insert(caller);
        Ok(())
    }

    async fn connected(self: Arc<Self>, socket: SocketRef) {
        let Some(caller) = socket.extensions.get::<Caller>() else { return };
        self.live.add(&socket, caller.clone());
        let welcome = Welcome {
            kind: Greeting::Welcome,
            socket_id: PublicId::of(&socket),
            user_id: caller.user_id,
            server_version: env!("CARGO_PKG_VERSION"),
        };
        socket.emit_event(&welcome);
    }

    async fn closing(self: Arc<Self>, socket: SocketRef) {
        socket.emit_event(&Maintenance {
            kind: Farewell::Maintenance,
            reconnect_in_ms: rand::random_range(0..=RECONNECT_WITHIN_MS),
        });
    }

    async fn disconnected(self: Arc<Self>, socket: SocketRef, _: DisconnectReason) {
        self.live.remove(&socket);
    }
}

impl AuthGateway {
    /// For everybody who was let in: also one whose token has ended may show another.
    async fn renew(
        self: Arc<Self>,
        _: Public,
        socket: SocketRef,
        Valid(Data(form)): Valid<Data<RenewSocket>>,
    ) -> Result<SocketRenewed, AuthError> {
        let token = form.token.trim_start_matches("Bearer ");
        let caller = self.tokens.verify(token).await.inspect_err(|it| self.tokens.count(it))?;
        let ends = DateTime::from_timestamp(caller.expires_at, 0).ok_or(AuthError::BadToken)?;
        self.live.renew(&socket, caller)?;
        Ok(SocketRenewed { expires_at: timestamp(ends) })
    }

    /// The token in the request that opened the connection: header, cookie, query.
    fn request_token(&self, socket: &SocketRef) -> Option<String> {
        let request = socket.req_parts();
        let from_cookie = || {
            // Without a browser's word there is no telling whose page sends the cookie. For
            // the first request of polling it gives no origin, but says that it is the same.
            let same_origin = request.headers.get("sec-fetch-site");
            let told = request.headers.contains_key("origin")
                || same_origin.is_some_and(|it| it == "same-origin");
            let site = request.extensions.get::<Site>().copied();
            let trusted = told && site == Some(Site::Trusted);
            let secure = self.tokens.secure_cookies();
            let cookie = TokenCookie::Access.read(&request.headers, secure);
            cookie.filter(|_| trusted)
        };
        // An address ends up in logs, and a service key does not end.
        let from_query = || in_query(&request.uri).filter(|it| !is_service_key(it));
        bearer(&request.headers).or_else(from_cookie).or_else(from_query)
    }
}

/// The `auth` object of a handshake.
#[derive(Default, Deserialize)]
struct Auth {
    token: Option<String>,
    version: Option<String>,
}

/// Greets a socket that has connected.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Welcome {
    #[serde(rename = "type")]
    kind: Greeting,
    #[schema(value_type = String)]
    socket_id: PublicId,
    user_id: UserId,
    server_version: &'static str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Greeting {
    Welcome,
}

impl Event for Welcome {
    const NAME: &'static str = "chat:system:notification";
}

/// Time within which clients come back to a server that stops to be started again, in
/// milliseconds: each after another part of it, so that not all come at once.
const RECONNECT_WITHIN_MS: u32 = 5_000;

/// Says that the server stops. The connection ends behind it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Maintenance {
    #[serde(rename = "type")]
    kind: Farewell,
    reconnect_in_ms: u32,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Farewell {
    Maintenance,
}

impl Event for Maintenance {
    const NAME: &'static str = "chat:system:notification";
}
