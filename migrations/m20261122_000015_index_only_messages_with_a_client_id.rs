//! Takes messages without a client's id out of the index that finds repeats.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const INDEX: &str = "messages_conversation_id_sender_id_client_message_id";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A message without one is never a repeat, and in a small room its entry costs a page.
        rebuild(manager, " WHERE client_message_id IS NOT NULL").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        rebuild(manager, "").await
    }
}

async fn rebuild(manager: &SchemaManager<'_>, those: &str) -> Result<(), DbErr> {
    manager.drop_index(Index::drop().name(INDEX).table("messages").to_owned()).await?;
    let create = format!(
        "CREATE UNIQUE INDEX {INDEX} \
         ON messages (conversation_id, sender_id, client_message_id){those}"
    );
    manager.get_connection().execute_unprepared(&create).await.map(drop)
}
