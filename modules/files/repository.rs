//! Where it is kept which files there are.

use std::sync::Arc;

use async_trait::async_trait;
use auth::UserId;
use chrono::{DateTime, SubsecRound, Utc};
use database::{Backend, Database, StorageError, Transaction};
use delivery::ConversationId;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use crate::{
    entity::{ActiveModel, Column, Entity, Model},
    file::{File, FileId, FileStatus},
};

/// Bytes that a file takes at least: a block of a disk, and a row. So a limit in bytes is one in files.
const LEAST: i64 = 4_096;

/// Keeps what is known of files; their bytes are in the storage.
#[async_trait]
pub(crate) trait FileRepository: Send + Sync {
    /// Whether other processes may use it, too, whose uploads are none of ours.
    fn is_shared(&self) -> bool;

    /// Bytes that the files of a user take, each [`LEAST`] at least.
    async fn taken(&self, uploader: &UserId) -> Result<u64, StorageError>;

    /// Notes that bytes are about to come.
    async fn begin(&self, id: FileId, uploader: &UserId) -> Result<(), StorageError>;

    /// Notes that all bytes of a file are stored, and tells whether they were still waited for.
    async fn complete(&self, file: &File) -> Result<bool, StorageError>;

    /// Notes how far a file is, if it was at `from` until now, and tells whether it was.
    async fn advance(
        &self,
        id: FileId,
        from: FileStatus,
        to: FileStatus,
    ) -> Result<bool, StorageError>;

    /// Notes that the bytes of a file are to be removed.
    async fn give_up(&self, id: FileId) -> Result<(), StorageError>;

    /// Gives up those of `ids` that `uploader` has brought to the conversation.
    async fn give_up_all(
        &self,
        tx: &Transaction,
        ids: &[FileId],
        uploader: &UserId,
        conversation: ConversationId,
    ) -> Result<(), StorageError>;

    /// A file whose bytes are stored.
    async fn find(&self, id: FileId) -> Result<Option<File>, StorageError>;

    /// At most `limit` files behind `after` that are stored, but not done with, since `before`.
    async fn unfinished(
        &self,
        before: DateTime<Utc>,
        after: Option<FileId>,
        limit: u64,
    ) -> Result<Vec<File>, StorageError>;

    /// Gives up at most `limit` files of a conversation, and tells how many those were.
    async fn forget(&self, id: ConversationId, limit: u64) -> Result<u64, StorageError>;

    /// At most `limit` files whose bytes are to be removed: those that were given up, and whose
    /// upload has begun before `before` and has not ended.
    async fn leftovers(
        &self,
        before: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<FileId>, StorageError>;

    /// Forgets files whose bytes are removed.
    async fn remove(&self, ids: &[FileId]) -> Result<(), StorageError>;
}

/// [`FileRepository`] on the table `files`.
pub(crate) struct SeaOrmFileRepository {
    db: Arc<Database>,
}

impl SeaOrmFileRepository {
    pub(crate) fn bind(db: Arc<Database>) -> Arc<dyn FileRepository> {
        Arc::new(Self { db })
    }

    /// Changes the rows that fit, and tells how many those were.
    async fn update(
        &self,
        which: Condition,
        status: FileStatus,
        now: DateTime<Utc>,
    ) -> Result<u64, StorageError> {
        let tx = self.db.begin().await?;
        let changed = update(&tx, which, status, now).await?;
        tx.commit().await?;
        Ok(changed)
    }
}

#[async_trait]
impl FileRepository for SeaOrmFileRepository {
    fn is_shared(&self) -> bool {
        self.db.backend() != Backend::Sqlite
    }

    async fn taken(&self, uploader: &UserId) -> Result<u64, StorageError> {
        let size = || Expr::col(Column::Size);
        let taken = Expr::case(ExprTrait::lt(size(), LEAST), LEAST).finally(size());
        let taken: Option<Option<i64>> = Entity::find()
            .select_only()
            // PostgreSQL's sum of `bigint` is none.
            .expr(ExprTrait::sum(taken).cast_as("bigint"))
            .filter(Column::UploaderId.eq(uploader.as_str()))
            .filter(Column::Status.ne(FileStatus::Removed.as_str()))
            .into_tuple()
            .one(self.db.read())
            .await?;
        Ok(taken.flatten().unwrap_or_default().cast_unsigned())
    }

    async fn begin(&self, id: FileId, uploader: &UserId) -> Result<(), StorageError> {
        let now = now();
        let row = Model {
            id: id.0,
            conversation_id: None,
            uploader_id: uploader.to_string(),
            name: String::new(),
            size: 0,
            content_type: String::new(),
            sha256: String::new(),
            status: FileStatus::Uploading.as_str().to_owned(),
            announce: false,
            created_at: now,
            unfinished_since: Some(now),
        };
        let tx = self.db.begin().await?;
        Entity::insert(row.into_active_model()).exec_without_returning(&tx).await?;
        Ok(tx.commit().await?)
    }

