//! The database: an SQLite file, or PostgreSQL. One schema.
//!
//! Features read and write through [`Database`], and see no difference but in one case: on
//! SQLite writers wait for each other, on PostgreSQL they do not. What must not happen twice
//! at the same time begins with [`Database::begin_alone`]; what writes without a pause, with
//! [`Database::begin_blocking`].

use std::{sync::Arc, time::Duration};

use hornero::{Module, ModuleDef, ServerConfig};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
};
use tokio::runtime::Handle;

mod address;
mod blocking;
mod config;
mod error;
mod postgres;
mod postgres_error;
mod sqlite;
mod transaction;

use address::Address;
pub use config::DatabaseConfig;
pub use error::{OpenError, StorageError};
pub use postgres_error::PostgresError;
use sqlite::Writing;
pub use transaction::Transaction;

/// Opens the database. Exports [`Database`].
pub struct DatabaseModule;

impl Module for DatabaseModule {
    fn define(m: &mut ModuleDef) {
        m.config::<DatabaseConfig>().provide_async(Database::open).export::<Database>();
    }
}

/// What keeps the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file of this process. Writers wait for each other.
    Sqlite,
    /// A server, which other processes may use too.
    Postgres,
}

/// An open database with the current schema.
pub struct Database {
    /// On PostgreSQL the same pool as `readers`.
    writer: DatabaseConnection,
    readers: DatabaseConnection,
    /// How SQLite is written to; nothing on PostgreSQL.
    sqlite: Option<Writing>,
}

impl Database {
    /// Opens the configured database and migrates it. Creates an SQLite file where there is
    /// none; waits for PostgreSQL as long as `database.connectTimeoutMs` says.
    ///
    /// # Errors
    ///
    /// [`OpenError`], which tells the operator what to do.
    pub async fn open(
        config: Arc<DatabaseConfig>,
        server: Arc<ServerConfig>,
    ) -> Result<Self, OpenError> {
        match config.address(&server.data_dir)? {
            Address::File(file) => {
                let sqlite::Connections { writer, readers, writing } =
                    sqlite::open(&file, config.readers).await?;
                Ok(Self { writer, readers, sqlite: Some(writing) })
            }
            Address::Postgres(options) => {
                let patience = Duration::from_millis(config.connect_timeout_ms);
                let pool = postgres::open(&options, config.connections, patience).await?;
                Ok(Self { writer: pool.clone(), readers: pool, sqlite: None })
            }
        }
    }

    /// What keeps the data.
    pub fn backend(&self) -> Backend {
        if self.sqlite.is_some() { Backend::Sqlite } else { Backend::Postgres }
    }

    /// Connections to read with.
    pub fn read(&self) -> &DatabaseConnection {
        &self.readers
    }

    /// Asks the database for nothing but an answer.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if it gives none.
    pub async fn ping(&self) -> Result<(), StorageError> {
        Ok(self.readers.ping().await?)
    }

    /// Begins to write. On SQLite waits until the transaction before has ended.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the database does not let us; nothing was changed.
    pub async fn begin(&self) -> Result<Transaction, StorageError> {
        let turn = match &self.sqlite {
            Some(sqlite) => Some(sqlite.turn().await?),
            None => None,
        };
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        Ok(Transaction::pooled(self.writer.begin_with_options(options).await?, turn))
    }

    /// Begins to write, for [`Transaction::insert`], [`run`](Transaction::run) and
    /// [`numbers`](Transaction::numbers) only. Where the database [blocks](Self::blocks), this and
    /// whatever is done with the transaction block the thread that they are in until it is done: that
    /// has to be [one that may be](Self::spawn_blocking).
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the database does not let us; nothing was changed.
    pub async fn begin_blocking(&self) -> Result<Transaction, StorageError> {
        let Some(sqlite) = &self.sqlite else { return self.begin().await };
        let turn = sqlite.turn().await?;
        Ok(Transaction::blocking(sqlite.begin()?, turn))
    }

    /// Whether [`begin_blocking`](Self::begin_blocking) gives a transaction that blocks: on SQLite,
    /// where that is the cheaper way.
    pub fn blocks(&self) -> bool {
        self.backend() == Backend::Sqlite
    }

    /// Does `work` where it may block; where the database does, in a thread for that, one after another.
    pub fn spawn_blocking(&self, work: impl Future<Output = ()> + Send + 'static) {
        let runtime = Handle::current();
        match &self.sqlite {
            Some(sqlite) => sqlite.thread().run(move || runtime.block_on(work)),
            None => drop(runtime.spawn(work)),
        }
    }

    /// Begins to write when nobody else does who has named the same `key`, in any process.
    ///
    /// For what reads first and writes by what it has read.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the database does not let us; nothing was changed.
    pub async fn begin_alone(&self, key: &str) -> Result<Transaction, StorageError> {
        let tx = self.begin().await?;
        if self.backend() == Backend::Postgres {
            // Held to the end of the transaction.
            let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
            let lock =
                Statement::from_sql_and_values(tx.get_database_backend(), lock, [key.into()]);
            tx.execute_raw(lock).await?;
        }
        Ok(tx)
    }
}

#[cfg(test)]
mod tests;
