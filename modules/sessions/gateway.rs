//! Socket.IO events of sessions: join, leave, and who is there.

use std::sync::Arc;

use auth::{Authenticates, Caller, Scope, TokenService};
use delivery::{LeftReason, NAMESPACES, SessionLeft, Subscriptions, TypingUsers, Vocabulary};
use hornero::{ClientError, Data, Events, Gateway, SocketRef, Then, Valid};

use crate::{
    dto::{JoinSession, SessionInfo, SessionJoined, SessionReference},
    service::SessionService,
};

/// Handles `join_session`, `leave_session` and `get_session_info`.
pub(crate) struct SessionGateway {
    tokens: Arc<TokenService>,
    sessions: Arc<SessionService>,
    subscriptions: Arc<Subscriptions>,
    typing: Arc<TypingUsers>,
}

impl SessionGateway {
    pub(crate) fn new(
        tokens: Arc<TokenService>,
        sessions: Arc<SessionService>,
        subscriptions: Arc<Subscriptions>,
        typing: Arc<TypingUsers>,
    ) -> Self {
        Self { tokens, sessions, subscriptions, typing }
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
        on.on("get_session_info", Self::info).replies("session_info");
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

    /// Tells what a session is, who takes part, and who is typing.
    async fn info(
        self: Arc<Self>,
        caller: Caller,
        Data(event): Data<SessionReference>,
    ) -> Result<SessionInfo, ClientError> {
        let id = event.session_id;
        let participants = self.subscriptions.participants(&caller, id).await?;
        let session = self.sessions.find(id).await?;
        Ok(SessionInfo::new(id, session, participants, self.typing.of(id)))
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
