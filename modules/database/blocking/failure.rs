//! What SQLite refuses, told as the other connections tell it.

use std::{borrow::Cow, error::Error, sync::Arc};

use rusqlite::ffi;
use sea_orm::{DbErr, RuntimeErr};
use sqlx::error::{DatabaseError, ErrorKind};

/// A failure of this connection.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Failure {
    text: String,
    /// SQLite's extended result code, unless SQLite was not asked.
    code: Option<i32>,
}

pub(crate) fn db_err(error: rusqlite::Error) -> DbErr {
    let code = error.sqlite_error().map(|it| it.extended_code);
    let text = match code {
        Some(code) => format!("(code: {code}) {error}"),
        None => error.to_string(),
    };
    let failure = Failure { text, code };
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(sqlx::Error::Database(Box::new(failure)))))
}

impl DatabaseError for Failure {
    fn message(&self) -> &str {
        &self.text
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code?.to_string().into())
    }

    fn kind(&self) -> ErrorKind {
        match self.code {
            Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
                ErrorKind::UniqueViolation
            }
            Some(ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => ErrorKind::ForeignKeyViolation,
            _ => ErrorKind::Other,
        }
    }

    fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
        self
    }
}
