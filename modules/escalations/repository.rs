//! Where escalations are kept.

use std::sync::Arc;

use async_trait::async_trait;
use auth::UserId;
use chrono::{DateTime, Utc};
use database::{Database, StorageError};
use delivery::{ClaimSource, ConversationId, ConversationKind};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select, sea_query::OnConflict,
};

use crate::{
    entity::{
        escalation::{Column, Entity, Model},
        told,
    },
    error::EscalationError,
    escalation::{Escalation, EscalationId, EscalationStatus, Priority, Step},
};

/// Keeps escalations, and up to which one each supervisor was told.
#[async_trait]
pub(crate) trait EscalationRepository: ClaimSource {
    /// Stores a new escalation under the next number, which is given to it, unless `most` of its
    /// conversation are not resolved. Tells whether it has.
    async fn insert(&self, escalation: &mut Escalation, most: u64) -> Result<bool, StorageError>;

    /// The escalation with this id.
    async fn find(&self, id: EscalationId) -> Result<Option<Escalation>, StorageError>;

    /// At most `limit` escalations, newest first, from the one after the number `after`.
    async fn list(
        &self,
        status: Option<EscalationStatus>,
        after: Option<i64>,
        limit: u64,
    ) -> Result<Vec<Escalation>, StorageError>;

    /// Lets an escalation [take](Escalation::take) a step, and tells what it is then, and
    /// whether that has changed anything.
    async fn step(
        &self,
        id: EscalationId,
        step: Step,
        by: &UserId,
        now: DateTime<Utc>,
    ) -> Result<(Escalation, bool), EscalationError>;

    /// Whether somebody has claimed an escalation of the conversation that is not resolved.
    async fn is_claimed(&self, id: ConversationId) -> Result<bool, StorageError>;

    /// The newest `limit` open escalations behind a number, oldest first.
    async fn open_behind(&self, number: i64, limit: u64) -> Result<Vec<Escalation>, StorageError>;

    /// Number of the last escalation that a user was told; 0 for none.
    async fn told(&self, user: &UserId) -> Result<i64, StorageError>;

    /// Notes that a user was told the escalations up to `number`.
    async fn set_told(&self, user: &UserId, number: i64) -> Result<(), StorageError>;
}

/// [`EscalationRepository`] on the tables `escalations` and `escalations_told`.
pub(crate) struct SeaOrmEscalationRepository {
    db: Arc<Database>,
}

impl SeaOrmEscalationRepository {
    pub(crate) fn bind(db: Arc<Database>) -> Arc<dyn EscalationRepository> {
        Arc::new(Self { db })
    }
}

