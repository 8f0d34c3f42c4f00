//! The event `message.new`: a message is stored.

use std::sync::Arc;

use async_trait::async_trait;
use database::{StorageError, Transaction};
use delivery::{Decision, EventKind, Placed, Tally};
use hornero::{Counter, Metrics};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};

use super::row::{COLUMNS, message_of, values_of};
use crate::{
    entity::{Column, Entity, Model},
    kept::Kept,
    listener::Listeners,
    message::{Message, MessageRole, NewMessage},
};

/// Stores new messages, each once.
pub(crate) struct Send {
    kept: Arc<Kept>,
    /// One for each role.
    stored: [Counter; 3],
    listeners: Arc<Listeners>,
}

impl Send {
    pub(crate) fn new(kept: Arc<Kept>, listeners: Arc<Listeners>, metrics: &Metrics) -> Self {
        let help = "Messages that were stored";
        let counter = |role: MessageRole| {
            metrics.counter("gateway_messages_total", help, &[("role", role.as_str())])
        };
        Self { kept, stored: MessageRole::ALL.map(counter), listeners }
    }
}

#[async_trait]
impl EventKind for Send {
    type Draft = NewMessage;
    type Stored = Message;

    fn name(&self) -> &'static str {
        "message.new"
    }

    fn tally(&self) -> Tally {
        Tally::OneMore
    }

    fn committed(&self, message: &Message) {
        self.kept.said(message);
        let roles = MessageRole::ALL.into_iter().zip(&self.stored);
        for (_, stored) in roles.filter(|it| it.0 == message.role) {
            stored.increment(1);
        }
        self.listeners.tell(message);
    }

    fn failed(&self, draft: &NewMessage) {
        self.kept.doubt(draft.conversation);
    }

    fn batch(&self) -> usize {
        usize::MAX
    }

    fn is_kept_by_the_feature(&self) -> bool {
        true
    }

    fn repeats_break_a_constraint(&self) -> bool {
        true
    }

    fn stores_by_statements(&self) -> bool {
        true
    }

    async fn decide(
        &self,
        tx: &Transaction,
        drafts: &[&NewMessage],
    ) -> Result<Vec<Decision<Message>>, StorageError> {
        let keys = drafts.iter().filter_map(|it| key(it)).fold(Condition::any(), Condition::add);
        let rows =
            if keys.is_empty() { Vec::new() } else { Entity::find().filter(keys).all(tx).await? };
        let decision = |draft: &&NewMessage| {
            let repeat = rows.iter().find(|row| is_repeat(row, draft));
            repeat.map_or(Decision::Append, |row| {
                Decision::Repeat(message_of(row.clone(), draft.kind))
            })
        };
        Ok(drafts.iter().map(decision).collect())
    }

    async fn store(
        &self,
        tx: &Transaction,
        batch: &[Placed<'_, NewMessage>],
    ) -> Result<Vec<Message>, StorageError> {
        let messages: Vec<_> = batch.iter().map(stored).collect();
        tx.insert(Entity, COLUMNS, messages.iter().map(values_of)).await?;
        Ok(messages)
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

fn stored(placed: &Placed<'_, NewMessage>) -> Message {
    let draft = placed.draft.clone();
    Message {
        id: draft.id,
        conversation: draft.conversation,
        kind: draft.kind,
        seq: placed.seq,
        event_seq: placed.seq,
        sender: draft.sender,
        client_message_id: draft.client_message_id,
        role: draft.role,
        r#type: draft.r#type,
        content: draft.content,
        formatting: draft.formatting,
        metadata: draft.metadata,
        created_at: placed.at,
        edited_at: None,
        deleted_at: None,
    }
}
