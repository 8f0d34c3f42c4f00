//! Where users are kept; their logins are in [`logins`].

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use database::{Database, StorageError};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::NotSet,
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};

pub(crate) mod logins;

use crate::{
    AuthError,
    entity::{
        login,
        user::{ActiveModel, Column, Entity, Model},
    },
    user::{Role, Status, User, UserId, UserType},
};

/// Keeps users.
#[async_trait]
pub(crate) trait UserRepository: Send + Sync {
    /// Stores a new user; [`AuthError::EmailTaken`] if the address belongs to another.
    async fn insert(&self, user: &User) -> Result<(), AuthError>;

    /// Stores a new user, unless there is one with this id, and gives the one there is.
    async fn find_or_insert(&self, user: &User) -> Result<User, StorageError>;

    /// Stores what has changed about a user.
    async fn update(&self, user: &User) -> Result<(), StorageError>;

    /// Users who were changed since then, and not only made.
    async fn changed_since(&self, since: DateTime<Utc>) -> Result<Vec<User>, StorageError>;

    /// Users who may not come in.
    async fn disabled(&self) -> Result<Vec<User>, StorageError>;

    /// Removes at most `count` guests who came before then and have not refreshed since.
    async fn remove_guests(&self, before: DateTime<Utc>, count: u64) -> Result<u64, StorageError>;

    /// The user with this id.
    async fn by_id(&self, id: &UserId) -> Result<Option<User>, StorageError>;

    /// At most `count` users, in the order of their ids, behind the one with this id.
    async fn page(&self, after: Option<&UserId>, count: u64) -> Result<Vec<User>, StorageError>;

    /// The user with this address, which is in lower case.
    async fn by_email(&self, email: &str) -> Result<Option<User>, StorageError>;

    /// Stores when users were there last, unless that is older than what is stored.
    async fn save_last_seen(&self, users: &[(UserId, DateTime<Utc>)]) -> Result<(), StorageError>;

    /// When those of `ids` were there last of whom that is stored.
    async fn last_seen(
        &self,
        ids: &[UserId],
    ) -> Result<HashMap<UserId, DateTime<Utc>>, StorageError>;

    /// Display names of those of `ids` that exist.
    async fn display_names(&self, ids: &[UserId]) -> Result<HashMap<UserId, String>, StorageError>;
}

/// [`UserRepository`] on the table `users`.
pub(crate) struct SeaOrmUserRepository {
    db: Arc<Database>,
}

impl SeaOrmUserRepository {
    pub(crate) fn bind(db: Arc<Database>) -> Arc<dyn UserRepository> {
        Arc::new(Self { db })
    }
}

#[async_trait]
impl UserRepository for SeaOrmUserRepository {
    async fn insert(&self, user: &User) -> Result<(), AuthError> {
        let tx = self.db.begin().await?;
        let row = Model::from(user).into_active_model();
        let inserted = Entity::insert(row).exec_without_returning(&tx).await;
        match inserted.map_err(StorageError::from) {
            Ok(_) => Ok(tx.commit().await?),
            Err(error) if error.is_duplicate() => Err(AuthError::EmailTaken),
            Err(error) => Err(error.into()),
        }
    }

    async fn find_or_insert(&self, user: &User) -> Result<User, StorageError> {
        let tx = self.db.begin().await?;
        let row = Model::from(user).into_active_model();
        // Of two who come at once, the second waits for the first to commit.
        let keep = OnConflict::column(Column::Id).do_nothing().to_owned();
        Entity::insert(row).on_conflict(keep).exec_without_returning(&tx).await?;
        let found = Entity::find_by_id(user.id.as_str()).one(&tx).await?;
        tx.commit().await?;
        Ok(found.map_or_else(|| user.clone(), User::from))
    }

    async fn update(&self, user: &User) -> Result<(), StorageError> {
        let tx = self.db.begin().await?;
        let row = Model::from(user).into_active_model().reset_all();
        // That is not what changes about a user.
        ActiveModel { last_seen_at: NotSet, ..row }.update(&tx).await?;
        Ok(tx.commit().await?)
    }

    async fn changed_since(&self, since: DateTime<Utc>) -> Result<Vec<User>, StorageError> {
        let changed = Entity::find()
            .filter(Column::UpdatedAt.gte(since))
            .filter(Expr::col(Column::UpdatedAt).gt(Expr::col(Column::CreatedAt)));
        Ok(changed.all(self.db.read()).await?.into_iter().map(User::from).collect())
    }

