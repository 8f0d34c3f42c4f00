//! Creates `sessions`, `rooms` and `members`. Each session and room is a conversation, and
//! has its id.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sessions = Table::create()
            .table("sessions")
            .col(uuid("id").primary_key())
            .col(string_len("user_id", 128))
            .col(string_len("title", 100))
            .col(string_len("status", 16))
            .col(json_binary("metadata"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone("updated_at"))
            .foreign_key(&mut to_conversation("sessions", "id"))
            .foreign_key(&mut to_user("sessions"))
            .to_owned();
        manager.create_table(sessions).await?;
        // A user's sessions are listed newest first; ids sort by time.
        manager.create_index(index("sessions", ["user_id", "id"])).await?;

        let rooms = Table::create()
            .table("rooms")
            .col(uuid("id").primary_key())
            .col(string_len("name", 100))
            .col(string_len("visibility", 16))
            .col(string_len("created_by", 128))
            .col(json_binary("metadata"))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone("updated_at"))
            .foreign_key(&mut to_conversation("rooms", "id"))
            .to_owned();
        manager.create_table(rooms).await?;
        manager.create_index(index("rooms", ["visibility", "id"])).await?;

        let members = Table::create()
            .table("members")
            .col(uuid("conversation_id"))
            .col(string_len("user_id", 128))
            .col(string_len("role", 16))
            .col(big_integer("last_read_seq").default(0))
            .col(timestamp_with_time_zone("joined_at"))
            .primary_key(Index::create().col("conversation_id").col("user_id"))
            .foreign_key(&mut to_conversation("members", "conversation_id"))
            .foreign_key(&mut to_user("members"))
            .to_owned();
        manager.create_table(members).await?;
        manager.create_index(index("members", ["user_id", "conversation_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["members", "rooms", "sessions"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn to_conversation(table: &'static str, column: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, column)
        .to("conversations", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

fn to_user(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, "user_id")
        .to("users", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

fn index(table: &'static str, columns: [&'static str; 2]) -> IndexCreateStatement {
    let name = format!("{table}_{}_{}", columns[0], columns[1]);
    Index::create().name(name).table(table).col(columns[0]).col(columns[1]).to_owned()
}
