//! Takes sockets that are gone out of the conversations they had joined.

use std::sync::Arc;

use hornero::{ClientError, DisconnectReason, Events, Gateway, Handshake, SocketRef};

use crate::{
    notice::{MovementNotification, UserJoined, UserLeft},
    socketio_door::{NAMESPACES, SocketIoDoor},
    subscriptions::Subscriptions,
};

/// Watches sockets leave. The events to join and leave by belong to rooms and sessions.
pub(crate) struct DeliveryGateway {
    subscriptions: Arc<Subscriptions>,
}

impl DeliveryGateway {
    pub(crate) fn new(subscriptions: Arc<Subscriptions>) -> Self {
        Self { subscriptions }
    }
}

impl Gateway for DeliveryGateway {
    const NAMESPACES: &'static [&'static str] = NAMESPACES;
    const ERROR_EVENT: &'static str = "chat:error";

    fn events(on: &mut Events<Self>) {
        on.emits::<MovementNotification>().emits::<UserJoined>().emits::<UserLeft>();
    }

    async fn authenticate(self: Arc<Self>, handshake: Handshake) -> Result<(), ClientError> {
        SocketIoDoor::number(&handshake.socket);
        Ok(())
    }

    async fn disconnected(self: Arc<Self>, socket: SocketRef, _: DisconnectReason) {
        self.subscriptions.leave_all(&socket).await;
    }
}
