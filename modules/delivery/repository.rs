//! Where conversations and their events are kept.

use std::{collections::HashMap, fmt::Write, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use database::{Database, StorageError, Transaction};
use futures_util::future::BoxFuture;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Order, QueryFilter, QueryOrder,
    QueryTrait, Statement,
    sea_query::{Expr, Query},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    conversation::{Conversation, ConversationId, ConversationKind},
    entity::{conversation, event},
    event_log::Tally,
    history::LoggedEvent,
};

/// A row of the log.
pub(crate) struct EventRow {
    pub(crate) conversation: ConversationId,
    pub(crate) seq: i64,
    pub(crate) kind: &'static str,
    pub(crate) message_id: Option<Uuid>,
    pub(crate) payload: Option<Value>,
    pub(crate) at: DateTime<Utc>,
}

/// Keeps conversations and events.
#[async_trait]
pub(crate) trait ConversationRepository: Send + Sync {
    /// Begins a write transaction.
    async fn transaction(&self) -> Result<Transaction, StorageError>;

    /// Begins one for nothing but statements, which [may block](Self::blocks) its thread.
    async fn blocking_transaction(&self) -> Result<Transaction, StorageError>;

    /// Whether there are transactions that block.
    fn blocks(&self) -> bool;

    /// Does `work` where it may block.
    fn spawn_blocking(&self, work: BoxFuture<'static, ()>);

    /// Stores a new conversation.
    async fn insert(&self, tx: &Transaction, it: &Conversation) -> Result<(), StorageError>;

    /// Notes that a conversation has ended. From then on it does not exist.
    async fn end(
        &self,
        tx: &Transaction,
        id: ConversationId,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError>;

    /// One that has ended, and is not removed yet.
    async fn ended(&self) -> Result<Option<ConversationId>, StorageError>;

    /// Removes at most `limit` events of a conversation that has ended, and tells how many
    /// those were; the last time, the conversation, too.
    async fn remove(&self, id: ConversationId, limit: u64) -> Result<u64, StorageError>;

    /// Those of `ids` that exist.
    async fn find_all(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>, StorageError>;

    /// Takes the next seqs, as many as are wanted of each conversation, and returns the first
    /// of each; `tally` says what becomes of its number of messages. A conversation that does
    /// not exist is left out.
    async fn take_seqs(
        &self,
        tx: &Transaction,
        counts: &HashMap<ConversationId, i64>,
        tally: Tally,
        now: DateTime<Utc>,
    ) -> Result<HashMap<ConversationId, i64>, StorageError>;

    /// Stores events, published from the start: there is no other node to tell.
    async fn insert_events(
        &self,
        tx: &Transaction,
        rows: Vec<EventRow>,
    ) -> Result<(), StorageError>;

    /// The events behind `after` up to `through`, ascending.
    async fn events(
        &self,
        id: ConversationId,
        after: i64,
        through: i64,
    ) -> Result<Vec<LoggedEvent>, StorageError>;
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

    async fn blocking_transaction(&self) -> Result<Transaction, StorageError> {
        self.db.begin_blocking().await
    }

    fn blocks(&self) -> bool {
        self.db.blocks()
    }

    fn spawn_blocking(&self, work: BoxFuture<'static, ()>) {
        self.db.spawn_blocking(work);
    }

    async fn insert(&self, tx: &Transaction, it: &Conversation) -> Result<(), StorageError> {
        let row = conversation::Model {
            id: it.id.0,
            kind: it.kind.as_str().to_owned(),
            last_seq: it.last_seq,
            first_seq: it.first_seq,
            epoch: it.epoch,
            created_at: it.created_at,
            last_activity_at: it.last_activity_at,
            message_count: it.message_count,
            ended_at: None,
        };
        let insert = conversation::Entity::insert(row.into_active_model());
        insert.exec_without_returning(tx).await?;
        Ok(())
    }

    async fn end(
        &self,
        tx: &Transaction,
        id: ConversationId,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        conversation::Entity::update_many()
            .filter(conversation::Column::Id.eq(id.0))
            .col_expr(conversation::Column::EndedAt, Expr::value(now))
            .exec(tx)
            .await?;
        Ok(())
    }

    async fn ended(&self) -> Result<Option<ConversationId>, StorageError> {
        let ended = conversation::Column::EndedAt.is_not_null();
        let row = conversation::Entity::find().filter(ended).one(self.db.read()).await?;
        Ok(row.map(|it| ConversationId(it.id)))
    }

    async fn remove(&self, id: ConversationId, limit: u64) -> Result<u64, StorageError> {
        let tx = self.db.begin().await?;
        let oldest = Query::select()
            .column(event::Column::Id)
            .from(event::Entity)
            .and_where(event::Column::ConversationId.eq(id.0))
            .order_by(event::Column::Seq, Order::Asc)
            .limit(limit)
            .to_owned();
        let oldest = event::Column::Id.in_subquery(oldest);
        let removed = event::Entity::delete_many().filter(oldest).exec(&tx).await?.rows_affected;
        if removed < limit {
            conversation::Entity::delete_by_id(id.0).exec(&tx).await?;
        }
        tx.commit().await?;
        Ok(removed)
    }

    async fn find_all(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>, StorageError> {
        let rows = conversation::Entity::find()
            .filter(conversation::Column::Id.is_in(ids.iter().map(|it| it.0)))
            .filter(conversation::Column::EndedAt.is_null())
            .all(self.db.read())
            .await?;
        Ok(rows.into_iter().filter_map(known).collect())
    }

    async fn take_seqs(
        &self,
        tx: &Transaction,
        counts: &HashMap<ConversationId, i64>,
        tally: Tally,
        now: DateTime<Utc>,
    ) -> Result<HashMap<ConversationId, i64>, StorageError> {
        if counts.is_empty() {
            return Ok(HashMap::new());
        }
        // One statement for all, which SeaORM's builder cannot say.
        let mut values = vec![now.into()];
        let mut wanted = String::new();
        for (id, count) in counts {
            let separator = if wanted.is_empty() { "" } else { ", " };
            let first = values.len() + 1;
            let _ = write!(wanted, "{separator}(${first}, ${})", first + 1);
            values.extend([id.0.into(), (*count).into()]);
        }
        let tally = match tally {
            Tally::Same => "",
            Tally::OneMore => "message_count = message_count + wanted.column2, ",
            Tally::OneLess => "message_count = message_count - wanted.column2, ",
            Tally::NoneLeft => "message_count = 0, ",
        };
        let sql = format!(
            "UPDATE conversations SET last_seq = last_seq + wanted.column2, {tally}\
             last_activity_at = $1 FROM (VALUES {wanted}) AS wanted \
             WHERE conversations.id = wanted.column1 AND conversations.ended_at IS NULL \
             RETURNING conversations.id, conversations.last_seq"
        );
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
        let first = |(id, last): (Uuid, i64)| {
            let id = ConversationId(id);
            (id, last + 1 - counts.get(&id).copied().unwrap_or_default())
        };
        Ok(tx.numbers(statement).await?.into_iter().map(first).collect())
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
            payload: Set(row.payload),
            created_at: Set(row.at),
            published_at: Set(Some(row.at)),
        });
        tx.run(event::Entity::insert_many(rows).build(tx.get_database_backend())).await
    }

    async fn events(
        &self,
        id: ConversationId,
        after: i64,
        through: i64,
    ) -> Result<Vec<LoggedEvent>, StorageError> {
        use event::{Column, Entity};
        let rows = Entity::find()
            .filter(Column::ConversationId.eq(id.0))
            .filter(Column::Seq.gt(after))
            .filter(Column::Seq.lte(through))
            .order_by_asc(Column::Seq)
            .all(self.db.read())
            .await?;
        let logged = |row: event::Model| LoggedEvent {
            conversation: id,
            seq: row.seq,
            kind: row.kind,
            message_id: row.message_id,
            payload: row.payload,
            at: row.created_at,
        };
        Ok(rows.into_iter().map(logged).collect())
    }
}

/// The conversation of a row, unless a newer version made it of a kind unknown to this one.
fn known(row: conversation::Model) -> Option<Conversation> {
    Some(Conversation {
        id: ConversationId(row.id),
        kind: ConversationKind::parse(&row.kind)?,
        last_seq: row.last_seq,
        first_seq: row.first_seq,
        message_count: row.message_count,
        epoch: row.epoch,
        created_at: row.created_at,
        last_activity_at: row.last_activity_at,
    })
}
