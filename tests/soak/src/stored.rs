//! What the database itself has: read past the server.

use std::collections::HashMap;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, QueryResult, Statement,
};
use uuid::Uuid;

use crate::evidence::{Log, StoredEvent, StoredMessage};

/// The tables of the server that is tested.
pub(crate) struct Tables(DatabaseConnection);

impl Tables {
    /// Connects to a PostgreSQL database, or opens an SQLite file.
    pub(crate) async fn open(url: &str) -> Result<Self, DbErr> {
        let mut connecting = ConnectOptions::new(url.to_owned());
        connecting.max_connections(1).sqlx_logging(false);
        Ok(Self(Database::connect(connecting).await?))
    }

    /// The number of the last event of each conversation.
    pub(crate) async fn heads(&self) -> Result<HashMap<Uuid, i64>, DbErr> {
        let rows = self.rows("SELECT id, last_seq FROM conversations").await?;
        rows.iter().map(|it| Ok((it.try_get("", "id")?, it.try_get("", "last_seq")?))).collect()
    }

    /// All conversations with all that is in them, but for what REST tells.
    pub(crate) async fn logs(&self) -> Result<Vec<Log>, DbErr> {
        let empty = |(conversation, last_seq)| {
            let (events, messages, history) = Default::default();
            (conversation, Log { conversation, last_seq, events, messages, history })
        };
        let mut logs: HashMap<Uuid, Log> = self.heads().await?.into_iter().map(empty).collect();
        // A message is its own event, of having been sent.
        let events = "SELECT conversation_id, seq, kind, message_id FROM events UNION ALL \
             SELECT conversation_id, seq, 'message.new', id FROM messages \
             ORDER BY conversation_id, seq";
        for row in self.rows(events).await? {
            let log = logs.get_mut(&row.try_get::<Uuid>("", "conversation_id")?);
            let event = event(&row)?;
            log.into_iter().for_each(|it| it.events.push(event.clone()));
        }
        let messages = "SELECT conversation_id, id, seq, event_seq, sender_id, client_message_id, \
             content, CASE WHEN deleted_at IS NULL THEN 0 ELSE 1 END AS is_deleted \
             FROM messages ORDER BY conversation_id, seq";
        for row in self.rows(messages).await? {
            let log = logs.get_mut(&row.try_get::<Uuid>("", "conversation_id")?);
            let message = message(&row)?;
            log.into_iter().for_each(|it| it.messages.push(message.clone()));
        }
        Ok(logs.into_values().collect())
    }

    async fn rows(&self, query: &str) -> Result<Vec<QueryResult>, DbErr> {
        let statement = Statement::from_string(self.0.get_database_backend(), query);
        self.0.query_all_raw(statement).await
    }
}

fn event(row: &QueryResult) -> Result<StoredEvent, DbErr> {
    Ok(StoredEvent {
        seq: row.try_get("", "seq")?,
        kind: row.try_get("", "kind")?,
        message: row.try_get("", "message_id")?,
    })
}

fn message(row: &QueryResult) -> Result<StoredMessage, DbErr> {
    Ok(StoredMessage {
        id: row.try_get("", "id")?,
        seq: row.try_get("", "seq")?,
        event_seq: row.try_get("", "event_seq")?,
        sender: row.try_get("", "sender_id")?,
        client_message_id: row.try_get("", "client_message_id")?,
        content: row.try_get("", "content")?,
        is_deleted: row.try_get::<i32>("", "is_deleted")? != 0,
    })
}
