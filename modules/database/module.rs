//! The database: one writer, several readers, one schema.
//!
//! SQLite takes one writer at a time, so writing goes through a pool of one
//! connection, in transactions that lock at their beginning. A transaction that locked
//! only at its first write could fail in spite of the busy timeout.

use std::{fs, path::Path, sync::Arc, time::Duration};

use hornero::{Module, ModuleDef, ServerConfig};
use sea_orm::{
    ConnectOptions, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

mod config;
mod error;

pub use config::DatabaseConfig;
pub use error::{OpenError, StorageError};

/// A write transaction. Dropping it undoes it.
pub type Transaction = DatabaseTransaction;

/// Opens the database. Exports [`Database`].
pub struct DatabaseModule;

impl Module for DatabaseModule {
    fn define(m: &mut ModuleDef) {
        m.config::<DatabaseConfig>().provide_async(Database::open).export::<Database>();
    }
}

/// An open database with the current schema.
pub struct Database {
    writer: DatabaseConnection,
    readers: DatabaseConnection,
}

impl Database {
    /// Opens the configured database, creates it where there is none, and migrates it.
    ///
    /// # Errors
    ///
    /// [`OpenError`], which tells the operator what to do.
    pub async fn open(
        config: Arc<DatabaseConfig>,
        server: Arc<ServerConfig>,
    ) -> Result<Self, OpenError> {
        let (url, file) = config.location(&server.data_dir);
        if let Some(folder) = file.parent() {
            create_folder(folder)?;
        }
        let failed = |source| OpenError::of(source, &file);
        let writer = connect(&url, 1).await.map_err(failed)?;
        let failed = |source| OpenError::of(source, &file);
        migrations::migrate(&writer).await.map_err(failed)?;
        let failed = |source| OpenError::of(source, &file);
        let readers = connect(&url, config.readers).await.map_err(failed)?;
        Ok(Self { writer, readers })
    }

    /// Connections to read with.
    pub fn read(&self) -> &DatabaseConnection {
        &self.readers
    }

    /// Begins to write. Waits until the transaction before has ended.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the database does not let us; nothing was changed.
    pub async fn begin(&self) -> Result<Transaction, StorageError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        Ok(self.writer.begin_with_options(options).await?)
    }
}

fn create_folder(folder: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::Folder { folder: folder.to_owned(), source };
    let mut builder = fs::DirBuilder::new();
    // Nobody else on this machine is to read messages and password hashes.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder).map_err(failed)
}

async fn connect(url: &str, connections: u32) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(3))
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .pragma("journal_mode", "WAL")
                // A commit is on the disk before it is acknowledged, also if the power fails.
                .pragma("synchronous", "FULL")
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(5))
        });
    sea_orm::Database::connect(options).await
}

#[cfg(test)]
#[test]
fn wiring() {
    hornero::App::of::<DatabaseModule>().check().unwrap();
}
