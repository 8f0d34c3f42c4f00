//! Where the members of rooms are kept.

use std::sync::Arc;

use async_trait::async_trait;
use auth::UserId;
use chrono::{DateTime, Utc};
use database::{Database, StorageError};
use delivery::ConversationId;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::member_row;
use crate::{
    entity::member::{Column, Entity, Model},
    error::RoomError,
    member::{Changer, Member},
    room::MemberRole,
};

/// What is to become of a member.
#[derive(Debug, Clone)]
pub(crate) struct ChangeMember {
    pub(crate) room: ConversationId,
    pub(crate) user: UserId,
    /// None for one who is to leave.
    pub(crate) role: Option<MemberRole>,
    pub(crate) by: Changer,
}

/// Keeps members.
#[async_trait]
pub(crate) trait MemberRepository: Send + Sync {
    /// At most `limit` members, newest first, from the one after `after`.
    async fn list(
        &self,
        room: ConversationId,
        after: Option<(DateTime<Utc>, UserId)>,
        limit: u64,
    ) -> Result<Vec<Member>, StorageError>;

    /// Adds, changes or removes a member if [`Changer::require`] lets; tells what the user was
    /// before, and what the user is now.
    async fn change(
        &self,
        change: ChangeMember,
        now: DateTime<Utc>,
    ) -> Result<(Option<MemberRole>, Option<Member>), RoomError>;

    /// Up to which event the user has read each room, of which the user is a member.
    async fn last_read(
        &self,
        user: &UserId,
        rooms: &[ConversationId],
    ) -> Result<Vec<(ConversationId, i64)>, StorageError>;

    /// Notes that a member has read a room up to `seq`, unless the member has read further.
    async fn mark_read(
        &self,
        room: ConversationId,
        user: &UserId,
        seq: i64,
    ) -> Result<(), StorageError>;
}

/// [`MemberRepository`] on the table `members`.
pub(crate) struct SeaOrmMemberRepository {
    db: Arc<Database>,
}

impl SeaOrmMemberRepository {
    pub(crate) fn bind(db: Arc<Database>) -> Arc<dyn MemberRepository> {
        Arc::new(Self { db })
    }
}

#[async_trait]
impl MemberRepository for SeaOrmMemberRepository {
    async fn list(
        &self,
        room: ConversationId,
        after: Option<(DateTime<Utc>, UserId)>,
        limit: u64,
    ) -> Result<Vec<Member>, StorageError> {
        let mut rows = Entity::find().filter(Column::ConversationId.eq(room.0));
        if let Some((at, user)) = after {
            let at_once =
                Condition::all().add(Column::JoinedAt.eq(at)).add(Column::UserId.lt(user.as_str()));
            rows = rows.filter(Condition::any().add(Column::JoinedAt.lt(at)).add(at_once));
        }
        let rows = rows
            .order_by_desc(Column::JoinedAt)
            .order_by_desc(Column::UserId)
            .limit(limit)
            .all(self.db.read())
            .await?;
        Ok(rows.into_iter().map(Member::from).collect())
    }

    async fn change(
        &self,
        change: ChangeMember,
        now: DateTime<Utc>,
    ) -> Result<(Option<MemberRole>, Option<Member>), RoomError> {
        let ChangeMember { room, user, role, by } = change;
        // Alone, so that of two owners who leave at once one stays.
        let tx = self.db.begin_alone(&format!("members of {room}")).await?;
        let row = Entity::find_by_id((room.0, user.to_string())).one(&tx).await;
        let row = row.map_err(StorageError::from)?;
        let before = row.as_ref().map(|it| MemberRole::parse(&it.role));
        let owners = Entity::find()
            .filter(Column::ConversationId.eq(room.0))
            .filter(Column::Role.eq(MemberRole::Owner.as_str()));
        let owners = owners.count(&tx).await.map_err(StorageError::from)?;
        by.require(before, role, owners)?;
        let stored = match (row, role) {
            (Some(row), Some(role)) => {
                let mut row = row.into_active_model();
                row.role = Set(role.as_str().to_owned());
                row.update(&tx).await.map(Some)
            }
            (None, Some(role)) => {
                let row = member_row(room, &user, role, now).into_active_model();
                Entity::insert(row).exec_with_returning(&tx).await.map(Some)
            }
            (_, None) => {
                Entity::delete_by_id((room.0, user.to_string())).exec(&tx).await.map(|_| None)
            }
        };
        let stored = stored.map_err(StorageError::from)?;
        tx.commit().await?;
        Ok((before, stored.map(Member::from)))
    }

    async fn last_read(
        &self,
        user: &UserId,
        rooms: &[ConversationId],
    ) -> Result<Vec<(ConversationId, i64)>, StorageError> {
        let rows: Vec<(uuid::Uuid, i64)> = Entity::find()
            .select_only()
            .columns([Column::ConversationId, Column::LastReadSeq])
            .filter(Column::UserId.eq(user.as_str()))
            .filter(Column::ConversationId.is_in(rooms.iter().map(|it| it.0)))
            .into_tuple()
            .all(self.db.read())
            .await?;
        Ok(rows.into_iter().map(|(id, seq)| (ConversationId(id), seq)).collect())
    }

    async fn mark_read(
        &self,
        room: ConversationId,
        user: &UserId,
        seq: i64,
    ) -> Result<(), StorageError> {
        let tx = self.db.begin().await?;
        Entity::update_many()
            .filter(Column::ConversationId.eq(room.0))
            .filter(Column::UserId.eq(user.as_str()))
            .filter(Column::LastReadSeq.lt(seq))
            .col_expr(Column::LastReadSeq, seq.into())
            .exec(&tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

impl From<Model> for Member {
    fn from(row: Model) -> Self {
        Self {
            room: ConversationId(row.conversation_id),
            user_id: row.user_id.into(),
            role: MemberRole::parse(&row.role),
            joined_at: row.joined_at,
        }
    }
}
