//! `load seed`: a room in which much has been said, straight into our database file.

use std::path::PathBuf;

use clap::Args;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, TransactionTrait};
use uuid::Uuid;

use crate::target::Result;

/// Where how much is put. The server must be stopped.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// The SQLite file, with a room in it
    #[arg(long)]
    database: PathBuf,
    #[arg(long)]
    room: Uuid,
    /// Messages that there are in the end
    #[arg(long)]
    messages: u64,
}

/// Continues the room's messages up to the wanted number; does nothing if there are as many.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let url = format!("sqlite://{}", options.database.display());
    let mut connecting = ConnectOptions::new(url);
    connecting.max_connections(1).sqlx_logging(false);
    let database = Database::connect(connecting).await?;
    let room = options.room.simple();
    let count = options.messages;
    // The same as a message sent by the server, but for the ids, which are random.
    let numbers = format!(
        "WITH RECURSIVE n(i) AS (SELECT last_seq + 1 FROM conversations \
         WHERE id = X'{room}' AND last_seq < {count} \
         UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
    );
    let now = "strftime('%Y-%m-%dT%H:%M:%f', 'now') || '+00:00'";
    let messages = format!(
        "INSERT INTO messages (id, conversation_id, seq, sender_id, role, type, content, \
         formatting, metadata, created_at) {numbers} \
         SELECT randomblob(16), X'{room}', i, 'seed', 'user', 'chat', \
         printf('%d %s', i, hex(randomblob(45))), 'plain', '{{}}', {now} FROM n"
    );
    let events = format!(
        "INSERT INTO events (conversation_id, seq, kind, message_id, created_at, published_at) \
         SELECT conversation_id, seq, 'message.new', id, created_at, created_at FROM messages \
         WHERE conversation_id = X'{room}' AND sender_id = 'seed' AND seq > \
         (SELECT last_seq FROM conversations WHERE id = X'{room}') ORDER BY seq"
    );
    let head =
        format!("UPDATE conversations SET last_seq = max(last_seq, {count}) WHERE id = X'{room}'");
    let transaction = database.begin().await?;
    for statement in [messages, events, head] {
        transaction.execute_unprepared(&statement).await?;
    }
    transaction.commit().await?;
    database.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    Ok(database.close().await?)
}