    async fn complete(&self, file: &File) -> Result<bool, StorageError> {
        let since = (file.status != FileStatus::Done).then(now);
        let row = ActiveModel {
            conversation_id: Set(Some(file.conversation.0)),
            name: Set(file.name.clone()),
            size: Set(file.size.cast_signed()),
            content_type: Set(file.content_type.clone()),
            sha256: Set(file.sha256.clone()),
            status: Set(file.status.as_str().to_owned()),
            announce: Set(file.announce),
            unfinished_since: Set(since),
            ..Default::default()
        };
        let tx = self.db.begin().await?;
        let completed = Entity::update_many()
            .filter(Column::Id.eq(file.id.0))
            .filter(Column::Status.eq(FileStatus::Uploading.as_str()))
            .set(row)
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok(completed.rows_affected > 0)
    }

    async fn advance(
        &self,
        id: FileId,
        from: FileStatus,
        to: FileStatus,
    ) -> Result<bool, StorageError> {
        let which = Condition::all().add(Column::Id.eq(id.0)).add(Column::Status.eq(from.as_str()));
        Ok(self.update(which, to, now()).await? > 0)
    }

    async fn give_up(&self, id: FileId) -> Result<(), StorageError> {
        let which = Condition::all().add(Column::Id.eq(id.0));
        self.update(which, FileStatus::Removed, now()).await.map(drop)
    }

    async fn give_up_all(
        &self,
        tx: &Transaction,
        ids: &[FileId],
        uploader: &UserId,
        conversation: ConversationId,
    ) -> Result<(), StorageError> {
        let which = Condition::all()
            .add(Column::Id.is_in(ids.iter().map(|it| it.0)))
            .add(Column::Status.ne(FileStatus::Removed.as_str()))
            .add(Column::UploaderId.eq(uploader.as_str()))
            .add(Column::ConversationId.eq(conversation.0));
        update(tx, which, FileStatus::Removed, now()).await.map(drop)
    }

    async fn find(&self, id: FileId) -> Result<Option<File>, StorageError> {
        let row = Entity::find_by_id(id.0).one(self.db.read()).await?;
        Ok(row.and_then(file_of))
    }

    async fn unfinished(
        &self,
        before: DateTime<Utc>,
        after: Option<FileId>,
        limit: u64,
    ) -> Result<Vec<File>, StorageError> {
        let stored = [FileStatus::Unscanned, FileStatus::Unannounced].map(FileStatus::as_str);
        let mut rows = Entity::find()
            .filter(Column::UnfinishedSince.is_not_null())
            .filter(Column::UnfinishedSince.lte(before))
            .filter(Column::Status.is_in(stored));
        if let Some(after) = after {
            rows = rows.filter(Column::Id.gt(after.0));
        }
        let rows = rows.order_by_asc(Column::Id).limit(limit).all(self.db.read()).await?;
        Ok(rows.into_iter().filter_map(file_of).collect())
    }

    async fn forget(&self, id: ConversationId, limit: u64) -> Result<u64, StorageError> {
        let some = Query::select()
            .column(Column::Id)
            .from(Entity)
            .and_where(Column::ConversationId.eq(id.0))
            .and_where(Column::Status.ne(FileStatus::Removed.as_str()))
            .limit(limit)
            .to_owned();
        let which = Condition::all().add(Column::Id.in_subquery(some));
        self.update(which, FileStatus::Removed, now()).await
    }

    async fn leftovers(
        &self,
        before: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<FileId>, StorageError> {
        let broken_off = Condition::all()
            .add(Column::Status.eq(FileStatus::Uploading.as_str()))
            .add(Column::UnfinishedSince.lt(before));
        let removed = Column::Status.eq(FileStatus::Removed.as_str());
        let ids: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::UnfinishedSince.is_not_null())
            .filter(Condition::any().add(broken_off).add(removed))
            .order_by_asc(Column::UnfinishedSince)
            .limit(limit)
            .into_tuple()
            .all(self.db.read())
            .await?;
        Ok(ids.into_iter().map(FileId).collect())
    }

    async fn remove(&self, ids: &[FileId]) -> Result<(), StorageError> {
        let tx = self.db.begin().await?;
        let which = Column::Id.is_in(ids.iter().map(|it| it.0));
        Entity::delete_many().filter(which).exec(&tx).await?;
        Ok(tx.commit().await?)
    }
}

async fn update(
    tx: &Transaction,
    which: Condition,
    status: FileStatus,
    now: DateTime<Utc>,
) -> Result<u64, StorageError> {
    let since = (status != FileStatus::Done).then_some(now);
    let update = Entity::update_many()
        .filter(which)
        .col_expr(Column::Status, Expr::value(status.as_str()))
        .col_expr(Column::UnfinishedSince, Expr::value(since));
    Ok(update.exec(tx).await?.rows_affected)
}

/// The file of a row, unless its bytes are still to come, or gone.
fn file_of(row: Model) -> Option<File> {
    let status = FileStatus::parse(&row.status);
    if matches!(status, FileStatus::Uploading | FileStatus::Removed) {
        return None;
    }
    Some(File {
        id: FileId(row.id),
        conversation: ConversationId(row.conversation_id?),
        uploader: row.uploader_id.into(),
        name: row.name,
        size: row.size.cast_unsigned(),
        content_type: row.content_type,
        sha256: row.sha256,
        status,
        announce: row.announce,
        created_at: row.created_at,
    })
}

fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
