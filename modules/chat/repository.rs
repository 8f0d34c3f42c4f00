//! Where messages are kept.

use std::sync::Arc;

use async_trait::async_trait;
use database::{Database, StorageError, Transaction};
use delivery::{ConversationId, ConversationKind, EventKind, Placed};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    dto::ROLE,
    entity::{Column, Entity, Model},
    history::{Order, Range},
    message::{Formatting, Message, MessageId, NewMessage},
};

/// Keeps messages. New ones are stored by the event log, as events of this kind.
#[async_trait]
pub(crate) trait MessageRepository: EventKind<Draft = NewMessage, Stored = Message> {
    /// A part of a conversation's messages, and one more than its limit if there is.
    async fn history(
        &self,
        conversation: ConversationId,
        kind: ConversationKind,
        range: &Range,
    ) -> Result<Vec<Message>, StorageError>;
}

/// [`MessageRepository`] on the table `messages`.
pub(crate) struct SeaOrmMessageRepository {
    db: Arc<Database>,
}

impl SeaOrmMessageRepository {
    pub(crate) fn bind(db: Arc<Database>) -> Arc<dyn MessageRepository> {
        Arc::new(Self { db })
    }
}

#[async_trait]
impl EventKind for SeaOrmMessageRepository {
    type Draft = NewMessage;
    type Stored = Message;

    fn name(&self) -> &'static str {
        "message.new"
    }

    async fn repeats(
        &self,
        tx: &Transaction,
        drafts: &[NewMessage],
    ) -> Result<Vec<Option<Message>>, StorageError> {
        let keys = drafts.iter().filter_map(key).fold(Condition::any(), Condition::add);
        if keys.is_empty() {
            return Ok(vec![None; drafts.len()]);
        }
        let rows = Entity::find().filter(keys).all(tx).await?;
        let repeat = |draft: &NewMessage| {
            let row = rows.iter().find(|row| is_repeat(row, draft))?;
            Some(message_of(row.clone(), draft.kind))
        };
        Ok(drafts.iter().map(repeat).collect())
    }

    async fn store(
        &self,
        tx: &Transaction,
        batch: Vec<Placed<NewMessage>>,
    ) -> Result<Vec<Message>, StorageError> {
        let messages: Vec<_> = batch.into_iter().map(stored).collect();
        let rows = messages.iter().map(|it| row_of(it).into_active_model());
        Entity::insert_many(rows).exec_without_returning(tx).await?;
        Ok(messages)
    }
}

#[async_trait]
impl MessageRepository for SeaOrmMessageRepository {
    async fn history(
        &self,
        conversation: ConversationId,
        kind: ConversationKind,
        range: &Range,
    ) -> Result<Vec<Message>, StorageError> {
        let mut rows = Entity::find()
            .filter(Column::ConversationId.eq(conversation.0))
            .filter(Column::DeletedAt.is_null());
        if let Some(after) = range.after {
            rows = rows.filter(Column::Seq.gt(after));
        }
        if let Some(before) = range.before {
            rows = rows.filter(Column::Seq.lt(before));
        }
        let rows = match range.order {
            Order::Asc => rows.order_by_asc(Column::Seq),
            Order::Desc => rows.order_by_desc(Column::Seq),
        };
        let rows = rows.limit(range.limit + 1).all(self.db.read()).await?;
        Ok(rows.into_iter().map(|row| message_of(row, kind)).collect())
    }
}

/// Condition on the row that an earlier sending of the draft has made.
fn key(draft: &NewMessage) -> Option<Condition> {
    let id = draft.client_message_id.as_deref()?;
    let key = Condition::all()
        .add(Column::ConversationId.eq(draft.conversation.0))
        .add(Column::SenderId.eq(draft.sender.as_str()))
        .add(Column::ClientMessageId.eq(id));
    Some(key)
}

fn is_repeat(row: &Model, draft: &NewMessage) -> bool {
    draft.client_message_id.is_some()
        && row.client_message_id.as_deref() == draft.client_message_id.as_deref()
        && row.conversation_id == draft.conversation.0
        && row.sender_id == draft.sender.as_str()
}

fn stored(placed: Placed<NewMessage>) -> Message {
    let draft = placed.draft;
    Message {
        id: MessageId(Uuid::now_v7()),
        conversation: draft.conversation,
        kind: draft.kind,
        seq: placed.seq,
        sender: draft.sender,
        client_message_id: draft.client_message_id,
        content: draft.content,
        formatting: draft.formatting,
        metadata: draft.metadata,
        created_at: placed.at,
    }
}

fn row_of(message: &Message) -> Model {
    Model {
        id: message.id.0,
        conversation_id: message.conversation.0,
        seq: message.seq,
        sender_id: message.sender.to_string(),
        client_message_id: message.client_message_id.as_deref().map(str::to_owned),
        role: ROLE.to_owned(),
        r#type: "chat".to_owned(),
        content: message.content.to_string(),
        formatting: message.formatting.as_str().to_owned(),
        metadata: Value::Object(Map::clone(&message.metadata)),
        created_at: message.created_at,
        edited_at: None,
        deleted_at: None,
    }
}

fn message_of(row: Model, kind: ConversationKind) -> Message {
    Message {
        id: MessageId(row.id),
        conversation: ConversationId(row.conversation_id),
        kind,
        seq: row.seq,
        sender: row.sender_id.into(),
        client_message_id: row.client_message_id.map(Arc::from),
        content: row.content.into(),
        formatting: Formatting::parse(&row.formatting),
        metadata: Arc::new(object(row.metadata)),
        created_at: row.created_at,
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(entries) => entries,
        _ => Map::new(),
    }
}
