//! Sockets that come and go: joins what they have named, and takes those that are gone out
//! of what they had joined.

use std::sync::Arc;

use auth::Caller;
use hornero::{ClientError, DisconnectReason, Events, Gateway, Handshake, SocketRef};

use crate::{
    acquaintance::{Acquaintance, PresenceNotification},
    crowd::CrowdNotification,
    notice::{MovementNotification, RoomLeft, SessionLeft, UserJoined, UserLeft},
    rejoin::{Rejoin, Wanted},
    replay::HistoryGapNotification,
    socketio_door::{NAMESPACES, SocketIoDoor},
    subscriptions::Subscriptions,
};

/// Watches sockets come and go. The events to join and leave by belong to rooms and sessions.
pub(crate) struct DeliveryGateway {
    subscriptions: Arc<Subscriptions>,
    rejoin: Arc<Rejoin>,
    acquaintance: Arc<Acquaintance>,
}

impl DeliveryGateway {
    pub(crate) fn new(
        subscriptions: Arc<Subscriptions>,
        rejoin: Arc<Rejoin>,
        acquaintance: Arc<Acquaintance>,
    ) -> Self {
        Self { subscriptions, rejoin, acquaintance }
    }
}

impl Gateway for DeliveryGateway {
    const NAMESPACES: &'static [&'static str] = NAMESPACES;
    const ERROR_EVENT: &'static str = "chat:error";

    fn events(on: &mut Events<Self>) {
        on.emits::<MovementNotification>()
            .emits::<HistoryGapNotification>()
            .emits::<CrowdNotification>()
            .emits::<PresenceNotification>()
            .emits::<RoomLeft>()
            .emits::<SessionLeft>()
            .emits::<UserJoined>()
            .emits::<UserLeft>();
    }

    async fn authenticate(self: Arc<Self>, handshake: Handshake) -> Result<(), ClientError> {
        SocketIoDoor::number(&handshake.socket);
        if let Some(wanted) = Wanted::read(&handshake.auth)? {
            handshake.socket.extensions.insert(wanted);
        }
        Ok(())
    }

    async fn recovered(
        self: Arc<Self>,
        socket: SocketRef,
        channels: Vec<String>,
    ) -> Result<Vec<String>, ClientError> {
        let Some(caller) = socket.extensions.get::<Caller>() else { return Ok(Vec::new()) };
        Ok(self.subscriptions.take_up(&socket, &caller, channels).await?)
    }

    async fn connected(self: Arc<Self>, socket: SocketRef) {
        self.acquaintance.connected(&socket);
        if let Some(wanted) = socket.extensions.remove::<Wanted>() {
            self.rejoin.join_all(&socket, &wanted).await;
        }
    }

    async fn disconnected(self: Arc<Self>, socket: SocketRef, _: DisconnectReason) {
        let joined = self.subscriptions.leave_all(&socket).await;
        self.acquaintance.gone(&socket, &joined);
    }
}
