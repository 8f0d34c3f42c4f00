//! Where conversations and their events are kept.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use database::{Database, StorageError, Transaction};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter,
    sea_query::{Expr, Query},
};
use uuid::Uuid;

use crate::{
    conversation::{Conversation, ConversationId, ConversationKind},
    entity::{conversation, event},
};

/// A row of the log.
pub(crate) struct EventRow {
    pub(crate) conversation: ConversationId,
    pub(crate) seq: i64,
    pub(crate) kind: &'static str,
    pub(crate) message_id: Option<Uuid>,
    pub(crate) at: DateTime<Utc>,
}

/// Keeps conversations and events.
#[async_trait]
pub(crate) trait ConversationRepository: Send + Sync {
    /// Begins a write transaction.
    async fn transaction(&self) -> Result<Transaction, StorageError>;

    /// Stores a new conversation.
    async fn insert(&self, tx: &Transaction, it: &Conversation) -> Result<(), StorageError>;

    /// Those of `ids` that exist.
    async fn find_all(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>, StorageError>;

    /// Takes the next `count` seqs and returns the last of them; `None` if there is no such
    /// conversation.
    async fn take_seqs(
        &self,
        tx: &Transaction,
        id: ConversationId,
        count: i64,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>, StorageError>;

    /// Stores events, published from the start: there is no other node to tell.
    async fn insert_events(
        &self,
        tx: &Transaction,
        rows: Vec<EventRow>,
    ) -> Result<(), StorageError>;
}

/// [`ConversationRepository`] on the tables `conversations` and `events`.
pub(crate) struct SeaOrmConversationRepository {
    db: Arc<Database>,
}

impl SeaOrmConversationRepository {
    pub(crate) fn bind(db: Arc<Database>) -> Arc<dyn ConversationRepository> {
        Arc::new(Self { db })
    }
}

#[async_trait]
impl ConversationRepository for SeaOrmConversationRepository {
    async fn transaction(&self) -> Result<Transaction, StorageError> {
        self.db.begin().await
    }

    async fn insert(&self, tx: &Transaction, it: &Conversation) -> Result<(), StorageError> {
        let row = conversation::Model {
            id: it.id.0,
            kind: it.kind.as_str().to_owned(),
            last_seq: it.last_seq,
            first_seq: 1,
            epoch: it.epoch,
            created_at: it.created_at,
            last_activity_at: it.last_activity_at,
        };
        let insert = conversation::Entity::insert(row.into_active_model());
        insert.exec_without_returning(tx).await?;
        Ok(())
    }

    async fn find_all(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>, StorageError> {
        let rows = conversation::Entity::find()
            .filter(conversation::Column::Id.is_in(ids.iter().map(|it| it.0)))
            .all(self.db.read())
            .await?;
        Ok(rows.into_iter().filter_map(known).collect())
    }

    async fn take_seqs(
        &self,
        tx: &Transaction,
        id: ConversationId,
        count: i64,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>, StorageError> {
        use conversation::{Column, Entity};
        let update = Query::update()
            .table(Entity)
            .value(Column::LastSeq, Expr::col(Column::LastSeq).add(count))
            .value(Column::LastActivityAt, now)
            .and_where(Expr::col(Column::Id).eq(id.0))
            .returning_col(Column::LastSeq)
            .to_owned();
        let row = tx.query_one(&update).await?;
        Ok(row.map(|it| it.try_get("", "last_seq")).transpose()?)
    }

    async fn insert_events(
        &self,
        tx: &Transaction,
        rows: Vec<EventRow>,
    ) -> Result<(), StorageError> {
        let rows = rows.into_iter().map(|row| event::ActiveModel {
            id: NotSet,
            conversation_id: Set(row.conversation.0),
            seq: Set(row.seq),
            kind: Set(row.kind.to_owned()),
            message_id: Set(row.message_id),
            payload: Set(None),
            created_at: Set(row.at),
            published_at: Set(Some(row.at)),
        });
        event::Entity::insert_many(rows).exec_without_returning(tx).await?;
        Ok(())
    }
}

/// The conversation of a row, unless a newer version made it of a kind unknown to this one.
fn known(row: conversation::Model) -> Option<Conversation> {
    Some(Conversation {
        id: ConversationId(row.id),
        kind: ConversationKind::parse(&row.kind)?,
        last_seq: row.last_seq,
        epoch: row.epoch,
        created_at: row.created_at,
        last_activity_at: row.last_activity_at,
    })
}
