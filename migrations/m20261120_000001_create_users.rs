//! Creates `users`.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("users")
            // Text, not UUID: subjects of external token issuers become users under their own id.
            .col(string_len("id", 128).primary_key())
            .col(string_len_null("email", 254).unique_key())
            .col(string_len("display_name", 80))
            .col(text_null("password_hash"))
            .col(string_len("user_type", 16))
            .col(string_len("role", 16))
            .col(string_len("scope", 64))
            .col(string_len("status", 16))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone("updated_at"))
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("users").to_owned()).await
    }
}
