//! Socket.IO events of escalations: ask for a supervisor, and be told as one.

use std::sync::Arc;

use auth::{Authenticates, Caller, Scope, TokenService};
use delivery::NAMESPACES;
use hornero::{ClientError, Data, DisconnectReason, Events, Gateway, SocketRef, Valid};

use crate::{
    announcement::{EscalationCreated, EscalationStepped},
    dto::EscalateRoom,
    service::EscalationService,
    watchers::Watchers,
};

/// Handles `chat:escalation:create`, and watches supervisors come and go.
pub(crate) struct EscalationGateway {
    tokens: Arc<TokenService>,
    escalations: Arc<EscalationService>,
    watchers: Arc<Watchers>,
}

impl EscalationGateway {
    pub(crate) fn new(
        tokens: Arc<TokenService>,
        escalations: Arc<EscalationService>,
        watchers: Arc<Watchers>,
    ) -> Self {
        Self { tokens, escalations, watchers }
    }
}

impl Authenticates for EscalationGateway {
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Gateway for EscalationGateway {
    const NAMESPACES: &'static [&'static str] = NAMESPACES;
    const ERROR_EVENT: &'static str = "chat:error";

    fn events(on: &mut Events<Self>) {
        on.on("chat:escalation:create", Self::create)
            .replies("chat:escalation:created")
            .emits::<EscalationStepped>();
    }

    async fn connected(self: Arc<Self>, socket: SocketRef) {
        let Some(caller) = socket.extensions.get::<Caller>() else { return };
        if caller.sees_everything() && caller.has_scope(Scope::Chat) {
            self.watchers.add(&socket, caller.user_id);
        }
    }

    async fn disconnected(self: Arc<Self>, socket: SocketRef, reason: DisconnectReason) {
        self.watchers.remove(&socket, reason).await;
    }
}

impl EscalationGateway {
    /// Asks for a supervisor. Everybody who has joined and every supervisor hears it.
    async fn create(
        self: Arc<Self>,
        socket: SocketRef,
        caller: Caller,
        Valid(Data(event)): Valid<Data<EscalateRoom>>,
    ) -> Result<EscalationCreated, ClientError> {
        let (room, why) = (event.room_id, event.why());
        let escalation = self.escalations.create(&caller, room, why, Some(socket)).await?;
        Ok(EscalationCreated::from(&escalation))
    }
}
