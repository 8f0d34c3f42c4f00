//! Conversations that a client does not hear any more, though it has not left them.

use hornero::{EmitEvent, Event, SocketRef};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{announcement::Vocabulary, conversation::ConversationId};

/// Tells a socket that its user may not read a conversation any more.
pub(crate) fn tell(socket: &SocketRef, id: ConversationId, vocabulary: Vocabulary) {
    let reason = LossReason::Permission;
    match vocabulary {
        Vocabulary::Chat => socket.emit_event(&RoomLost { room_id: id, reason }),
        Vocabulary::Session => socket.emit_event(&SessionLost { session_id: id, reason }),
    }
}

/// The socket does not hear a room any more.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomLost {
    room_id: ConversationId,
    reason: LossReason,
}

impl Event for RoomLost {
    const NAME: &'static str = "chat:room:left";
}

/// The socket does not hear a session any more.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionLost {
    session_id: ConversationId,
    reason: LossReason,
}

impl Event for SessionLost {
    const NAME: &'static str = "session_left";
}

/// Why it does not.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LossReason {
    /// The caller may not read it any more.
    Permission,
}
