//! Adds to `conversations` how many messages each has, and when it was ended.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column at a time.
        manager.alter_table(adding(big_integer("message_count").default(0).take())).await?;
        manager.alter_table(adding(timestamp_with_time_zone_null("ended_at"))).await?;
        let db = manager.get_connection();
        db.execute_unprepared(
            "UPDATE conversations SET message_count = (SELECT count(*) FROM messages \
             WHERE conversation_id = conversations.id AND deleted_at IS NULL)",
        )
        .await?;
        // A partial index: what is ended is removed soon, however many conversations there are.
        let ended = "CREATE INDEX conversations_ended ON conversations (id) \
                     WHERE ended_at IS NOT NULL";
        db.execute_unprepared(ended).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("conversations_ended").to_owned()).await?;
        for column in ["ended_at", "message_count"] {
            let table = Table::alter().table("conversations").drop_column(column).to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }
}

fn adding(mut column: ColumnDef) -> TableAlterStatement {
    Table::alter().table("conversations").add_column(&mut column).to_owned()
}
