//! The SQLite file: two connections that write in turn, several that read.
//!
//! SQLite takes one writer at a time, so there is a queue of those who want to write, and a
//! transaction locks at its beginning. One that locked only at its first write could fail in
//! spite of the busy timeout.

use std::{fs, path::Path, sync::Arc, time::Duration};

use sea_orm::{ConnAcquireErr, ConnectOptions, DatabaseConnection, DbErr};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{
    blocking::{BlockingConnection, BlockingThread, BlockingTransaction},
    error::OpenError,
};

/// Longest time that a request waits for its turn.
///
/// The file cannot be away, so a queue is not an outage but a burst that is being worked
/// off: a thousand clients who join at once take several seconds, and none of them is
/// better off for being told to try again. What waits longer than this has lost its client.
pub(crate) const TURN_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest time that a write waits for one of another process, such as `hornero user add`.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// What every connection is told.
pub(crate) const PRAGMAS: [(&str, &str); 5] = [
    ("journal_mode", "WAL"),
    // A commit is on the disk before it is acknowledged, also if the power fails.
    ("synchronous", "FULL"),
    ("foreign_keys", "ON"),
    // Pages of 4 KiB that are written to the WAL before they are copied to the file. A page that
    // is written by many commits is copied once, so eight times SQLite's default costs a tenth
    // less for a message in small rooms; what has to be read again after a crash are 32 MiB.
    ("wal_autocheckpoint", "8000"),
    // What a statement would undo is written down by SQLite. In a file, that is as much as the
    // statement writes itself.
    ("temp_store", "MEMORY"),
];

/// Statements that a connection keeps prepared. A batch of each size has its own.
pub(crate) const STATEMENTS: usize = 512;

/// Connections to one file.
pub(crate) struct Connections {
    pub(crate) writer: DatabaseConnection,
    pub(crate) readers: DatabaseConnection,
    pub(crate) writing: Writing,
}

/// What it takes to write to the file.
pub(crate) struct Writing {
    turn: Arc<Semaphore>,
    connection: BlockingConnection,
    thread: BlockingThread,
}

impl Writing {
    /// Waits until nobody else of this process wants to write. A transaction that was dropped may be
    /// about to be undone.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, DbErr> {
        let turn = Arc::clone(&self.turn);
        if let Ok(turn) = Arc::clone(&turn).try_acquire_owned() {
            return Ok(turn);
        }
        let late = |_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout);
        let turn = timeout(TURN_TIMEOUT, turn.acquire_owned()).await.map_err(late)?;
        turn.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))
    }

    /// Begins a transaction that blocks. It must be its turn.
    pub(crate) fn begin(&self) -> Result<BlockingTransaction, DbErr> {
        self.connection.begin()
    }

    /// Where such transactions belong.
    pub(crate) fn thread(&self) -> &BlockingThread {
        &self.thread
    }
}

/// Opens the file, creates it where there is none, and migrates it.
pub(crate) async fn open(file: &Path, readers: u32) -> Result<Connections, OpenError> {
    if let Some(folder) = file.parent() {
        create_folder(folder)?;
    }
    let failed = |source| OpenError::of_file(source, file);
    let writer = connect(file, 1).await.map_err(failed)?;
    migrations::migrate(&writer).await.map_err(failed)?;
    let readers = connect(file, readers).await.map_err(failed)?;
    let connection = BlockingConnection::open(file).map_err(failed)?;
    let thread = BlockingThread::start().map_err(OpenError::Thread)?;
    let writing = Writing { turn: Arc::new(Semaphore::new(1)), connection, thread };
    Ok(Connections { writer, readers, writing })
}

fn create_folder(folder: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::Folder { folder: folder.to_owned(), source };
    let mut builder = fs::DirBuilder::new();
    // Nobody else on this machine is to read messages and password hashes.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder).map_err(failed)
}

async fn connect(file: &Path, connections: u32) -> Result<DatabaseConnection, DbErr> {
    let file = file.to_owned();
    let mut options = ConnectOptions::new("sqlite:");
    options
        .max_connections(connections)
        .acquire_timeout(TURN_TIMEOUT)
        .sqlx_logging(false)
        // A file does not go away, and asking whether it has is a way to SQLite's thread and back.
        .test_before_acquire(false)
        // Else a burst logs a line for each of its thousand.
        .map_sqlx_sqlite_pool_opts(|pool| pool.acquire_slow_threshold(TURN_TIMEOUT))
        .map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite
                .filename(&file)
                .create_if_missing(true)
                .statement_cache_capacity(STATEMENTS)
                .busy_timeout(LOCK_TIMEOUT);
            PRAGMAS.into_iter().fold(sqlite, |sqlite, (name, value)| sqlite.pragma(name, value))
        });
    sea_orm::Database::connect(options).await
}
