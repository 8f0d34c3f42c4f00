//! What rooms announce.

use auth::UserId;
use delivery::{Announcement, ConversationId, Vocabulary};
use hornero::{Event, Frame};
use serde::Serialize;
use utoipa::ToSchema;

/// Somebody has read a conversation up to an event.
pub(crate) struct ReadNotice {
    pub(crate) room: ConversationId,
    pub(crate) user: UserId,
    pub(crate) seq: i64,
}

impl Announcement for ReadNotice {
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        match vocabulary {
            Vocabulary::Chat => Frame::of(&MessageRead {
                room_id: self.room,
                user_id: self.user.clone(),
                seq: self.seq,
            }),
            // It has no words for it.
            Vocabulary::Session => None,
        }
    }
}

/// Somebody has read all messages up to `seq`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageRead {
    pub(crate) room_id: ConversationId,
    pub(crate) user_id: UserId,
    pub(crate) seq: i64,
}

impl Event for MessageRead {
    const NAME: &'static str = "chat:message:read";
}
