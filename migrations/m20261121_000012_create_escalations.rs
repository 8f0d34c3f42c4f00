//! Creates `escalations`, and up to which one each supervisor was told.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut conversation = ForeignKey::create()
            .from("escalations", "conversation_id")
            .to("conversations", "id")
            .on_delete(ForeignKeyAction::Cascade)
            .to_owned();
        let escalations = Table::create()
            .table("escalations")
            .col(uuid("id").primary_key())
            // Rises in the order of the commits, which ids do not.
            .col(big_integer("number").unique_key())
            .col(uuid("conversation_id"))
            .col(string_len("kind", 16))
            .col(string_len("created_by", 128))
            .col(string_len("reason", 500))
            .col(string_len("priority", 16))
            .col(string_len("status", 16))
            .col(string_len_null("claimed_by", 128))
            .col(timestamp_with_time_zone_null("claimed_at"))
            .col(string_len_null("resolved_by", 128))
            .col(timestamp_with_time_zone_null("resolved_at"))
            .col(timestamp_with_time_zone("created_at"))
            .foreign_key(&mut conversation)
            .to_owned();
        manager.create_table(escalations).await?;
        // Whatever a supervisor does in a conversation asks who has claimed it.
        manager.create_index(index(["conversation_id", "status"])).await?;
        manager.create_index(index(["status", "number"])).await?;

        let told = Table::create()
            .table("escalations_told")
            .col(string_len("user_id", 128).primary_key())
            .col(big_integer("number"))
            .to_owned();
        manager.create_table(told).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("escalations_told").to_owned()).await?;
        manager.drop_table(Table::drop().table("escalations").to_owned()).await
    }
}

fn index(columns: [&'static str; 2]) -> IndexCreateStatement {
    let name = format!("escalations_{}_{}", columns[0], columns[1]);
    Index::create().name(name).table("escalations").col(columns[0]).col(columns[1]).to_owned()
}
