//! Messages as rows, and rows as messages.

use std::sync::Arc;

use delivery::{ConversationId, ConversationKind};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    attachments::file_of,
    entity::{Column, Model},
    message::{Deleted, Formatting, Message, MessageId, MessageRole, MessageType},
};

/// What a new message has in its row; the rest is null.
pub(super) const COLUMNS: [Column; 12] = [
    Column::Id,
    Column::ConversationId,
    Column::Seq,
    Column::SenderId,
    Column::ClientMessageId,
    Column::Role,
    Column::Type,
    Column::Content,
    Column::Formatting,
    Column::Metadata,
    Column::CreatedAt,
    Column::EventSeq,
];

/// What a new message has in [`COLUMNS`].
pub(super) fn values_of(message: &Message) -> [sea_orm::Value; COLUMNS.len()] {
    [
        message.id.0.into(),
        message.conversation.0.into(),
        message.seq.into(),
        message.sender.as_str().into(),
        message.client_message_id.as_deref().into(),
        message.role.as_str().into(),
        message.r#type.as_str().into(),
        (&*message.content).into(),
        message.formatting.as_str().into(),
        Value::Object(Map::clone(&message.metadata)).into(),
        message.created_at.into(),
        message.event_seq.into(),
    ]
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

/// The file that the message of a row names.
pub(super) fn file_named_by(row: &Model) -> Option<Uuid> {
    file_of(row.metadata.as_object()?).filter(|_| MessageType::parse(&row.r#type).has_file())
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
