//! The wire forms of chat, field by field.
//!
//! These types are the contract with existing clients: renaming a field breaks them.
//! Unknown fields are ignored, since clients may be newer than the server.

use std::sync::Arc;

use auth::UserId;
use delivery::{ConversationId, ConversationKind};
use hornero::{rules, timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    content::{self, Content, ContentView, within_limits},
    message::{Formatting, Message, MessageId, MessageRole, MessageType},
};

/// Body of `POST /rooms/{id}/messages` and `POST /chat/sessions/{id}/messages`.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendMessage {
    /// 1 to 10,000 Unicode scalar values, after line ends have become LF; of type graph, an object
    /// of at most 16 KiB and 8 levels.
    #[validate(custom(function = "within_limits"))]
    #[schema(schema_with = content::sent)]
    pub content: Content,
    /// Default user. The others are for services and admins.
    #[serde(default)]
    pub role: MessageRole,
    /// Default chat. What is neither that nor graph is for services and admins.
    #[serde(default)]
    pub r#type: MessageType,
    /// Default plain. Of HTML, only what is harmless is kept.
    #[serde(default)]
    pub formatting: Formatting,
    /// An object of at most 16 KiB and 8 levels. Default empty.
    #[serde(default)]
    #[validate(custom(function = "rules::metadata"))]
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// 1 to 128 visible ASCII characters: the same one again is the same message.
    #[validate(length(min = 1, max = 128), custom(function = "rules::visible_ascii"))]
    #[schema(min_length = 1, max_length = 128, pattern = "^[!-~]+$")]
    pub client_message_id: Option<String>,
}

/// Body of `PUT /chat/messages/{id}`: content, metadata, or both. What is left out stays as
/// it is.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(min_properties = 1)]
pub struct EditMessage {
    /// As in the message: an object of one of type graph, else text.
    #[serde(default, deserialize_with = "rules::not_null")]
    #[validate(custom(function = "within_limits"))]
    #[schema(schema_with = content::sent, required = false)]
    pub content: Option<Content>,
    /// An object of at most 16 KiB and 8 levels.
    #[serde(default, deserialize_with = "rules::not_null")]
    #[validate(custom(function = "rules::metadata"))]
    #[schema(value_type = Option<Object>, nullable = false)]
    pub metadata: Option<Map<String, Value>>,
}

/// The part of an event's payload that names the message. What is to be changed is the rest.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfMessage {
    pub(crate) message_id: MessageId,
}

/// The part of an event's payload that names the room. The message is the rest of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToRoom {
    /// The room, or any other conversation.
    pub(crate) room_id: ConversationId,
}

/// The part of an event's payload that names the session. The message is the rest of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToSession {
    /// The session, or any other conversation.
    pub(crate) session_id: ConversationId,
}

/// Payload of `typing`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetTyping {
    pub(crate) session_id: ConversationId,
    pub(crate) is_typing: bool,
}

/// A message, as REST and the chat vocabulary show it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageView {
    id: MessageId,
    conversation_id: ConversationId,
    /// The conversation, if that is a room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    room_id: Option<ConversationId>,
    /// The conversation, if that is a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    session_id: Option<ConversationId>,
    seq: i64,
    event_seq: i64,
    sender_id: UserId,
    role: MessageRole,
    r#type: MessageType,
    #[schema(schema_with = content::told)]
    content: ContentView,
    formatting: Formatting,
    #[schema(value_type = Object)]
    metadata: Arc<Map<String, Value>>,
    #[schema(value_type = Option<String>, required)]
    client_message_id: Option<Arc<str>>,
    delivery_status: &'static str,
    /// When the server stored it.
    #[schema(format = DateTime)]
    timestamp: String,
    /// When its sender changed it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    edited_at: Option<String>,
    /// When it was taken back: then it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    deleted_at: Option<String>,
}

impl From<&Message> for MessageView {
    fn from(message: &Message) -> Self {
        let id = |kind| (message.kind == kind).then_some(message.conversation);
        Self {
            id: message.id,
            conversation_id: message.conversation,
            room_id: id(ConversationKind::Room),
            session_id: id(ConversationKind::Session),
            seq: message.seq,
            event_seq: message.event_seq,
            sender_id: message.sender.clone(),
            role: message.role,
            r#type: message.r#type,
            content: ContentView::of(&message.content, message.r#type),
            formatting: message.formatting,
            metadata: Arc::clone(&message.metadata),
            client_message_id: message.client_message_id.clone(),
            delivery_status: "delivered",
            timestamp: timestamp(message.created_at),
            edited_at: message.edited_at.map(timestamp),
            deleted_at: message.deleted_at.map(timestamp),
        }
    }
}

/// A message, as the session vocabulary shows it: `new_message`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionMessageView {
    id: MessageId,
    session_id: ConversationId,
    role: MessageRole,
    #[schema(schema_with = content::told)]
    content: ContentView,
    #[schema(value_type = Object)]
    metadata: Arc<Map<String, Value>>,
    /// When the server stored it.
    #[schema(format = DateTime)]
    timestamp: String,
    seq: i64,
    sender_id: UserId,
    #[schema(value_type = Option<String>, required)]
    client_message_id: Option<Arc<str>>,
}

impl From<&Message> for SessionMessageView {
    fn from(message: &Message) -> Self {
        Self {
            id: message.id,
            session_id: message.conversation,
            role: message.role,
            content: ContentView::of(&message.content, message.r#type),
            metadata: Arc::clone(&message.metadata),
            timestamp: timestamp(message.created_at),
            seq: message.seq,
            sender_id: message.sender.clone(),
            client_message_id: message.client_message_id.clone(),
        }
    }
}

/// Answer of `GET /chat/sessions/{sessionId}/messages/count`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CountView {
    /// How many messages there are, without those that were deleted.
    pub(crate) count: i64,
}

/// What came of `DELETE /chat/sessions/{sessionId}/messages`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClearedView {
    /// How many messages were deleted.
    pub(crate) deleted: u64,
}
