//! Adds to `messages` the order in which they have changed last.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // With the seq: one event may change many messages.
        let changes = Index::create()
            .name("messages_conversation_id_event_seq")
            .table("messages")
            .col("conversation_id")
            .col("event_seq")
            .col("seq")
            .to_owned();
        manager.create_index(changes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let changes = Index::drop().name("messages_conversation_id_event_seq").to_owned();
        manager.drop_index(changes).await
    }
}
