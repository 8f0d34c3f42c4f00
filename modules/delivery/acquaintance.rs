//! Tells those who share a conversation with a user that the user has come online, or is gone.

use std::sync::{Arc, Mutex, PoisonError};

use auth::{FirstSocket, UserId, UserService};
use hornero::{EmitEvent, Event, Frame, SocketRef};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    conversation::ConversationId,
    socket_keys::SocketKeys,
    socketio_door::{SocketIoDoor, user_of},
};

/// Sockets that are told of one user's coming or going.
const MAX_TOLD: usize = 10_000;

/// Tells who has come online and gone.
pub(crate) struct Acquaintance {
    users: Arc<UserService>,
    door: Arc<SocketIoDoor>,
}

/// Among the extensions of a socket by which a user has come online: who knows of it.
#[derive(Clone, Default)]
struct Arrival(Arc<Mutex<SocketKeys>>);

impl Acquaintance {
    pub(crate) fn new(users: Arc<UserService>, door: Arc<SocketIoDoor>) -> Self {
        Self { users, door }
    }

    /// Notes that a socket has connected. If its user has come online by it, those who share a
    /// conversation with it are told, now and when it joins.
    pub(crate) fn connected(&self, socket: &SocketRef) {
        if socket.extensions.remove::<FirstSocket>().is_none() {
            return;
        }
        socket.extensions.insert(Arrival::default());
        for conversation in self.door.joined(socket) {
            tell_arrival(&self.door, socket, conversation);
        }
    }

    /// Notes that a socket is gone that had joined these conversations. If its user has gone by
    /// it, those who are there are told.
    pub(crate) fn gone(&self, socket: &SocketRef, conversations: &[ConversationId]) {
        if !self.users.note_gone(socket) {
            return;
        }
        let Some(user) = user_of(socket) else { return };
        let mut told = SocketKeys::default();
        let others = conversations
            .iter()
            .flat_map(|it| self.door.acquaintances(*it, &user, &mut told, MAX_TOLD));
        tell(&others.collect::<Vec<_>>(), user, OnlineStatus::Offline);
    }
}

/// Tells those in a conversation that a socket has joined whose user has come online by it, unless
/// they know.
pub(crate) fn tell_arrival(door: &SocketIoDoor, socket: &SocketRef, conversation: ConversationId) {
    let Some(Arrival(told)) = socket.extensions.get() else { return };
    let Some(user) = user_of(socket) else { return };
    // A set of what was told is whole between any two calls.
    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
    let others = door.acquaintances(conversation, &user, &mut told, MAX_TOLD);
    drop(told);
    tell(&others, user, OnlineStatus::Online);
}

fn tell(others: &[SocketRef], user_id: UserId, status: OnlineStatus) {
    if others.is_empty() {
        return;
    }
    let kind = PresenceKind::PresenceChanged;
    let Some(frame) = Frame::of(&PresenceNotification { kind, user_id, status }) else { return };
    for socket in others {
        if socket.emit_frame(&frame).is_err() {
            socket.disconnect_slow();
        }
    }
}

/// Somebody who shares a conversation with the socket has come online, or is gone.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PresenceNotification {
    #[serde(rename = "type")]
    kind: PresenceKind,
    user_id: UserId,
    status: OnlineStatus,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PresenceKind {
    PresenceChanged,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum OnlineStatus {
    Online,
    Offline,
}

impl Event for PresenceNotification {
    const NAME: &'static str = "chat:system:notification";
}
