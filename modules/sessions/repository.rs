//! Where sessions are kept.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use auth::UserId;
use chrono::{DateTime, Utc};
use database::{Database, StorageError, Transaction};
use delivery::{Conversation, ConversationId, ConversationKind, Conversations};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use serde_json::Value;

use crate::{
    entity::{Column, Entity, Model},
    session::{ChangeSession, Session, SessionStatus},
};

/// Keeps sessions.
#[async_trait]
pub(crate) trait SessionRepository: Send + Sync {
    /// Stores a new session.
    async fn insert(&self, session: &Session) -> Result<(), StorageError>;

    /// Stores a new session unless its user has an open one; tells whether it did.
    async fn insert_only(&self, session: &Session) -> Result<bool, StorageError>;

    /// The session with this id.
    async fn find(&self, id: ConversationId) -> Result<Option<Session>, StorageError>;

    /// Changes a session, if there is one.
    async fn update(
        &self,
        id: ConversationId,
        change: ChangeSession,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError>;

    /// Removes a session, and ends the conversation that it is. Tells whether there was one.
    async fn remove(&self, id: ConversationId) -> Result<bool, StorageError>;

    /// At most `limit` sessions of a user, newest first, from the one after `after`.
    async fn list(
        &self,
        user: &UserId,
        status: Option<SessionStatus>,
        after: Option<ConversationId>,
        limit: u64,
    ) -> Result<Vec<Session>, StorageError>;
}

/// [`SessionRepository`] on the table `sessions`.
pub(crate) struct SeaOrmSessionRepository {
    db: Arc<Database>,
    conversations: Arc<Conversations>,
}

impl SeaOrmSessionRepository {
    pub(crate) fn bind(
        db: Arc<Database>,
        conversations: Arc<Conversations>,
    ) -> Arc<dyn SessionRepository> {
        Arc::new(Self { db, conversations })
    }

    async fn store(&self, tx: &Transaction, session: &Session) -> Result<(), StorageError> {
        let kind = ConversationKind::Session;
        self.conversations.begin(tx, session.id, kind, session.created_at).await?;
        let row = Model {
            id: session.id.0,
            user_id: session.user_id.to_string(),
            title: session.title.clone(),
            status: session.status.as_str().to_owned(),
            metadata: Value::Object(session.metadata.clone()),
            created_at: session.created_at,
            updated_at: session.updated_at,
        };
        Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
        Ok(())
    }

    /// The sessions of rows, each with what the log knows of it.
    async fn with_activity(&self, rows: Vec<Model>) -> Result<Vec<Session>, StorageError> {
        let ids: Vec<_> = rows.iter().map(|it| ConversationId(it.id)).collect();
        let conversations = self.conversations.find_all(&ids).await?;
        let conversations: HashMap<_, _> =
            conversations.into_iter().map(|it| (it.id.0, it)).collect();
        let sessions = rows.into_iter().filter_map(|row| {
            let conversation = conversations.get(&row.id)?;
            Some(session_of(row, conversation))
        });
        Ok(sessions.collect())
    }
}

#[async_trait]
impl SessionRepository for SeaOrmSessionRepository {
    async fn insert(&self, session: &Session) -> Result<(), StorageError> {
        let tx = self.db.begin().await?;
        self.store(&tx, session).await?;
        Ok(tx.commit().await?)
    }

    async fn insert_only(&self, session: &Session) -> Result<bool, StorageError> {
        // Alone, so that no two can both find none.
        let tx = self.db.begin_alone(&format!("session of {}", session.user_id)).await?;
        let active = Entity::find()
            .filter(Column::UserId.eq(session.user_id.as_str()))
            .filter(Column::Status.eq(SessionStatus::Active.as_str()));
        if active.one(&tx).await?.is_some() {
            return Ok(false);
        }
        self.store(&tx, session).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn find(&self, id: ConversationId) -> Result<Option<Session>, StorageError> {
        let row = Entity::find_by_id(id.0).one(self.db.read()).await?;
        Ok(self.with_activity(row.into_iter().collect()).await?.pop())
    }

    async fn update(
        &self,
        id: ConversationId,
        change: ChangeSession,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let tx = self.db.begin().await?;
        let mut update = Entity::update_many()
            .filter(Column::Id.eq(id.0))
            .col_expr(Column::UpdatedAt, Expr::value(now));
        if let Some(title) = change.title {
            update = update.col_expr(Column::Title, Expr::value(title));
        }
        if let Some(status) = change.status {
            update = update.col_expr(Column::Status, Expr::value(status.as_str()));
        }
        if let Some(metadata) = change.metadata {
            update = update.col_expr(Column::Metadata, Expr::value(Value::Object(metadata)));
        }
        update.exec(&tx).await?;
        Ok(tx.commit().await?)
    }

    async fn remove(&self, id: ConversationId) -> Result<bool, StorageError> {
        let tx = self.db.begin().await?;
        let removed = Entity::delete_by_id(id.0).exec(&tx).await?.rows_affected;
        self.conversations.end(&tx, id).await?;
        if removed == 0 {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn list(
        &self,
        user: &UserId,
        status: Option<SessionStatus>,
        after: Option<ConversationId>,
        limit: u64,
    ) -> Result<Vec<Session>, StorageError> {
        let mut rows = Entity::find().filter(Column::UserId.eq(user.as_str()));
        if let Some(status) = status {
            rows = rows.filter(Column::Status.eq(status.as_str()));
        }
        if let Some(after) = after {
            rows = rows.filter(Column::Id.lt(after.0));
        }
        let rows = rows.order_by_desc(Column::Id).limit(limit).all(self.db.read()).await?;
        self.with_activity(rows).await
    }
}

fn session_of(row: Model, conversation: &Conversation) -> Session {
    Session {
        id: ConversationId(row.id),
        user_id: row.user_id.into(),
        title: row.title,
        status: SessionStatus::parse(&row.status),
        metadata: row.metadata.as_object().cloned().unwrap_or_default(),
        message_count: conversation.message_count,
        created_at: row.created_at,
        updated_at: row.updated_at,
        last_activity_at: conversation.last_activity_at,
    }
}
