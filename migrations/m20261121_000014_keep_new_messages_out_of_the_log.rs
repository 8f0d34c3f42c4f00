//! Takes the events of new messages out of `events`: the messages say the same.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let remove = "DELETE FROM events WHERE kind = 'message.new'";
        manager.get_connection().execute_unprepared(remove).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let restore = "INSERT INTO events \
                       (conversation_id, seq, kind, message_id, created_at, published_at) \
                       SELECT conversation_id, seq, 'message.new', id, created_at, created_at \
                       FROM messages ORDER BY created_at, id";
        manager.get_connection().execute_unprepared(restore).await?;
        Ok(())
    }
}
