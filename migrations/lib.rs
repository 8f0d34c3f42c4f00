//! The database schema, one file for each step. The rules are in the README beside this file.
#![allow(elided_lifetimes_in_paths, reason = "`MigrationTrait` elides it; writing it is E0195")]

use sea_orm_migration::{
    prelude::*,
    sea_orm::{
        DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, Statement,
        TransactionOptions, TransactionTrait,
    },
};

mod m20261120_000001_create_users;
mod m20261120_000002_create_event_log;
mod m20261120_000003_create_sessions_and_rooms;
mod m20261120_000004_create_messages;
mod m20261121_000005_add_changes_to_messages;
mod m20261121_000006_create_logins;
mod m20261121_000007_add_endings_to_conversations;
mod m20261121_000008_add_last_seen_to_users;
mod m20261121_000009_add_index_of_changes_to_messages;
mod m20261121_000010_create_files;
mod m20261121_000012_create_escalations;
mod m20261121_000013_create_robot_runs;
mod m20261121_000014_keep_new_messages_out_of_the_log;
mod m20261122_000015_index_only_messages_with_a_client_id;
mod m20261122_000016_add_index_of_uploaders_to_files;

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
            Box::new(m20261121_000006_create_logins::Migration),
            Box::new(m20261121_000007_add_endings_to_conversations::Migration),
            Box::new(m20261121_000008_add_last_seen_to_users::Migration),
            Box::new(m20261121_000009_add_index_of_changes_to_messages::Migration),
            Box::new(m20261121_000010_create_files::Migration),
            Box::new(m20261121_000012_create_escalations::Migration),
            Box::new(m20261121_000013_create_robot_runs::Migration),
            Box::new(m20261121_000014_keep_new_messages_out_of_the_log::Migration),
            Box::new(m20261122_000015_index_only_messages_with_a_client_id::Migration),
            Box::new(m20261122_000016_add_index_of_uploaders_to_files::Migration),
        ]
    }
}

/// Runs the steps that the database has not seen yet, and tells of each.
///
/// All of them in one transaction, which processes that start at the same time enter one
/// after the other. The second one finds nothing to do.
///
/// # Errors
///
/// The failure of a step. The database is as it was before.
pub async fn migrate(db: &DatabaseConnection) -> Result<(), DbErr> {
    let options = TransactionOptions {
        // On SQLite this is the lock.
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let tx = db.begin_with_options(options).await?;
    if tx.get_database_backend() == DbBackend::Postgres {
        lock(&tx).await?;
    }
    let pending = Migrator::get_pending_migrations(&tx).await?;
    for (done, step) in pending.iter().enumerate() {
        let (number, total, name) = (done + 1, pending.len(), step.name());
        tracing::info!(number, total, name, "Migrating the database, {number} of {total}: {name}");
        Migrator::up(&tx, Some(1)).await?;
    }
    tx.commit().await
}

/// Takes PostgreSQL's lock of those who migrate; the end of the transaction releases it.
async fn lock(tx: &DatabaseTransaction) -> Result<(), DbErr> {
    // Two numbers, a name space of its own beside the locks of one: "horn", and the first.
    let attempt = "SELECT pg_try_advisory_xact_lock(1752134254, 1)";
    let attempt = tx.query_one_raw(Statement::from_string(DbBackend::Postgres, attempt)).await?;
    if attempt.is_some_and(|row| row.try_get_by_index(0) == Ok(true)) {
        return Ok(());
    }
    tracing::info!("Waiting for another process that migrates the database");
    tx.execute_unprepared("SELECT pg_advisory_xact_lock(1752134254, 1)").await.map(drop)
}
