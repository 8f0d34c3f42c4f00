//! A message, and the forms it has outside.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

/// A message.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) id: Uuid,
    pub(crate) room_id: Uuid,
    pub(crate) sender_id: String,
    pub(crate) client_message_id: Option<String>,
    pub(crate) content: String,
    pub(crate) created_at: DateTime<Utc>,
}

/// What is to be sent.
#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SendMessage {
    #[validate(length(min = 1, max = 10_000))]
    pub(crate) content: String,
    #[validate(length(min = 1, max = 128))]
    pub(crate) client_message_id: Option<String>,
}

impl SendMessage {
    pub(crate) fn into_message(self, room_id: Uuid, sender: &str) -> Message {
        Message {
            id: Uuid::now_v7(),
            room_id,
            sender_id: sender.to_owned(),
            client_message_id: self.client_message_id,
            content: self.content,
            created_at: Utc::now(),
        }
    }
}

/// A message as clients see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageView<'a> {
    id: Uuid,
    conversation_id: Uuid,
    room_id: Uuid,
    sender_id: &'a str,
    role: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    content: &'a str,
    formatting: &'static str,
    metadata: Empty,
    client_message_id: Option<&'a str>,
    delivery_status: &'static str,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
}

#[derive(Serialize)]
struct Empty {}

impl<'a> From<&'a Message> for MessageView<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            id: message.id,
            conversation_id: message.room_id,
            room_id: message.room_id,
            sender_id: &message.sender_id,
            role: "user",
            kind: "chat",
            content: &message.content,
            formatting: "plain",
            metadata: Empty {},
            client_message_id: message.client_message_id.as_deref(),
            delivery_status: "delivered",
            timestamp: message.created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            version: None,
        }
    }
}

impl MessageView<'_> {
    /// The form of events.
    pub(crate) fn versioned(self) -> Self {
        Self { version: Some("1.0"), ..self }
    }
}
