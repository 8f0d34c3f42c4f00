//! The database schema, one file for each step. The rules are in the README beside this file.
#![allow(elided_lifetimes_in_paths, reason = "`MigrationTrait` elides it; writing it is E0195")]

use sea_orm_migration::{prelude::*, sea_orm::DatabaseConnection};

mod m20261120_000001_create_users;
mod m20261120_000002_create_event_log;
mod m20261120_000003_create_sessions_and_rooms;
mod m20261120_000004_create_messages;
mod m20261121_000005_add_changes_to_messages;

/// The steps, in the order in which they run.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_000001_create_users::Migration),
            Box::new(m20261120_000002_create_event_log::Migration),
            Box::new(m20261120_000003_create_sessions_and_rooms::Migration),
            Box::new(m20261120_000004_create_messages::Migration),
            Box::new(m20261121_000005_add_changes_to_messages::Migration),
        ]
    }
}

/// Runs the steps that the database has not seen yet, and tells of each.
///
/// # Errors
///
/// The failure of a step. The steps before it stay done.
pub async fn migrate(db: &DatabaseConnection) -> Result<(), DbErr> {
    let pending = Migrator::get_pending_migrations(db).await?;
    for (done, step) in pending.iter().enumerate() {
        let (number, total, name) = (done + 1, pending.len(), step.name());
        tracing::info!(number, total, name, "Migrating the database, {number} of {total}: {name}");
        Migrator::up(db, Some(1)).await?;
    }
    Ok(())
}
