//! What chat announces, in the words of each vocabulary.

use auth::UserId;
use delivery::{Announcement, ConversationId, Stored, Vocabulary};
use hornero::{Event, Frame, timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    dto::{MessageView, SessionMessageView},
    message::{Cleared, Deleted, Edited, Message, MessageId},
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

impl Stored for Edited {
    fn message_id(&self) -> Option<Uuid> {
        Some(self.0.id.0)
    }
}

impl Announcement for Edited {
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        match vocabulary {
            Vocabulary::Chat => Frame::of(&MessageUpdated(MessageView::from(&self.0))),
            Vocabulary::Session => Frame::of(&SessionMessageUpdated {
                message: SessionMessageView::from(&self.0),
                edited_at: self.0.edited_at.map(timestamp),
                event_seq: self.0.event_seq,
            }),
        }
    }
}

/// A message was changed, in the chat vocabulary: the message as it is now.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
pub(crate) struct MessageUpdated(MessageView);

impl Event for MessageUpdated {
    const NAME: &'static str = "chat:message:updated";
}

/// A message was changed, in the session vocabulary: the message as it is now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionMessageUpdated {
    #[serde(flatten)]
    message: SessionMessageView,
    #[schema(format = DateTime, required)]
    edited_at: Option<String>,
    event_seq: i64,
}

impl Event for SessionMessageUpdated {
    const NAME: &'static str = "message_updated";
}

impl Stored for Deleted {
    fn message_id(&self) -> Option<Uuid> {
        Some(self.id.0)
    }
}

impl Announcement for Deleted {
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        match vocabulary {
            Vocabulary::Chat => Frame::of(&MessageDeleted::from(self)),
            Vocabulary::Session => Frame::of(&SessionMessageDeleted {
                session_id: self.conversation,
                message_id: self.id,
                event_seq: self.event_seq,
            }),
        }
    }
}

/// A message was taken back, in the chat vocabulary.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageDeleted {
    room_id: ConversationId,
    message_id: MessageId,
    seq: i64,
    event_seq: i64,
    deleted_by: UserId,
    #[schema(format = DateTime)]
    deleted_at: String,
}

impl From<&Deleted> for MessageDeleted {
    fn from(it: &Deleted) -> Self {
        Self {
            room_id: it.conversation,
            message_id: it.id,
            seq: it.seq,
            event_seq: it.event_seq,
            deleted_by: it.by.clone(),
            deleted_at: timestamp(it.at),
        }
    }
}

impl Event for MessageDeleted {
    const NAME: &'static str = "chat:message:deleted";
}

/// A message was taken back, in the session vocabulary.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionMessageDeleted {
    session_id: ConversationId,
    message_id: MessageId,
    event_seq: i64,
}

impl Event for SessionMessageDeleted {
    const NAME: &'static str = "message_deleted";
}

impl Stored for Cleared {
    fn message_id(&self) -> Option<Uuid> {
        None
    }

    fn payload(&self) -> Option<Value> {
        Some(json!({ "by": self.by }))
    }
}

impl Announcement for Cleared {
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        match vocabulary {
            Vocabulary::Chat => Frame::of(&ConversationCleared {
                room_id: self.conversation,
                through_seq: self.seq,
                event_seq: self.seq,
                cleared_by: self.by.clone(),
            }),
            Vocabulary::Session => Frame::of(&SessionCleared {
                session_id: self.conversation,
                through_seq: self.seq,
                event_seq: self.seq,
            }),
        }
    }
}

/// All messages up to `throughSeq` were taken back, in the chat vocabulary.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConversationCleared {
    room_id: ConversationId,
    through_seq: i64,
    event_seq: i64,
    cleared_by: UserId,
}

impl Event for ConversationCleared {
    const NAME: &'static str = "chat:conversation:cleared";
}

/// All messages up to `throughSeq` were taken back, in the session vocabulary.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionCleared {
    session_id: ConversationId,
    through_seq: i64,
    event_seq: i64,
}

impl Event for SessionCleared {
    const NAME: &'static str = "conversation_cleared";
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
