//! Creates `robot_runs`: the answers that robots are about to give.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut conversation = ForeignKey::create()
            .from("robot_runs", "conversation_id")
            .to("conversations", "id")
            .on_delete(ForeignKeyAction::Cascade)
            .to_owned();
        let runs = Table::create()
            .table("robot_runs")
            // The message that the answer becomes.
            .col(uuid("message_id").primary_key())
            .col(uuid("conversation_id"))
            .col(string_len("robot", 64))
            .col(uuid("prompt_id"))
            .col(text("content"))
            // When the process whose run it is was last known to be there.
            .col(timestamp_with_time_zone("beat_at"))
            .foreign_key(&mut conversation)
            .to_owned();
        manager.create_table(runs).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("robot_runs").to_owned()).await
    }
}
