//! Where logins and refresh tokens are kept.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use database::{Database, StorageError, Transaction};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use crate::{
    entity::{login, refresh_token},
    login::{Login, LoginId, NextToken, Rotation},
    refresh_token::{RefreshToken, is_retry},
    user::UserId,
};

/// Keeps logins and their refresh tokens.
#[async_trait]
pub(crate) trait LoginRepository: Send + Sync {
    /// Stores a new login with its first refresh token.
    async fn insert(
        &self,
        login: &Login,
        first: &NextToken,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError>;

    /// Exchanges a refresh token for `next`, or does what else is to be done with it.
    async fn rotate(
        &self,
        presented: &RefreshToken,
        next: NextToken,
        now: DateTime<Utc>,
    ) -> Result<Rotation, StorageError>;

    /// Revokes a login.
    async fn revoke(&self, id: LoginId, now: DateTime<Utc>) -> Result<(), StorageError>;

    /// Revokes all logins of a user, and gives those that were not revoked before.
    async fn revoke_all(
        &self,
        user: &UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Login>, StorageError>;

    /// Logins that were revoked since then, and when.
    async fn revoked_since(
        &self,
        since: DateTime<Utc>,
    ) -> Result<Vec<(Login, DateTime<Utc>)>, StorageError>;

    /// Removes at most `count` logins that nobody has used since `unused`, or that were revoked
    /// before `revoked`.
    async fn remove_ended(
        &self,
        unused: DateTime<Utc>,
        revoked: DateTime<Utc>,
        count: u64,
    ) -> Result<u64, StorageError>;
}

/// [`LoginRepository`] on the tables `logins` and `refresh_tokens`.
pub(crate) struct SeaOrmLoginRepository {
    db: Arc<Database>,
}

impl SeaOrmLoginRepository {
    pub(crate) fn bind(db: Arc<Database>) -> Arc<dyn LoginRepository> {
        Arc::new(Self { db })
    }
}

#[async_trait]
impl LoginRepository for SeaOrmLoginRepository {
    async fn insert(
        &self,
        login: &Login,
        first: &NextToken,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let tx = self.db.begin().await?;
        let row = login::Model {
            id: login.id.0,
            user_id: login.user_id.to_string(),
            created_at: now,
            last_seen_at: now,
            revoked_at: None,
        };
        login::Entity::insert(row.into_active_model()).exec_without_returning(&tx).await?;
        store(&tx, login.id.0, first).await?;
        Ok(tx.commit().await?)
    }

    async fn rotate(
        &self,
        presented: &RefreshToken,
        next: NextToken,
        now: DateTime<Utc>,
    ) -> Result<Rotation, StorageError> {
        let hash = presented.hash();
        // Of two who present the same token at the same time, one comes second.
        let tx = self.db.begin_alone(&hash).await?;
        let Some(token) = by_hash(&tx, &hash).await? else { return Ok(Rotation::Refused) };
        let login = login::Entity::find_by_id(token.login_id).one(&tx).await?;
        let login = login.filter(|it| it.revoked_at.is_none() && token.expires_at > now);
        let Some(login) = login.map(Login::from) else { return Ok(Rotation::Refused) };

        let Some(used_at) = token.used_at else {
            store(&tx, login.id.0, &next).await?;
            refresh_token::Entity::update_many()
                .col_expr(refresh_token::Column::UsedAt, Expr::value(now))
                .col_expr(
                    refresh_token::Column::Successor,
                    Expr::value(presented.seal(&next.token)),
                )
                .filter(refresh_token::Column::Id.eq(token.id))
                .exec(&tx)
                .await?;
            login::Entity::update_many()
                .col_expr(login::Column::LastSeenAt, Expr::value(now))
                .filter(login::Column::Id.eq(login.id.0))
                .exec(&tx)
                .await?;
            tx.commit().await?;
            return Ok(Rotation::Next(login, next.token));
        };

        let successor = token.successor.and_then(|it| presented.unseal(&it));
        if let Some(successor) = successor {
            let stored = by_hash(&tx, &successor.hash()).await?;
            let used = stored.is_none_or(|it| it.used_at.is_some());
            if is_retry(used_at, used, now) {
                // Once: what is forgotten here is not answered again.
                refresh_token::Entity::update_many()
                    .col_expr(refresh_token::Column::Successor, Expr::value(None::<String>))
                    .filter(refresh_token::Column::Id.eq(token.id))
                    .exec(&tx)
                    .await?;
                tx.commit().await?;
                return Ok(Rotation::Next(login, successor));
            }
        }
        revoke(&tx, login.id, now).await?;
        tx.commit().await?;
        Ok(Rotation::Reused(login))
    }

    async fn revoke(&self, id: LoginId, now: DateTime<Utc>) -> Result<(), StorageError> {
        let tx = self.db.begin().await?;
        revoke(&tx, id, now).await?;
        Ok(tx.commit().await?)
    }

    async fn revoke_all(
        &self,
        user: &UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Login>, StorageError> {
        let tx = self.db.begin().await?;
        let of_user = login::Column::UserId.eq(user.as_str());
        let revoked = login::Entity::update_many()
            .col_expr(login::Column::RevokedAt, Expr::value(now))
            .filter(of_user)
            .filter(login::Column::RevokedAt.is_null())
            .exec_with_returning(&tx)
            .await?;
        tx.commit().await?;
        Ok(revoked.into_iter().map(Login::from).collect())
    }

    async fn revoked_since(
        &self,
        since: DateTime<Utc>,
    ) -> Result<Vec<(Login, DateTime<Utc>)>, StorageError> {
        let revoked = login::Entity::find().filter(login::Column::RevokedAt.gte(since));
        let rows = revoked.all(self.db.read()).await?.into_iter();
        Ok(rows
            .filter_map(|it| Some((it.revoked_at?, it)))
            .map(|(at, it)| (it.into(), at))
            .collect())
    }

    async fn remove_ended(
        &self,
        unused: DateTime<Utc>,
        revoked: DateTime<Utc>,
        count: u64,
    ) -> Result<u64, StorageError> {
        let ended = login::Column::LastSeenAt.lt(unused).or(login::Column::RevokedAt.lt(revoked));
        let mut ids = Query::select();
        ids.column(login::Column::Id).from(login::Entity).and_where(ended).limit(count);
        let tx = self.db.begin().await?;
        let removed = login::Entity::delete_many()
            .filter(login::Column::Id.in_subquery(ids))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok(removed.rows_affected)
    }
}

async fn by_hash(
    tx: &Transaction,
    hash: &str,
) -> Result<Option<refresh_token::Model>, StorageError> {
    let found = refresh_token::Entity::find().filter(refresh_token::Column::TokenHash.eq(hash));
    Ok(found.one(tx).await?)
}

async fn store(tx: &Transaction, login: Uuid, next: &NextToken) -> Result<(), StorageError> {
    let row = refresh_token::Model {
        id: Uuid::now_v7(),
        login_id: login,
        token_hash: next.token.hash(),
        successor: None,
        used_at: None,
        expires_at: next.expires_at,
    };
    refresh_token::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    Ok(())
}

/// Revokes a login that is not revoked yet.
async fn revoke(tx: &Transaction, id: LoginId, now: DateTime<Utc>) -> Result<(), StorageError> {
    login::Entity::update_many()
        .col_expr(login::Column::RevokedAt, Expr::value(now))
        .filter(login::Column::Id.eq(id.0))
        .filter(login::Column::RevokedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}

impl From<login::Model> for Login {
    fn from(row: login::Model) -> Self {
        Self { id: LoginId(row.id), user_id: row.user_id.into() }
    }
}
