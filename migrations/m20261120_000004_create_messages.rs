//! Creates `messages`.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("messages")
            .col(uuid("id").primary_key())
            .col(uuid("conversation_id"))
            .col(big_integer("seq"))
            .col(string_len("sender_id", 128))
            .col(string_len_null("client_message_id", 128))
            .col(string_len("role", 16))
            .col(string_len("type", 16))
            .col(text("content"))
            .col(string_len("formatting", 16))
            .col(json_binary("metadata"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("edited_at"))
            .col(timestamp_with_time_zone_null("deleted_at"))
            .foreign_key(
                ForeignKey::create()
                    .from("messages", "conversation_id")
                    .to("conversations", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;

        let history = Index::create()
            .unique()
            .name("messages_conversation_id_seq")
            .table("messages")
            .col("conversation_id")
            .col("seq")
            .to_owned();
        manager.create_index(history).await?;

        // A message sent twice under one client id is stored once. Rows without one do not collide.
        let once = Index::create()
            .unique()
            .name("messages_conversation_id_sender_id_client_message_id")
            .table("messages")
            .col("conversation_id")
            .col("sender_id")
            .col("client_message_id")
            .to_owned();
        manager.create_index(once).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("messages").to_owned()).await
    }
}
