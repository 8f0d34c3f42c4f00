//! Creates `conversations` and `events`: the log that is also the outbox.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let conversations = Table::create()
            .table("conversations")
            .col(uuid("id").primary_key())
            .col(string_len("kind", 16))
            .col(big_integer("last_seq").default(0))
            .col(big_integer("first_seq").default(1))
            .col(uuid("epoch"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone("last_activity_at"))
            .to_owned();
        manager.create_table(conversations).await?;

        let events = Table::create()
            .table("events")
            .col(big_pk_auto("id"))
            .col(uuid("conversation_id"))
            .col(big_integer("seq"))
            .col(string_len("kind", 64))
            .col(uuid_null("message_id"))
            .col(json_binary_null("payload"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("published_at"))
            .foreign_key(
                ForeignKey::create()
                    .from("events", "conversation_id")
                    .to("conversations", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(events).await?;

        let by_conversation = Index::create()
            .unique()
            .name("events_conversation_id_seq")
            .table("events")
            .col("conversation_id")
            .col("seq")
            .to_owned();
        manager.create_index(by_conversation).await?;

        // A partial index: the outbox is what was not published yet, however long the log is.
        let outbox = "CREATE INDEX events_unpublished ON events (id) WHERE published_at IS NULL";
        manager.get_connection().execute_unprepared(outbox).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("events").to_owned()).await?;
        manager.drop_table(Table::drop().table("conversations").to_owned()).await
    }
}
