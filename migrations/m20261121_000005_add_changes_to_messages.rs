//! Adds to `messages` the event that changed each last, and who has deleted it.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column at a time.
        manager.alter_table(adding(big_integer("event_seq").default(0).take())).await?;
        manager.alter_table(adding(string_len_null("deleted_by", 128))).await?;
        let db = manager.get_connection();
        db.execute_unprepared("UPDATE messages SET event_seq = seq").await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["deleted_by", "event_seq"] {
            let table = Table::alter().table("messages").drop_column(column).to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }
}

fn adding(mut column: ColumnDef) -> TableAlterStatement {
    Table::alter().table("messages").add_column(&mut column).to_owned()
}
