//! What chat announces, in the words of each vocabulary.

use auth::UserId;
use delivery::{Announcement, ConversationId, Frame, Stored, Vocabulary};
use serde::Serialize;
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
            Vocabulary::Chat => Frame::new("chat:message:received", &MessageView::from(self)),
            Vocabulary::Session => Frame::new("new_message", &SessionMessageView::from(self)),
        }
    }
}

/// A user has begun or stopped to type.
pub(crate) struct TypingNotice {
    pub(crate) conversation: ConversationId,
    pub(crate) user: UserId,
    pub(crate) is_typing: bool,
}

impl Announcement for TypingNotice {
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        let (user_id, is_typing) = (&self.user, self.is_typing);
        match vocabulary {
            Vocabulary::Chat => {
                let room_id = self.conversation;
                Frame::new("chat:user:typing", &RoomTyping { room_id, user_id, is_typing })
            }
            Vocabulary::Session => {
                let session_id = self.conversation;
                Frame::new("user_typing", &SessionTyping { session_id, user_id, is_typing })
            }
        }
    }
}

/// `chat:user:typing`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoomTyping<'a> {
    room_id: ConversationId,
    user_id: &'a UserId,
    is_typing: bool,
}

/// `user_typing`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionTyping<'a> {
    session_id: ConversationId,
    user_id: &'a UserId,
    is_typing: bool,
}
