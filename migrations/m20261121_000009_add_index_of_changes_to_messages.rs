//! Adds to `messages` the order in which they have changed last.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Only of those that have changed: whatever else is sent costs no entry. With the seq: one
        // event may change many messages.
        let changes = "CREATE INDEX messages_changed \
                       ON messages (conversation_id, event_seq, seq) WHERE event_seq > seq";
        manager.get_connection().execute_unprepared(changes).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let changes = Index::drop().name("messages_changed").to_owned();
        manager.drop_index(changes).await
    }
}
