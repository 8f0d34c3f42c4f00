//! What can go wrong with the database, for operators and for clients.

use std::path::{Path, PathBuf};

use hornero::{ClientError, ErrorKind};
use sea_orm::{DbErr, RuntimeErr};
use sqlx::error::ErrorKind as Violation;

use crate::postgres_error::PostgresError;

/// Reason the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its folder could not be made.
    #[error(
        "cannot write to the data folder {folder:?}: {source}; make it writable, or name another \
         one with HORNERO__SERVER__DATA_DIR"
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },

    /// The file holds something else, or is damaged.
    #[error(
        "{file:?} is not an SQLite database or is damaged; restore it from a backup, or move it \
         away to begin with an empty one"
    )]
    NotADatabase {
        /// The file.
        file: PathBuf,
    },

    /// The file can neither be opened nor made.
    #[error(
        "cannot open or make the database {file:?}; let this process read and write it and its folder, \
         or name another folder with HORNERO__SERVER__DATA_DIR"
    )]
    NoAccess {
        /// The file.
        file: PathBuf,
    },

    /// The database refused.
    #[error("cannot open the database {file:?}: {source}")]
    Refused {
        /// The file.
        file: PathBuf,
        /// The driver's own account.
        source: DbErr,
    },

    /// There is no thread to write with.
    #[error("cannot start a thread: {0}; allow this process more of them")]
    Thread(std::io::Error),

    /// PostgreSQL does not serve us.
    #[error(transparent)]
    Postgres(#[from] PostgresError),

    /// `database.url` is not an address. The check of the configuration tells the same before.
    #[error("database.url {0}")]
    Address(String),
}

impl OpenError {
    pub(crate) fn of_file(source: DbErr, file: &Path) -> Self {
        let file = file.to_owned();
        let text = source.to_string();
        if text.contains("file is not a database") || text.contains("malformed") {
            return Self::NotADatabase { file };
        }
        if ["unable to open database file", "readonly database"].iter().any(|it| text.contains(it))
        {
            return Self::NoAccess { file };
        }
        Self::Refused { file, source }
    }
}

/// A failure of the database while the server runs.
#[derive(Debug, thiserror::Error)]
#[error("the database failed: {0}")]
pub struct StorageError(#[from] DbErr);

impl StorageError {
    /// Whether a row with the same unique key exists already.
    pub fn is_duplicate(&self) -> bool {
        matches!(self.violation(), Some(Violation::UniqueViolation))
    }

    /// Whether a row that another one belongs to does not exist.
    fn is_orphan(&self) -> bool {
        matches!(self.violation(), Some(Violation::ForeignKeyViolation))
    }

    /// The kind of constraint that was violated, if one was.
    fn violation(&self) -> Option<Violation> {
        match &self.0 {
            DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error.as_database_error()?.kind()),
            _ => None,
        }
    }
}

/// Logs the failure; the client learns that it may try again.
impl From<StorageError> for ClientError {
    fn from(error: StorageError) -> Self {
        if error.is_orphan() {
            // A token outlives its user where a database was replaced by an older one.
            let text = "The user of the token does not exist any more: log in again";
            return Self::new(ErrorKind::Unauthorized, text);
        }
        tracing::error!(%error, "A request failed: {error}");
        Self::unavailable("The server cannot reach its data right now")
    }
}
