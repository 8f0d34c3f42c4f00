//! Messages in SQLite, by SeaORM.

use chrono::DateTime;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection,
    DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr, TransactionTrait,
};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::message::Message;

/// Messages of one transaction.
const MOST_AT_ONCE: usize = 256;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS messages(
        id BLOB PRIMARY KEY, room_id BLOB NOT NULL, sender_id TEXT NOT NULL,
        client_message_id TEXT, content TEXT NOT NULL, created_at INTEGER NOT NULL
    );
    CREATE INDEX IF NOT EXISTS messages_of_room ON messages(room_id, created_at);
    CREATE UNIQUE INDEX IF NOT EXISTS messages_once
        ON messages(room_id, sender_id, client_message_id);
";

mod row {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "messages")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(super) id: Uuid,
        pub(super) room_id: Uuid,
        pub(super) sender_id: String,
        pub(super) client_message_id: Option<String>,
        pub(super) content: String,
        pub(super) created_at: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Where messages are kept.
pub(crate) struct Store {
    writer: DatabaseConnection,
    readers: DatabaseConnection,
    group: Option<mpsc::Sender<Job>>,
}

type Job = (row::ActiveModel, oneshot::Sender<Result<(), DbErr>>);

impl Store {
    pub(crate) async fn open(file: &str, in_groups: bool) -> Result<Self, DbErr> {
        let url = format!("sqlite://{file}?mode=rwc");
        let writer = connect(&url, 1).await?;
        writer.execute_unprepared(SCHEMA).await?;
        let readers = connect(&url, 4).await?;
        let group = in_groups.then(|| {
            let (jobs, inbox) = mpsc::channel(4_096);
            tokio::spawn(write_groups(writer.clone(), inbox));
            jobs
        });
        Ok(Self { writer, readers, group })
    }

    /// Returns when the message is durable, and whether it was so before.
    pub(crate) async fn add(&self, message: Message) -> Result<(Message, bool), DbErr> {
        let row = row_of(&message);
        let stored = match &self.group {
            None => row::Entity::insert(row).exec_without_returning(&self.writer).await.map(drop),
            Some(group) => {
                let (done, result) = oneshot::channel();
                group.send((row, done)).await.map_err(|_| gone())?;
                result.await.map_err(|_| gone())?
            }
        };
        match stored {
            Ok(()) => Ok((message, false)),
            Err(error) if is_duplicate(&error) => Ok((self.first(message).await?, true)),
            Err(error) => Err(error),
        }
    }

    async fn first(&self, message: Message) -> Result<Message, DbErr> {
        let found = row::Entity::find()
            .filter(row::Column::RoomId.eq(message.room_id))
            .filter(row::Column::SenderId.eq(&message.sender_id))
            .filter(row::Column::ClientMessageId.eq(message.client_message_id))
            .one(&self.readers)
            .await?;
        found.map(message_of).ok_or_else(gone)
    }

    /// The newest messages of a room, newest first.
    pub(crate) async fn newest(&self, room: Uuid, limit: u64) -> Result<Vec<Message>, DbErr> {
        let rows = row::Entity::find()
            .filter(row::Column::RoomId.eq(room))
            .order_by_desc(row::Column::CreatedAt)
            .limit(limit)
            .all(&self.readers)
            .await?;
        Ok(rows.into_iter().map(message_of).collect())
    }
}

async fn connect(url: &str, connections: u32) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).sqlx_logging(false).map_sqlx_sqlite_opts(|sqlite| {
        // As Hornero: a message is on the disk before it is acknowledged.
        sqlite.pragma("journal_mode", "WAL").pragma("synchronous", "FULL")
    });
    Database::connect(options).await
}

/// Whatever has queued up while the last transaction committed is the next one.
async fn write_groups(writer: DatabaseConnection, mut jobs: mpsc::Receiver<Job>) {
    let mut group = Vec::with_capacity(MOST_AT_ONCE);
    while jobs.recv_many(&mut group, MOST_AT_ONCE).await > 0 {
        let (rows, waiting): (Vec<_>, Vec<_>) = group.drain(..).unzip();
        let stored = write_group(&writer, rows.clone()).await;
        for (row, waits) in rows.into_iter().zip(waiting) {
            let result = match &stored {
                Ok(()) => Ok(()),
                // One of them has spoilt it for all: each for itself.
                Err(_) => row::Entity::insert(row).exec_without_returning(&writer).await.map(drop),
            };
            let _ = waits.send(result);
        }
    }
}

async fn write_group(
    writer: &DatabaseConnection,
    rows: Vec<row::ActiveModel>,
) -> Result<(), DbErr> {
    let transaction = writer.begin().await?;
    row::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
    transaction.commit().await
}

fn is_duplicate(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

fn gone() -> DbErr {
    DbErr::Custom("the message is gone".to_owned())
}

fn row_of(message: &Message) -> row::ActiveModel {
    row::ActiveModel {
        id: Set(message.id),
        room_id: Set(message.room_id),
        sender_id: Set(message.sender_id.clone()),
        client_message_id: Set(message.client_message_id.clone()),
        content: Set(message.content.clone()),
        created_at: Set(message.created_at.timestamp_millis()),
    }
}

fn message_of(row: row::Model) -> Message {
    Message {
        id: row.id,
        room_id: row.room_id,
        sender_id: row.sender_id,
        client_message_id: row.client_message_id,
        content: row.content,
        created_at: DateTime::from_timestamp_millis(row.created_at).unwrap_or_default(),
    }
}
