//! Where messages are kept.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use database::{Backend, Database, StorageError};
use delivery::{
    Announcement, ConversationId, ConversationKind, EventKeeper, EventSource, LoggedEvent,
    UnreadSource,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Query};
use uuid::Uuid;

mod changes;
mod clearing;
mod deleting;
mod editing;
mod row;
mod sending;
mod unread;

pub(crate) use clearing::Clear;
pub(crate) use deleting::Delete;
pub(crate) use editing::EditContent;
use row::{deleted_of, message_of};
pub(crate) use sending::Send;

use crate::{
    entity::{Column, Entity, Model},
    history::{Order, Range},
    message::{Edited, Message, MessageId},
};

/// Reads messages. They are stored and changed by the event log, as events of the kinds
/// [`Send`], [`EditContent`], [`Delete`] and [`Clear`].
#[async_trait]
pub(crate) trait MessageRepository: EventKeeper + EventSource + UnreadSource {
    /// A part of a conversation's messages, and one more than its limit if there is.
    async fn history(
        &self,
        conversation: ConversationId,
        kind: ConversationKind,
        range: &Range,
    ) -> Result<Vec<Message>, StorageError>;

    /// Whether other processes store messages in the same tables.
    fn is_shared(&self) -> bool;

    /// Where a message was said.
    async fn conversation(&self, id: MessageId) -> Result<Option<ConversationId>, StorageError>;

    /// A message that is not deleted.
    async fn find(
        &self,
        id: MessageId,
        kind: ConversationKind,
    ) -> Result<Option<Message>, StorageError>;
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
impl MessageRepository for SeaOrmMessageRepository {
    async fn history(
        &self,
        conversation: ConversationId,
        kind: ConversationKind,
        range: &Range,
    ) -> Result<Vec<Message>, StorageError> {
        if let Some(change) = range.changed {
            let rows = changes::behind(&self.db, conversation, change, range.limit + 1).await?;
            return Ok(rows.into_iter().map(|row| message_of(row, kind)).collect());
        }
        let mut rows = Entity::find().filter(Column::ConversationId.eq(conversation.0));
        if !range.include_deleted {
            rows = rows.filter(Column::DeletedAt.is_null());
        }
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

    fn is_shared(&self) -> bool {
        self.db.backend() == Backend::Postgres
    }

    async fn conversation(&self, id: MessageId) -> Result<Option<ConversationId>, StorageError> {
        let row = Entity::find_by_id(id.0).one(self.db.read()).await?;
        Ok(row.map(|it| ConversationId(it.conversation_id)))
    }

    async fn find(
        &self,
        id: MessageId,
        kind: ConversationKind,
    ) -> Result<Option<Message>, StorageError> {
        let row = Entity::find_by_id(id.0).one(self.db.read()).await?;
        Ok(row.filter(|it| it.deleted_at.is_none()).map(|it| message_of(it, kind)))
    }
}

#[async_trait]
impl EventSource for SeaOrmMessageRepository {
    async fn recall(
        &self,
        kind: ConversationKind,
        events: &[LoggedEvent],
    ) -> Result<Vec<Option<Arc<dyn Announcement>>>, StorageError> {
        let ids = events.iter().filter_map(|it| it.message_id);
        let rows = Entity::find().filter(Column::Id.is_in(ids)).all(self.db.read()).await?;
        let rows: HashMap<Uuid, Model> = rows.into_iter().map(|it| (it.id, it)).collect();
        let recalled = |event: &LoggedEvent| match event.message_id {
            Some(id) => recalled(rows.get(&id)?, event, kind),
            None => Some(Arc::new(clearing::cleared_of(event)?) as Arc<dyn Announcement>),
        };
        Ok(events.iter().map(recalled).collect())
    }

    async fn forget(&self, id: ConversationId, limit: u64) -> Result<u64, StorageError> {
        let tx = self.db.begin().await?;
        let oldest = Query::select()
            .column(Column::Id)
            .from(Entity)
            .and_where(Column::ConversationId.eq(id.0))
            .order_by(Column::Seq, sea_orm::Order::Asc)
            .limit(limit)
            .to_owned();
        let oldest = Column::Id.in_subquery(oldest);
        let removed = Entity::delete_many().filter(oldest).exec(&tx).await?.rows_affected;
        tx.commit().await?;
        Ok(removed)
    }
}

/// `message.new`: the message itself says that it was sent.
#[async_trait]
impl EventKeeper for SeaOrmMessageRepository {
    async fn kept(
        &self,
        conversation: ConversationId,
        kind: ConversationKind,
        after: i64,
        through: i64,
    ) -> Result<Vec<(i64, Arc<dyn Announcement>)>, StorageError> {
        let rows = Entity::find()
            .filter(Column::ConversationId.eq(conversation.0))
            .filter(Column::Seq.gt(after))
            .filter(Column::Seq.lte(through))
            .all(self.db.read())
            .await?;
        Ok(rows.into_iter().map(|row| (row.seq, sent(row, kind))).collect())
    }
}

/// What is told now of a message's having been sent.
fn sent(row: Model, kind: ConversationKind) -> Arc<dyn Announcement> {
    match deleted_of(&row, row.seq) {
        Some(deleted) => Arc::new(deleted),
        None => Arc::new(Message { event_seq: row.seq, ..message_of(row, kind) }),
    }
}

/// What is told of a message now, by the event that changed it then.
fn recalled(
    row: &Model,
    event: &LoggedEvent,
    kind: ConversationKind,
) -> Option<Arc<dyn Announcement>> {
    if row.deleted_at.is_some() {
        return Some(Arc::new(deleted_of(row, event.seq)?));
    }
    let message = Message { event_seq: event.seq, ..message_of(row.clone(), kind) };
    Some(Arc::new(Edited(message)))
}
