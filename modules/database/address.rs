//! Where the data is: a file of ours, or a PostgreSQL server.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use sqlx::{postgres::PgConnectOptions, sqlite::SqliteConnectOptions};

/// What may stand behind the `?` of a `postgres://` address.
///
/// The driver ignores what it does not know, so that a misspelled `sslmode` would go
/// without encryption, and logs it with its value.
const PARAMETERS: [&str; 12] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// The same, for poolers such as `PgBouncer`, which do not keep prepared statements: `0`.
const STATEMENT_CACHE: &str = "statement-cache-capacity";

/// Where the data is. What it displays has no password in it.
#[derive(Clone)]
pub(crate) enum Address {
    /// An SQLite file.
    File(PathBuf),
    /// A PostgreSQL database.
    Postgres(Box<PgConnectOptions>),
}

impl Address {
    /// Reads `database.url`; empty means `hornero.db` in `data_dir`. The error says what it
    /// must be, and repeats nothing of it.
    pub(crate) fn parse(url: &str, data_dir: &Path) -> Result<Self, String> {
        let scheme = url.split_once(':').map_or(url, |(scheme, _)| scheme);
        match scheme {
            "" => Ok(Self::File(data_dir.join("hornero.db"))),
            "sqlite" => file(url).map(Self::File),
            "postgres" | "postgresql" => postgres(url).map(Box::new).map(Self::Postgres),
            _ => Err("must be postgres://user:password@host:5432/database, or sqlite:// and \
                      the path of a file"
                .to_owned()),
        }
    }
}

fn file(url: &str) -> Result<PathBuf, String> {
    let must =
        || "must be sqlite:// and the path of a file, in which % is written as %25".to_owned();
    let address = url.split('?').next().unwrap_or(url);
    let options: SqliteConnectOptions = address.parse().map_err(|_| must())?;
    match options.get_filename() {
        it if it.as_os_str().is_empty() || address.ends_with(":memory:") => Err(must()),
        it => Ok(it.to_owned()),
    }
}

fn postgres(url: &str) -> Result<PgConnectOptions, String> {
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    let names = parameters.split('&').filter_map(|it| it.split('=').next());
    let known = |name: &str| PARAMETERS.contains(&name) || name == STATEMENT_CACHE;
    if names.into_iter().any(|name| !name.is_empty() && !known(name)) {
        let known = PARAMETERS.join(", ");
        return Err(format!(
            "has a parameter behind the ? that is not known; there are: {known}, {STATEMENT_CACHE}"
        ));
    }
    url.parse().map_err(|_| {
        "must be postgres://user:password@host:5432/database, in which characters such as \
         @ : / ? # of a password are written as %40 %3A %2F %3F %23"
            .to_owned()
    })
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Postgres(options) => f.write_str(&place(options)),
        }
    }
}

/// Where a PostgreSQL database is, as an address without user and password.
pub(crate) fn place(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or(options.get_username());
    match options.get_socket() {
        Some(folder) => format!("postgres:///{database} at {}", folder.display()),
        None => format!("postgres://{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_address_are_read() {
        let shown = |url| Address::parse(url, Path::new("data")).unwrap().to_string();
        assert_eq!(shown("sqlite:///srv/chat.db?mode=rwc"), "/srv/chat.db");
        assert_eq!(shown("sqlite:chat.db"), "chat.db");
        assert_eq!(shown("sqlite:///srv/a%20chat%3f.db"), "/srv/a chat?.db");
        assert_eq!(shown(""), "data/hornero.db");
        assert_eq!(
            shown("postgres://ada:pw@db:5433/chat?sslmode=require"),
            "postgres://db:5433/chat"
        );
        assert_eq!(shown("postgresql://ada@db/chat"), "postgres://db:5432/chat");
        assert_eq!(shown("postgres://ada@localhost?host=/run/pg"), "postgres:///ada at /run/pg");
    }

    #[test]
    fn wrong_address_is_told_without_repeating_it() {
        for url in [
            "mysql://hunter2",
            "hunter2",
            "sqlite://",
            "sqlite::memory:",
            "sqlite:///srv/%ff.db",
            "postgres://ada:hunter2#@db/chat",
            "postgres://ada:pw@db/chat?sslmode=hunter2",
            "postgres://ada:pw@db/chat?sslmod=hunter2",
        ] {
            let text = Address::parse(url, Path::new("")).err().unwrap();
            assert!(text.contains("must be") || text.contains("not known"), "{url}: {text}");
            assert!(!text.contains("hunter2"), "{url}: {text}");
        }
    }
}
