//! Where users are kept; their logins are in [`logins`].

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use database::{Database, StorageError};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
};

pub(crate) mod logins;

use crate::{
    AuthError,
    entity::user::{Column, Entity, Model},
    user::{Role, User, UserId, UserType},
};

/// Keeps users.
#[async_trait]
pub(crate) trait UserRepository: Send + Sync {
    /// Stores a new user; [`AuthError::EmailTaken`] if the address belongs to another.
    async fn insert(&self, user: &User) -> Result<(), AuthError>;

    /// Stores what has changed about a user.
    async fn update(&self, user: &User) -> Result<(), StorageError>;

    /// The user with this id.
    async fn by_id(&self, id: &UserId) -> Result<Option<User>, StorageError>;

    /// The user with this address, which is in lower case.
    async fn by_email(&self, email: &str) -> Result<Option<User>, StorageError>;

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
            Ok(_) => Ok(tx.commit().await.map_err(StorageError::from)?),
            Err(error) if error.is_duplicate() => Err(AuthError::EmailTaken),
            Err(error) => Err(error.into()),
        }
    }

    async fn update(&self, user: &User) -> Result<(), StorageError> {
        let tx = self.db.begin().await?;
        Model::from(user).into_active_model().reset_all().update(&tx).await?;
        Ok(tx.commit().await?)
    }

    async fn by_id(&self, id: &UserId) -> Result<Option<User>, StorageError> {
        let row = Entity::find_by_id(id.as_str()).one(self.db.read()).await?;
        Ok(row.map(User::from))
    }

    async fn by_email(&self, email: &str) -> Result<Option<User>, StorageError> {
        let row = Entity::find().filter(Column::Email.eq(email)).one(self.db.read()).await?;
        Ok(row.map(User::from))
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
            status: "active".to_owned(),
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// A type or role that this version does not know gets the fewest rights.
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
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}
