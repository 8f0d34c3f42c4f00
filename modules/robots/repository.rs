//! Where it is kept which answers were begun.

use std::sync::Arc;

use async_trait::async_trait;
use chat::MessageId;
use chrono::{DateTime, TimeDelta, Utc};
use database::{Backend, Database, StorageError};
use delivery::ConversationId;
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};

use crate::{
    entity::{Column, Entity, Model},
    run::Run,
};

/// Keeps runs from their beginning to their end.
#[async_trait]
pub(crate) trait RunRepository: Send + Sync {
    /// Notes that a run begins.
    async fn insert(&self, run: &Run, now: DateTime<Utc>) -> Result<(), StorageError>;

    /// Notes how far a run is, and that its process is there.
    async fn beat(
        &self,
        id: MessageId,
        content: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError>;

    /// Notes that a run has ended.
    async fn remove(&self, id: MessageId) -> Result<(), StorageError>;

    /// At most `limit` runs whose process has not been heard of since `before`.
    async fn stale(&self, before: DateTime<Utc>, limit: u64) -> Result<Vec<Run>, StorageError>;

    /// Time after which a process that was not heard of is gone, when this one starts.
    fn patience(&self, usual: TimeDelta) -> TimeDelta;
}

/// [`RunRepository`] on the table `robot_runs`.
pub(crate) struct SeaOrmRunRepository {
    db: Arc<Database>,
}

impl SeaOrmRunRepository {
    pub(crate) fn bind(db: Arc<Database>) -> Arc<dyn RunRepository> {
        Arc::new(Self { db })
    }
}

#[async_trait]
impl RunRepository for SeaOrmRunRepository {
    async fn insert(&self, run: &Run, now: DateTime<Utc>) -> Result<(), StorageError> {
        let row = Model {
            message_id: run.message.0,
            conversation_id: run.conversation.0,
            robot: run.robot.clone(),
            prompt_id: run.prompt.0,
            content: run.content.clone(),
            beat_at: now,
        };
        let tx = self.db.begin().await?;
        Entity::insert(row.into_active_model()).exec_without_returning(&tx).await?;
        Ok(tx.commit().await?)
    }

    async fn beat(
        &self,
        id: MessageId,
        content: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let tx = self.db.begin().await?;
        Entity::update_many()
            .filter(Column::MessageId.eq(id.0))
            .col_expr(Column::Content, Expr::value(content))
            .col_expr(Column::BeatAt, Expr::value(now))
            .exec(&tx)
            .await?;
        Ok(tx.commit().await?)
    }

    async fn remove(&self, id: MessageId) -> Result<(), StorageError> {
        let tx = self.db.begin().await?;
        Entity::delete_by_id(id.0).exec(&tx).await?;
        Ok(tx.commit().await?)
    }

    async fn stale(&self, before: DateTime<Utc>, limit: u64) -> Result<Vec<Run>, StorageError> {
        let rows = Entity::find()
            .filter(Column::BeatAt.lt(before))
            .order_by_asc(Column::BeatAt)
            .limit(limit)
            .all(self.db.read())
            .await?;
        Ok(rows.into_iter().map(Run::from).collect())
    }

    fn patience(&self, usual: TimeDelta) -> TimeDelta {
        match self.db.backend() {
            // The file is this process's, so whatever is in it was left behind.
            Backend::Sqlite => TimeDelta::zero(),
            Backend::Postgres => usual,
        }
    }
}

impl From<Model> for Run {
    fn from(row: Model) -> Self {
        Self {
            message: MessageId(row.message_id),
            conversation: ConversationId(row.conversation_id),
            robot: row.robot,
            prompt: MessageId(row.prompt_id),
            content: row.content,
        }
    }
}