#[async_trait]
impl EscalationRepository for SeaOrmEscalationRepository {
    async fn insert(&self, escalation: &mut Escalation, most: u64) -> Result<bool, StorageError> {
        // Alone, so that numbers are committed in their order.
        let tx = self.db.begin_alone("escalations").await?;
        let waiting = Entity::find()
            .filter(Column::ConversationId.eq(escalation.conversation.0))
            .filter(Column::Status.ne(EscalationStatus::Resolved.as_str()));
        if waiting.count(&tx).await? >= most {
            return Ok(false);
        }
        let last: Option<i64> = Entity::find()
            .select_only()
            .column(Column::Number)
            .order_by_desc(Column::Number)
            .into_tuple()
            .one(&tx)
            .await?;
        escalation.number = last.unwrap_or_default() + 1;
        let row = row_of(escalation).into_active_model();
        Entity::insert(row).exec_without_returning(&tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn find(&self, id: EscalationId) -> Result<Option<Escalation>, StorageError> {
        let row = Entity::find_by_id(id.0).one(self.db.read()).await?;
        Ok(row.and_then(escalation_of))
    }

    async fn list(
        &self,
        status: Option<EscalationStatus>,
        after: Option<i64>,
        limit: u64,
    ) -> Result<Vec<Escalation>, StorageError> {
        let mut rows = Entity::find();
        if let Some(status) = status {
            rows = rows.filter(Column::Status.eq(status.as_str()));
        }
        if let Some(after) = after {
            rows = rows.filter(Column::Number.lt(after));
        }
        let rows = rows.order_by_desc(Column::Number).limit(limit).all(self.db.read()).await?;
        Ok(rows.into_iter().filter_map(escalation_of).collect())
    }

    async fn step(
        &self,
        id: EscalationId,
        step: Step,
        by: &UserId,
        now: DateTime<Utc>,
    ) -> Result<(Escalation, bool), EscalationError> {
        // Alone, so that of two who claim at once one is refused.
        let tx = self.db.begin_alone(&format!("escalation {id}")).await?;
        let row = Entity::find_by_id(id.0).one(&tx).await.map_err(StorageError::from)?;
        let mut escalation = row.and_then(escalation_of).ok_or(EscalationError::NotFound)?;
        let changed = escalation.take(step, by, now)?;
        if changed {
            let row = row_of(&escalation).into_active_model().reset_all();
            row.update(&tx).await.map_err(StorageError::from)?;
            tx.commit().await?;
        }
        Ok((escalation, changed))
    }

    async fn is_claimed(&self, id: ConversationId) -> Result<bool, StorageError> {
        Ok(claimed(id).one(self.db.read()).await?.is_some())
    }

    async fn open_behind(&self, number: i64, limit: u64) -> Result<Vec<Escalation>, StorageError> {
        let rows = Entity::find()
            .filter(Column::Status.eq(EscalationStatus::Open.as_str()))
            .filter(Column::Number.gt(number))
            .order_by_desc(Column::Number)
            .limit(limit)
            .all(self.db.read())
            .await?;
        Ok(rows.into_iter().rev().filter_map(escalation_of).collect())
    }

    async fn told(&self, user: &UserId) -> Result<i64, StorageError> {
        let row = told::Entity::find_by_id(user.to_string()).one(self.db.read()).await?;
        Ok(row.map_or(0, |it| it.number))
    }

    async fn set_told(&self, user: &UserId, number: i64) -> Result<(), StorageError> {
        let tx = self.db.begin().await?;
        let row = told::Model { user_id: user.to_string(), number };
        told::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::column(told::Column::UserId).do_nothing().to_owned())
            .exec_without_returning(&tx)
            .await?;
        // Two sockets of a user may have been told different ones.
        told::Entity::update_many()
            .filter(told::Column::UserId.eq(user.as_str()))
            .filter(told::Column::Number.lt(number))
            .col_expr(told::Column::Number, number.into())
            .exec(&tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

#[async_trait]
impl ClaimSource for SeaOrmEscalationRepository {
    async fn has_claimed(
        &self,
        user: &UserId,
        conversation: ConversationId,
    ) -> Result<bool, StorageError> {
        let claimed = claimed(conversation).filter(Column::ClaimedBy.eq(user.as_str()));
        Ok(claimed.one(self.db.read()).await?.is_some())
    }
}

/// Escalations of a conversation that are claimed, and not resolved.
fn claimed(conversation: ConversationId) -> Select<Entity> {
    Entity::find()
        .filter(Column::ConversationId.eq(conversation.0))
        .filter(Column::Status.eq(EscalationStatus::Claimed.as_str()))
}

fn row_of(it: &Escalation) -> Model {
    let (claimed, resolved) = (it.claimed.clone(), it.resolved.clone());
    Model {
        id: it.id.0,
        number: it.number,
        conversation_id: it.conversation.0,
        kind: it.kind.as_str().to_owned(),
        created_by: it.created_by.to_string(),
        reason: it.reason.clone(),
        priority: it.priority.as_str().to_owned(),
        status: it.status.as_str().to_owned(),
        claimed_by: claimed.as_ref().map(|it| it.0.to_string()),
        claimed_at: claimed.map(|it| it.1),
        resolved_by: resolved.as_ref().map(|it| it.0.to_string()),
        resolved_at: resolved.map(|it| it.1),
        created_at: it.created_at,
    }
}

/// The escalation in a row; none if its conversation is of a kind that this version lacks.
fn escalation_of(row: Model) -> Option<Escalation> {
    Some(Escalation {
        id: EscalationId(row.id),
        number: row.number,
        conversation: ConversationId(row.conversation_id),
        kind: ConversationKind::parse(&row.kind)?,
        created_by: row.created_by.into(),
        reason: row.reason,
        priority: Priority::parse(&row.priority),
        status: EscalationStatus::parse(&row.status),
        claimed: row.claimed_by.map(UserId::from).zip(row.claimed_at),
        resolved: row.resolved_by.map(UserId::from).zip(row.resolved_at),
        created_at: row.created_at,
    })
}
