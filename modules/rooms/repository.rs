//! Where rooms and their members are kept.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use auth::UserId;
use chrono::{DateTime, Utc};
use database::{Backend, Database, StorageError};
use delivery::{ConversationId, ConversationKind, Conversations, Participant, Unread};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, Order, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
    sea_query::{CaseStatement, Expr, ExprTrait, OnConflict, Query},
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    entity::{member, room},
    room::{ChangeRoom, MemberRole, Room, Visibility},
};

pub(crate) mod members;

/// Which rooms are listed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RoomFilter {
    /// All that are public.
    Public,
    /// Those that the user is a member of.
    OfMember(UserId),
}

/// Keeps rooms and members.
#[async_trait]
pub(crate) trait RoomRepository: Send + Sync {
    /// Whether other processes change memberships in the same tables.
    fn is_shared(&self) -> bool;

    /// Stores a new room with its creator as owner.
    async fn insert(&self, room: &Room) -> Result<(), StorageError>;

    /// The room with this id.
    async fn find(&self, id: ConversationId) -> Result<Option<Room>, StorageError>;

    /// Changes a room, if there is one.
    async fn update(
        &self,
        id: ConversationId,
        change: ChangeRoom,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError>;

    /// Removes a room and its members, and ends the conversation that it is. Tells whether
    /// there was one.
    async fn remove(&self, id: ConversationId) -> Result<bool, StorageError>;

    /// At most `limit` rooms, newest first, from the one after `after`.
    async fn list(
        &self,
        filter: &RoomFilter,
        after: Option<ConversationId>,
        limit: u64,
    ) -> Result<Vec<Room>, StorageError>;

    /// Who may join the room; `None` if there is no such room.
    async fn visibility(&self, id: ConversationId) -> Result<Option<Visibility>, StorageError>;

    /// What the user is in the room, if a member.
    async fn role(
        &self,
        id: ConversationId,
        user: &UserId,
    ) -> Result<Option<MemberRole>, StorageError>;

    /// Makes the user a member. One who is a member stays what they are.
    async fn add_member(
        &self,
        id: ConversationId,
        user: &UserId,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError>;

    /// The first `limit` members, owners first, and how many there are.
    async fn members(
        &self,
        id: ConversationId,
        limit: u64,
    ) -> Result<(Vec<Participant>, u64), StorageError>;
}

/// [`RoomRepository`] on the tables `rooms` and `members`.
pub(crate) struct SeaOrmRoomRepository {
    db: Arc<Database>,
    conversations: Arc<Conversations>,
}

impl SeaOrmRoomRepository {
    pub(crate) fn bind(
        db: Arc<Database>,
        conversations: Arc<Conversations>,
    ) -> Arc<dyn RoomRepository> {
        Arc::new(Self { db, conversations })
    }

    /// The rooms of rows, each with its number of members.
    async fn with_counts(&self, rows: Vec<room::Model>) -> Result<Vec<Room>, StorageError> {
        let counts: Vec<(Uuid, i64)> = member::Entity::find()
            .select_only()
            .column(member::Column::ConversationId)
            .column_as(member::Column::UserId.count(), "members")
            .filter(member::Column::ConversationId.is_in(rows.iter().map(|it| it.id)))
            .group_by(member::Column::ConversationId)
            .into_tuple()
            .all(self.db.read())
            .await?;
        let counts: HashMap<_, _> = counts.into_iter().collect();
        let rooms = rows.into_iter().map(|row| {
            let count = counts.get(&row.id).copied().unwrap_or_default();
            room_of(row, count.unsigned_abs())
        });
        Ok(rooms.collect())
    }
}

#[async_trait]
impl RoomRepository for SeaOrmRoomRepository {
    fn is_shared(&self) -> bool {
        self.db.backend() == Backend::Postgres
    }

    async fn insert(&self, room: &Room) -> Result<(), StorageError> {
        let tx = self.db.begin().await?;
        let kind = ConversationKind::Room;
        self.conversations.begin(&tx, room.id, kind, room.created_at).await?;
        let row = room::Model {
            id: room.id.0,
            name: room.name.clone(),
            visibility: room.visibility.as_str().to_owned(),
            created_by: room.created_by.to_string(),
            metadata: Value::Object(room.metadata.clone()),
            created_at: room.created_at,
            updated_at: room.updated_at,
        };
        room::Entity::insert(row.into_active_model()).exec_without_returning(&tx).await?;
        let owner = member_row(room.id, &room.created_by, MemberRole::Owner, room.created_at);
        member::Entity::insert(owner.into_active_model()).exec_without_returning(&tx).await?;
        Ok(tx.commit().await?)
    }

    async fn find(&self, id: ConversationId) -> Result<Option<Room>, StorageError> {
        let row = room::Entity::find_by_id(id.0).one(self.db.read()).await?;
        Ok(self.with_counts(row.into_iter().collect()).await?.pop())
    }

    async fn update(
        &self,
        id: ConversationId,
        change: ChangeRoom,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let tx = self.db.begin().await?;
        let mut update = room::Entity::update_many()
            .filter(room::Column::Id.eq(id.0))
            .col_expr(room::Column::UpdatedAt, Expr::value(now));
        if let Some(name) = change.name {
            update = update.col_expr(room::Column::Name, Expr::value(name));
        }
        if let Some(visibility) = change.visibility {
            update = update.col_expr(room::Column::Visibility, Expr::value(visibility.as_str()));
        }
        if let Some(metadata) = change.metadata {
            update = update.col_expr(room::Column::Metadata, Expr::value(Value::Object(metadata)));
        }
        update.exec(&tx).await?;
        Ok(tx.commit().await?)
    }

    async fn remove(&self, id: ConversationId) -> Result<bool, StorageError> {
        let tx = self.db.begin().await?;
        let removed = room::Entity::delete_by_id(id.0).exec(&tx).await?.rows_affected;
        let members = member::Column::ConversationId.eq(id.0);
        member::Entity::delete_many().filter(members).exec(&tx).await?;
        self.conversations.end(&tx, id).await?;
        if removed == 0 {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn list(
        &self,
        filter: &RoomFilter,
        after: Option<ConversationId>,
        limit: u64,
    ) -> Result<Vec<Room>, StorageError> {
        let mut rows = matching(filter).order_by_desc(room::Column::Id).limit(limit);
        if let Some(after) = after {
            rows = rows.filter(room::Column::Id.lt(after.0));
        }
        let rows = rows.all(self.db.read()).await?;
        self.with_counts(rows).await
    }

    async fn visibility(&self, id: ConversationId) -> Result<Option<Visibility>, StorageError> {
        let name: Option<String> = room::Entity::find_by_id(id.0)
            .select_only()
            .column(room::Column::Visibility)
            .into_tuple()
            .one(self.db.read())
            .await?;
        Ok(name.map(|it| Visibility::parse(&it)))
    }

    async fn role(
        &self,
        id: ConversationId,
        user: &UserId,
    ) -> Result<Option<MemberRole>, StorageError> {
        let name: Option<String> = member::Entity::find_by_id((id.0, user.to_string()))
            .select_only()
            .column(member::Column::Role)
            .into_tuple()
            .one(self.db.read())
            .await?;
        Ok(name.map(|it| MemberRole::parse(&it)))
    }

    async fn add_member(
        &self,
        id: ConversationId,
        user: &UserId,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let tx = self.db.begin().await?;
        let row = member_row(id, user, MemberRole::Member, now);
        let key = [member::Column::ConversationId, member::Column::UserId];
        member::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
            .exec_without_returning(&tx)
            .await?;
        Ok(tx.commit().await?)
    }

    async fn members(
        &self,
        id: ConversationId,
        limit: u64,
    ) -> Result<(Vec<Participant>, u64), StorageError> {
        let all = member::Entity::find().filter(member::Column::ConversationId.eq(id.0));
        let count = all.clone().count(self.db.read()).await?;
        let rows: Vec<(String, String)> = all
            .select_only()
            .columns([member::Column::UserId, member::Column::Role])
            .order_by(owners_first(), Order::Asc)
            .order_by_asc(member::Column::JoinedAt)
            .order_by_asc(member::Column::UserId)
            .limit(limit)
            .into_tuple()
            .all(self.db.read())
            .await?;
        let members = rows.into_iter().map(|(user, role)| Participant {
            user_id: user.into(),
            role: MemberRole::parse(&role).as_str(),
        });
        Ok((members.collect(), count))
    }
}

fn matching(filter: &RoomFilter) -> Select<room::Entity> {
    match filter {
        RoomFilter::Public => {
            room::Entity::find().filter(room::Column::Visibility.eq(Visibility::Public.as_str()))
        }
        RoomFilter::OfMember(user) => {
            let theirs = Query::select()
                .column(member::Column::ConversationId)
                .from(member::Entity)
                .and_where(member::Column::UserId.eq(user.as_str()))
                .to_owned();
            room::Entity::find().filter(room::Column::Id.in_subquery(theirs))
        }
    }
}

fn owners_first() -> Expr {
    let role = |role: MemberRole| Expr::col(member::Column::Role).eq(role.as_str());
    CaseStatement::new()
        .case(role(MemberRole::Owner), 0)
        .case(role(MemberRole::Moderator), 1)
        .finally(2)
        .into()
}

fn member_row(
    id: ConversationId,
    user: &UserId,
    role: MemberRole,
    now: DateTime<Utc>,
) -> member::Model {
    member::Model {
        conversation_id: id.0,
        user_id: user.to_string(),
        role: role.as_str().to_owned(),
        last_read_seq: 0,
        joined_at: now,
    }
}

fn room_of(row: room::Model, member_count: u64) -> Room {
    Room {
        id: ConversationId(row.id),
        name: row.name,
        visibility: Visibility::parse(&row.visibility),
        created_by: row.created_by.into(),
        metadata: row.metadata.as_object().cloned().unwrap_or_default(),
        member_count,
        unread: Unread::default(),
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}
