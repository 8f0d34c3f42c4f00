//! Socket.IO events of sessions: join, leave.

use std::sync::Arc;

use auth::{Authenticates, Caller, Scope, TokenService};
use delivery::{LeftReason, NAMESPACES, SessionLeft, Subscriptions, Vocabulary};
use hornero::{ClientError, Data, Events, Gateway, SocketRef, Then, Valid};

use crate::{
    dto::{JoinSession, SessionJoined, SessionReference},
    service::SessionService,
};

/// Handles `join_session` and `leave_session`.
pub(crate) struct SessionGateway {
    tokens: Arc<TokenService>,
    sessions: Arc<SessionService>,
    subscriptions: Arc<Subscriptions>,
}

impl SessionGateway {
    pub(crate) fn new(
        tokens: Arc<TokenService>,
        sessions: Arc<SessionService>,
        subscriptions: Arc<Subscriptions>,
    ) -> Self {
        Self { tokens, sessions, subscriptions }
    }
}

impl Authenticates for SessionGateway {
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Gateway for SessionGateway {
    const NAMESPACES: &'static [&'static str] = NAMESPACES;

    fn events(on: &mut Events<Self>) {
        on.on("join_session", Self::join).replies("session_joined");
        on.on("leave_session", Self::leave).replies("session_left");
    }
}

impl SessionGateway {
    /// Joins a session. What has happened since `lastSeq` is sent after the answer, and then
    /// what happens.
    async fn join(
        self: Arc<Self>,
        socket: SocketRef,
        caller: Caller,
        Valid(Data(event)): Valid<Data<JoinSession>>,
    ) -> Result<Then<SessionJoined>, ClientError> {
        let (to, since) = ((event.session_id, Vocabulary::Session), event.since());
        // Before joining, which is not to be undone; nothing of it is told if that is refused.
        let session = self.sessions.find(event.session_id).await?;
        let (joined, replay) = self.subscriptions.join(&socket, &caller, to, since).await?;
        Ok(Then::new(SessionJoined::new(event.session_id, session, joined), replay.run()))
    }

    /// Stops listening.
    async fn leave(
        self: Arc<Self>,
        socket: SocketRef,
        _: Caller,
        Data(event): Data<SessionReference>,
    ) -> Result<SessionLeft, ClientError> {
        self.subscriptions.leave(&socket, event.session_id).await;
        Ok(SessionLeft { session_id: event.session_id, reason: LeftReason::Left })
    }
}
