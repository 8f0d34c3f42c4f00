//! Creates `logins` and `refresh_tokens`.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let logins = Table::create()
            .table("logins")
            .col(uuid("id").primary_key())
            .col(string_len("user_id", 128))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone("last_seen_at"))
            .col(timestamp_with_time_zone_null("revoked_at"))
            .foreign_key(&mut cascade("logins", "user_id", "users"))
            .to_owned();
        manager.create_table(logins).await?;
        manager.create_index(index("logins", "user_id")).await?;
        manager.create_index(index("logins", "last_seen_at")).await?;
        // Servers ask twice a second what was revoked since they asked last, and who has changed.
        manager.create_index(index("logins", "revoked_at")).await?;
        manager.create_index(index("users", "updated_at")).await?;
        // Guests who are gone are looked for by when they came.
        manager.create_index(index("users", "created_at")).await?;

        let tokens = Table::create()
            .table("refresh_tokens")
            .col(uuid("id").primary_key())
            .col(uuid("login_id"))
            .col(string_len("token_hash", 64).unique_key())
            // The token that it was exchanged for, readable only with this one.
            .col(string_len_null("successor", 64))
            .col(timestamp_with_time_zone_null("used_at"))
            .col(timestamp_with_time_zone("expires_at"))
            .foreign_key(&mut cascade("refresh_tokens", "login_id", "logins"))
            .to_owned();
        manager.create_table(tokens).await?;
        manager.create_index(index("refresh_tokens", "login_id")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("refresh_tokens").to_owned()).await?;
        manager.drop_table(Table::drop().table("logins").to_owned()).await?;
        for index in ["users_updated_at", "users_created_at"] {
            manager.drop_index(Index::drop().name(index).table("users").to_owned()).await?;
        }
        Ok(())
    }
}

fn cascade(
    table: &'static str,
    column: &'static str,
    to: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(table, column)
        .to(to, "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

fn index(table: &'static str, column: &'static str) -> IndexCreateStatement {
    Index::create().name(format!("{table}_{column}")).table(table).col(column).to_owned()
}