    async fn disabled(&self) -> Result<Vec<User>, StorageError> {
        let disabled = Entity::find().filter(Column::Status.ne(Status::Active.as_str()));
        Ok(disabled.all(self.db.read()).await?.into_iter().map(User::from).collect())
    }

    async fn remove_guests(&self, before: DateTime<Utc>, count: u64) -> Result<u64, StorageError> {
        let mut seen = Query::select();
        seen.expr(Expr::value(1))
            .from(login::Entity)
            .and_where(
                Expr::col((login::Entity, login::Column::UserId))
                    .eq(Expr::col((Entity, Column::Id))),
            )
            .and_where(login::Column::LastSeenAt.gte(before));
        let mut gone = Query::select();
        gone.column(Column::Id)
            .from(Entity)
            .and_where(Column::UserType.eq(UserType::Guest.as_str()))
            .and_where(Column::CreatedAt.lt(before))
            .and_where(Expr::exists(seen).not())
            .limit(count);
        let tx = self.db.begin().await?;
        let removed = Entity::delete_many().filter(Column::Id.in_subquery(gone)).exec(&tx).await?;
        tx.commit().await?;
        Ok(removed.rows_affected)
    }

    async fn by_id(&self, id: &UserId) -> Result<Option<User>, StorageError> {
        let row = Entity::find_by_id(id.as_str()).one(self.db.read()).await?;
        Ok(row.map(User::from))
    }

    async fn page(&self, after: Option<&UserId>, count: u64) -> Result<Vec<User>, StorageError> {
        let mut users = Entity::find().order_by_asc(Column::Id).limit(count);
        if let Some(after) = after {
            users = users.filter(Column::Id.gt(after.as_str()));
        }
        Ok(users.all(self.db.read()).await?.into_iter().map(User::from).collect())
    }

    async fn by_email(&self, email: &str) -> Result<Option<User>, StorageError> {
        let row = Entity::find().filter(Column::Email.eq(email)).one(self.db.read()).await?;
        Ok(row.map(User::from))
    }

    async fn save_last_seen(&self, users: &[(UserId, DateTime<Utc>)]) -> Result<(), StorageError> {
        let tx = self.db.begin().await?;
        for (user, at) in users {
            let older = Column::LastSeenAt.is_null().or(Column::LastSeenAt.lt(*at));
            Entity::update_many()
                .col_expr(Column::LastSeenAt, Expr::value(*at))
                .filter(Column::Id.eq(user.as_str()))
                .filter(older)
                .exec(&tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    async fn last_seen(
        &self,
        ids: &[UserId],
    ) -> Result<HashMap<UserId, DateTime<Utc>>, StorageError> {
        let rows: Vec<(String, DateTime<Utc>)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::LastSeenAt])
            .filter(Column::Id.is_in(ids.iter().map(UserId::as_str)))
            .filter(Column::LastSeenAt.is_not_null())
            .into_tuple()
            .all(self.db.read())
            .await?;
        Ok(rows.into_iter().map(|(id, at)| (id.into(), at)).collect())
    }

    async fn display_names(&self, ids: &[UserId]) -> Result<HashMap<UserId, String>, StorageError> {
        let rows: Vec<(String, String)> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::DisplayName])
            .filter(Column::Id.is_in(ids.iter().map(UserId::as_str)))
            .into_tuple()
            .all(self.db.read())
            .await?;
        Ok(rows.into_iter().map(|(id, name)| (id.into(), name)).collect())
    }
}

impl From<&User> for Model {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.clone(),
            display_name: user.display_name.clone(),
            password_hash: user.password_hash.clone(),
            user_type: user.user_type.as_str().to_owned(),
            role: user.role.as_str().to_owned(),
            scope: user.scope.clone(),
            status: user.status.as_str().to_owned(),
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_seen_at: None,
        }
    }
}

/// A type, role or status that this version does not know gets the fewest rights.
impl From<Model> for User {
    fn from(row: Model) -> Self {
        Self {
            id: row.id.into(),
            email: row.email,
            display_name: row.display_name,
            password_hash: row.password_hash,
            user_type: UserType::parse(&row.user_type).unwrap_or(UserType::Guest),
            role: Role::parse(&row.role).unwrap_or(Role::User),
            scope: row.scope,
            status: Status::parse(&row.status).unwrap_or(Status::Disabled),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}
