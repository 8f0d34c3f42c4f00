//! What chat announces, in the words of each vocabulary.

use auth::UserId;
use delivery::{Announcement, ConversationId, Stored, Vocabulary};
use hornero::{Event, Frame};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    dto::{MessageView, SessionMessageView},
    message::Message,
};

impl Stored for Message {
    fn message_id(&self) -> Option<Uuid> {
        Some(self.id.0)
    }
}

impl Announcement for Message {
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        match vocabulary {
            Vocabulary::Chat => Frame::of(&MessageView::from(self)),
            Vocabulary::Session => Frame::of(&SessionMessageView::from(self)),
        }
    }
}

impl Event for MessageView {
    const NAME: &'static str = "chat:message:received";
}

impl Event for SessionMessageView {
    const NAME: &'static str = "new_message";
}

/// A user has begun or stopped to type.
pub(crate) struct TypingNotice {
    pub(crate) conversation: ConversationId,
    pub(crate) user: UserId,
    pub(crate) is_typing: bool,
}

impl Announcement for TypingNotice {
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        let (user_id, is_typing) = (self.user.clone(), self.is_typing);
        match vocabulary {
            Vocabulary::Chat => {
                let room_id = self.conversation;
                Frame::of(&RoomTyping { room_id, user_id, is_typing })
            }
            Vocabulary::Session => {
                let session_id = self.conversation;
                Frame::of(&SessionTyping { session_id, user_id, is_typing })
            }
        }
    }
}

/// Somebody else types, or does not any more, in the chat vocabulary.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomTyping {
    room_id: ConversationId,
    user_id: UserId,
    is_typing: bool,
}

impl Event for RoomTyping {
    const NAME: &'static str = "chat:user:typing";
}

/// Somebody else types, or does not any more, in the session vocabulary.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionTyping {
    session_id: ConversationId,
    user_id: UserId,
    is_typing: bool,
}

impl Event for SessionTyping {
    const NAME: &'static str = "user_typing";
}
