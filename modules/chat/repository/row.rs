//! Messages as rows, and rows as messages.

use std::sync::Arc;

use delivery::{ConversationId, ConversationKind};
use serde_json::{Map, Value};

use crate::{
    entity::Model,
    message::{Deleted, Formatting, Message, MessageId, MessageRole, MessageType},
};

pub(super) fn row_of(message: &Message) -> Model {
    Model {
        id: message.id.0,
        conversation_id: message.conversation.0,
        seq: message.seq,
        sender_id: message.sender.to_string(),
        client_message_id: message.client_message_id.as_deref().map(str::to_owned),
        role: message.role.as_str().to_owned(),
        r#type: message.r#type.as_str().to_owned(),
        content: message.content.to_string(),
        formatting: message.formatting.as_str().to_owned(),
        metadata: Value::Object(Map::clone(&message.metadata)),
        created_at: message.created_at,
        edited_at: message.edited_at,
        deleted_at: message.deleted_at,
        event_seq: message.event_seq,
        deleted_by: None,
    }
}

pub(super) fn message_of(row: Model, kind: ConversationKind) -> Message {
    Message {
        id: MessageId(row.id),
        conversation: ConversationId(row.conversation_id),
        kind,
        seq: row.seq,
        event_seq: row.event_seq,
        sender: row.sender_id.into(),
        client_message_id: row.client_message_id.map(Arc::from),
        role: MessageRole::parse(&row.role),
        r#type: MessageType::parse(&row.r#type),
        content: row.content.into(),
        formatting: Formatting::parse(&row.formatting),
        metadata: Arc::new(object(row.metadata)),
        created_at: row.created_at,
        edited_at: row.edited_at,
        deleted_at: row.deleted_at,
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(entries) => entries,
        _ => Map::new(),
    }
}

/// What is told of a row that was deleted, by the event `event_seq`.
pub(super) fn deleted_of(row: &Model, event_seq: i64) -> Option<Deleted> {
    Some(Deleted {
        id: MessageId(row.id),
        conversation: ConversationId(row.conversation_id),
        seq: row.seq,
        event_seq,
        by: row.deleted_by.clone().unwrap_or_default().into(),
        at: row.deleted_at?,
    })
}
