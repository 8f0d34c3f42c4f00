//! A connection to SQLite whose statements run in the thread that asks for them.
//!
//! Those of the pools run in a thread of each connection, so that each statement is a way there and
//! back. Whoever writes all the time spares itself that by going where it may block, once for a whole
//! transaction.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::{CachedStatement, Connection, Error, OpenFlags, Row, config::DbConfig};
use sea_orm::{DbErr, Statement, Value};

use crate::sqlite::{PRAGMAS, STATEMENTS, TURN_TIMEOUT};

mod failure;
mod thread;
mod value;

use failure::db_err;
pub(crate) use thread::BlockingThread;
use value::Bound;

/// The connection. It is in one transaction at a time.
#[derive(Debug, Clone)]
pub(crate) struct BlockingConnection(Arc<Mutex<Connection>>);

/// A write transaction. Dropping it undoes it.
#[derive(Debug)]
pub(crate) struct BlockingTransaction(BlockingConnection);

impl BlockingConnection {
    /// Opens a file that is there and has the current schema.
    pub(crate) fn open(file: &Path) -> Result<Self, DbErr> {
        let connect = || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(file, flags)?;
            // Also for a transaction of the other connection that was dropped, and is undone later.
            connection.busy_timeout(TURN_TIMEOUT)?;
            for (name, value) in PRAGMAS {
                connection.pragma_update(None, name, value)?;
            }
            // A statement is planned once, and not again for other values.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            Ok(connection)
        };
        Ok(Self(Arc::new(Mutex::new(connect().map_err(db_err)?))))
    }

    /// Begins to write. Waits for other connections, and not for another transaction of this one.
    pub(crate) fn begin(&self) -> Result<BlockingTransaction, DbErr> {
        let connection = self.lock();
        undo(&connection).map_err(db_err)?;
        run(&connection, "BEGIN IMMEDIATE").map_err(db_err)?;
        Ok(BlockingTransaction(self.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // One who panicked has left a transaction, which its end has undone.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlockingTransaction {
    /// Makes all of it durable.
    pub(crate) fn commit(self) -> Result<(), DbErr> {
        run(&self.0.lock(), "COMMIT").map_err(db_err)
    }

    /// Runs a statement, which gives no rows, once for the values of each of `rows`.
    pub(crate) fn run_each<const N: usize>(
        &self,
        sql: &str,
        rows: impl IntoIterator<Item = [Value; N]>,
    ) -> Result<(), DbErr> {
        let connection = self.0.lock();
        let run = || {
            let mut prepared = connection.prepare_cached(sql)?;
            for row in rows {
                for (place, value) in (1..).zip(&row) {
                    prepared.raw_bind_parameter(place, Bound(value))?;
                }
                prepared.raw_execute()?;
            }
            Ok(())
        };
        run().map_err(db_err)
    }

    /// Runs a statement, and reads its rows.
    pub(crate) fn query<T>(
        &self,
        statement: &Statement,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, DbErr> {
        let connection = self.0.lock();
        let mut query = || {
            let mut prepared = prepare(&connection, statement)?;
            let mut rows = prepared.raw_query();
            let mut read_rows = Vec::new();
            while let Some(row) = rows.next()? {
                read_rows.push(read(row)?);
            }
            Ok(read_rows)
        };
        query().map_err(db_err)
    }
}

impl Drop for BlockingTransaction {
    fn drop(&mut self) {
        if let Err(error) = undo(&self.0.lock()) {
            tracing::error!(%error, "A transaction could not be undone: {error}");
        }
    }
}

/// Undoes what is not committed, unless SQLite has.
fn undo(connection: &Connection) -> rusqlite::Result<()> {
    if connection.is_autocommit() { Ok(()) } else { run(connection, "ROLLBACK") }
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(drop)
}

fn prepare<'a>(
    connection: &'a Connection,
    statement: &Statement,
) -> rusqlite::Result<CachedStatement<'a>> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    let values = statement.values.as_ref().map_or(&[][..], |it| &it.0);
    let wanted = prepared.parameter_count();
    let mut numbered = 0;
    for place in 1..=wanted {
        // `$3` and `?3` are the third value, and so is the third `?`.
        let number = match prepared.parameter_name(place) {
            Some(name) => {
                numbered += 1;
                let number = name.get(1..).and_then(|it| it.parse().ok());
                number.ok_or_else(|| Error::InvalidParameterName(name.to_owned()))?
            }
            None => place,
        };
        let value = values.get(usize::wrapping_sub(number, 1));
        let value = value.ok_or(Error::InvalidParameterCount(values.len(), wanted))?;
        prepared.raw_bind_parameter(place, Bound(value))?;
    }
    if numbered != 0 && numbered != wanted {
        // The other connections count the latter by themselves.
        return Err(Error::InvalidParameterName("both numbered ones and `?`".to_owned()));
    }
    Ok(prepared)
}
