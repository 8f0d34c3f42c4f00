//! Notices of who comes and goes. They are not stored.

use auth::UserId;
use serde::Serialize;

use crate::{
    announcement::{Announcement, Frame, Vocabulary},
    conversation::ConversationId,
};

/// A user's first socket has joined a conversation, or the last one has left it.
pub(crate) struct Movement {
    pub(crate) conversation: ConversationId,
    pub(crate) user: UserId,
    pub(crate) joined: bool,
}

impl Announcement for Movement {
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        let kind = if self.joined { "user_joined" } else { "user_left" };
        match vocabulary {
            Vocabulary::Chat => Frame::new(
                "chat:system:notification",
                &Notification { kind, room_id: self.conversation, user_id: &self.user },
            ),
            Vocabulary::Session => Frame::new(
                kind,
                &SessionMovement { session_id: self.conversation, user_id: &self.user },
            ),
        }
    }
}

/// `chat:system:notification` of type `user_joined` or `user_left`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    room_id: ConversationId,
    user_id: &'a UserId,
}

/// `user_joined` and `user_left`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionMovement<'a> {
    session_id: ConversationId,
    user_id: &'a UserId,
}
