//! Creates `files`.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign key to `conversations`: a row has to outlive its conversation until the
        // bytes are removed, which are in no transaction with it.
        let table = Table::create()
            .table("files")
            .col(uuid("id").primary_key())
            .col(uuid_null("conversation_id"))
            .col(string_len("uploader_id", 128))
            .col(string_len("name", 255))
            .col(big_integer("size"))
            .col(string_len("content_type", 128))
            .col(string_len("sha256", 64))
            .col(string_len("status", 16))
            .col(boolean("announce"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("unfinished_since"))
            .to_owned();
        manager.create_table(table).await?;

        let of_conversation = Index::create()
            .name("files_conversation_id")
            .table("files")
            .col("conversation_id")
            .to_owned();
        manager.create_index(of_conversation).await?;

        // A partial index: nearly all files are done with, however many there are.
        let unfinished = "CREATE INDEX files_unfinished ON files (unfinished_since, id) \
                          WHERE unfinished_since IS NOT NULL";
        manager.get_connection().execute_unprepared(unfinished).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("files").to_owned()).await
    }
}
