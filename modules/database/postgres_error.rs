//! Why PostgreSQL does not serve us, and what to do about it.

use std::io::{self, ErrorKind};

use sea_orm::{DbErr, RuntimeErr};
use sqlx::postgres::PgConnectOptions;

use crate::address::place;

/// Reason a PostgreSQL database could not be opened. None has a password in it.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// Nobody answers there, or not yet.
    #[error(
        "cannot reach {place}: {reason}; start PostgreSQL, or correct host and port in DATABASE_URL"
    )]
    Unreachable {
        /// Address without user and password.
        place: String,
        /// The driver's own account.
        reason: String,
    },

    /// Its certificate is not trusted, or one of the files that the address names is not there.
    #[error(
        "no trusted TLS with {place}: {reason}; see sslrootcert, sslcert and sslkey in DATABASE_URL"
    )]
    Certificate {
        /// Address without user and password.
        place: String,
        /// The driver's own account.
        reason: String,
    },

    /// It is there, and cannot take us yet: it starts, stops, or has all its connections in use.
    #[error("{place} takes no connections now: {reason}")]
    NotNow {
        /// Address without user and password.
        place: String,
        /// The server's own account.
        reason: String,
    },

    /// It does not take this user with this password.
    #[error(
        "{place} refuses the user {user:?}: {reason}; correct user and password in DATABASE_URL"
    )]
    LoginRefused {
        /// Address without user and password.
        place: String,
        /// The user.
        user: String,
        /// The server's own account.
        reason: String,
    },

    /// It has no such database.
    #[error("{place} does not exist; create it: CREATE DATABASE {database:?} OWNER {user:?}")]
    NoSuchDatabase {
        /// Address without user and password.
        place: String,
        /// The database.
        database: String,
        /// The user.
        user: String,
    },

    /// The user may not make tables.
    #[error(
        "the user {user:?} may not make tables in {place}; make it the owner: \
         ALTER DATABASE {database:?} OWNER TO {user:?}"
    )]
    MayNotMigrate {
        /// Address without user and password.
        place: String,
        /// The database.
        database: String,
        /// The user.
        user: String,
    },

    /// A standby, or a database that was set to read only.
    #[error("{place} can only be read; name the primary server in DATABASE_URL")]
    ReadOnly {
        /// Address without user and password.
        place: String,
    },

    /// A release that this program was not made for.
    #[error("{place} is PostgreSQL {version}; the oldest that will do is {}", Self::OLDEST)]
    TooOld {
        /// Address without user and password.
        place: String,
        /// Its major version.
        version: u32,
    },

    /// It could not store every text.
    #[error(
        "{place} has the encoding {encoding}, which cannot hold every message; create one with \
         ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding {
        /// Address without user and password.
        place: String,
        /// Its encoding.
        encoding: String,
    },

    /// Anything else.
    #[error("cannot use {place}: {reason}")]
    Other {
        /// Address without user and password.
        place: String,
        /// The driver's own account.
        reason: String,
    },
}

impl PostgresError {
    /// Oldest major version that will do: of those that systems still bring, the oldest.
    pub(crate) const OLDEST: u32 = 13;

    /// Whether waiting may help.
    pub(crate) fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::NotNow { .. })
    }

    pub(crate) fn connecting(error: sqlx::Error, options: &PgConnectOptions) -> Self {
        let reason = reason(&error);
        let place = place(options);
        match error {
            sqlx::Error::Database(refusal) => {
                let code = refusal.code().unwrap_or_default().into_owned();
                Self::refused(&code, reason, options)
            }
            sqlx::Error::Io(error) if is_about_tls(&error, options) => {
                Self::Certificate { place, reason }
            }
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => Self::Unreachable { place, reason },
            _ => Self::Other { place, reason },
        }
    }

    pub(crate) fn migrating(error: DbErr, options: &PgConnectOptions) -> Self {
        if let DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) = &error
            && let sqlx::Error::Database(refusal) = &**cause
        {
            let code = refusal.code().unwrap_or_default();
            return Self::refused(&code, reason(cause), options);
        }
        Self::Other { place: place(options), reason: error.to_string() }
    }

    /// By the server's error codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    fn refused(code: &str, reason: String, options: &PgConnectOptions) -> Self {
        let place = place(options);
        let user = options.get_username().to_owned();
        let database = options.get_database().unwrap_or(&user).to_owned();
        match code {
            "28000" | "28P01" => Self::LoginRefused { place, user, reason },
            "3D000" => Self::NoSuchDatabase { place, database, user },
            "42501" => Self::MayNotMigrate { place, database, user },
            "25006" => Self::ReadOnly { place },
            "53300" | "57P01" | "57P02" | "57P03" => Self::NotNow { place, reason },
            _ => Self::Other { place, reason },
        }
    }
}

/// Whether waiting is in vain. A Unix socket that is not there may come yet.
fn is_about_tls(error: &io::Error, options: &PgConnectOptions) -> bool {
    match error.kind() {
        ErrorKind::InvalidData => true,
        ErrorKind::NotFound => options.get_socket().is_none(),
        _ => false,
    }
}

/// The innermost account, without the layers that have reported it.
fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(refusal) => refusal.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::PoolTimedOut => "it does not answer".to_owned(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_waited_for_and_nothing_else() {
        let tcp = "postgres://ada:hunter2@db/chat".parse().unwrap();
        let socket = "postgres://ada:hunter2@db/chat?host=/run/postgresql".parse().unwrap();
        for (kind, options, waited) in [
            (ErrorKind::ConnectionRefused, &tcp, true),
            (ErrorKind::UnexpectedEof, &tcp, true),
            (ErrorKind::NotFound, &socket, true),
            // A certificate that is not trusted, and one that is not there.
            (ErrorKind::InvalidData, &tcp, false),
            (ErrorKind::NotFound, &tcp, false),
        ] {
            let error = PostgresError::connecting(sqlx::Error::Io(kind.into()), options);
            assert_eq!(error.is_temporary(), waited, "{error}");
        }
        for (code, waited) in [("57P03", true), ("53300", true), ("28P01", false), ("3D000", false)]
        {
            let error = PostgresError::refused(code, "so it is".to_owned(), &tcp);
            assert_eq!(error.is_temporary(), waited, "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
