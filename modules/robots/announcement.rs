//! What is told of an answer while it comes, and when it ends.

use chat::MessageId;
use delivery::{Announcement, ConversationId, Vocabulary};
use hornero::{Event, Frame};
use serde::Serialize;
use utoipa::ToSchema;

use crate::dto::RobotErrorView;

/// A part of an answer.
pub(crate) struct Part {
    pub(crate) conversation: ConversationId,
    pub(crate) message: MessageId,
    pub(crate) index: u32,
    pub(crate) text: String,
}

impl Announcement for Part {
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        let (message_id, index, delta) = (self.message, self.index, self.text.as_str());
        match vocabulary {
            Vocabulary::Chat => Frame::of(&RobotDelta {
                room_id: self.conversation,
                message_id,
                index,
                delta,
                delivery_status: RobotDeliveryStatus::Streaming,
            }),
            Vocabulary::Session => Frame::of(&AssistantDelta {
                session_id: self.conversation,
                message_id,
                index,
                delta,
            }),
        }
    }
}

/// An answer is there, and stored.
pub(crate) struct Answered {
    pub(crate) conversation: ConversationId,
    pub(crate) message: MessageId,
    pub(crate) content: String,
}

impl Announcement for Answered {
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        match vocabulary {
            Vocabulary::Chat => Frame::of(&RobotAnswered {
                room_id: self.conversation,
                message_id: self.message,
                done: true,
                content: &self.content,
            }),
            // Its clients know by the message.
            Vocabulary::Session => None,
        }
    }
}

/// There is no answer, or not all of it.
pub(crate) struct Failed {
    pub(crate) conversation: ConversationId,
    pub(crate) message: MessageId,
    pub(crate) error: RobotErrorView,
}

impl Announcement for Failed {
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        let (message_id, error) = (self.message, self.error.clone());
        match vocabulary {
            Vocabulary::Chat => {
                let room_id = self.conversation;
                Frame::of(&RobotFailed { room_id, message_id, done: true, error })
            }
            Vocabulary::Session => {
                let session_id = self.conversation;
                Frame::of(&AssistantFailed { session_id, message_id, done: true, error })
            }
        }
    }
}

/// A part of an answer, in the chat vocabulary.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RobotDelta<'a> {
    room_id: ConversationId,
    /// The message that the answer becomes.
    message_id: MessageId,
    /// 0, 1, 2.
    index: u32,
    delta: &'a str,
    delivery_status: RobotDeliveryStatus,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum RobotDeliveryStatus {
    Streaming,
}

impl Event for RobotDelta<'_> {
    const NAME: &'static str = "chat:robot:response";
}

/// An answer is there, in the chat vocabulary. `chat:message:received` has told it before.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RobotAnswered<'a> {
    room_id: ConversationId,
    message_id: MessageId,
    done: bool,
    content: &'a str,
}

impl Event for RobotAnswered<'_> {
    const NAME: &'static str = "chat:robot:response";
}

/// There is no answer, or not all of it, in the chat vocabulary.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RobotFailed {
    room_id: ConversationId,
    /// The message that it would have become. What has come is one, if something has.
    message_id: MessageId,
    done: bool,
    error: RobotErrorView,
}

impl Event for RobotFailed {
    const NAME: &'static str = "chat:robot:response";
}

/// A part of an answer, in the session vocabulary. `new_message` tells all of it at the end.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssistantDelta<'a> {
    session_id: ConversationId,
    /// The message that the answer becomes.
    message_id: MessageId,
    /// 0, 1, 2.
    index: u32,
    delta: &'a str,
}

impl Event for AssistantDelta<'_> {
    const NAME: &'static str = "assistant_delta";
}

/// There is no answer, or not all of it, in the session vocabulary.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssistantFailed {
    session_id: ConversationId,
    /// The message that it would have become. What has come is one, if something has.
    message_id: MessageId,
    done: bool,
    error: RobotErrorView,
}

impl Event for AssistantFailed {
    const NAME: &'static str = "assistant_delta";
}
