//! Configuration section `database`.

use std::path::Path;

use hornero::ConfigSection;
use serde::{Deserialize, Serialize};

use crate::{address::Address, error::OpenError, postgres};

/// Where the data is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DatabaseConfig {
    /// `postgres://user:password@host:5432/database`, or `sqlite://` and the path of a file.
    /// Default: `hornero.db` in `server.dataDir`.
    pub url: String,
    /// Connections to an SQLite file that read at the same time. Default 4.
    pub readers: u32,
    /// Connections of this process to PostgreSQL, at most. Default 10.
    pub connections: u32,
    /// Time that PostgreSQL has to answer at the start, in milliseconds. Default 30,000.
    pub connect_timeout_ms: u64,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: String::new(), readers: 4, connections: 10, connect_timeout_ms: 30_000 }
    }
}

impl ConfigSection for DatabaseConfig {
    const KEY: &'static str = "database";
    const ALIASES: &'static [(&'static str, &'static str)] =
        &[("DATABASE_URL", "url"), ("POSTGRES_DSN", "url")];
    // It may have a password in it.
    const SECRETS: &'static [&'static str] = &["url"];

    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if let Err(text) = Address::parse(&self.url, Path::new("")) {
            problems.push(("url", text));
        }
        if !(1..=64).contains(&self.readers) {
            problems.push(("readers", "must be 1 to 64".to_owned()));
        }
        // One that writes may need one that reads beside it.
        if !(2..=1_000).contains(&self.connections) {
            problems.push(("connections", "must be 2 to 1000".to_owned()));
        }
        if self.connect_timeout_ms > 3_600_000 {
            problems.push(("connectTimeoutMs", "must be 0 to 3600000, an hour".to_owned()));
        }
        problems
    }
}

impl DatabaseConfig {
    pub(crate) fn address(&self, data_dir: &Path) -> Result<Address, OpenError> {
        Address::parse(&self.url, data_dir).map_err(OpenError::Address)
    }

    /// Where the data is, for people: without user and password.
    ///
    /// # Errors
    ///
    /// [`OpenError::Address`] if `url` is none.
    pub fn place(&self, data_dir: &Path) -> Result<String, OpenError> {
        Ok(self.address(data_dir)?.to_string())
    }

    /// Looks whether PostgreSQL answers and fits, once and without waiting for it, and tells
    /// what is there. A file is only named.
    ///
    /// # Errors
    ///
    /// [`OpenError`], which tells the operator what to do.
    pub async fn examine(&self, data_dir: &Path) -> Result<String, OpenError> {
        match self.address(data_dir)? {
            Address::Postgres(options) => Ok(postgres::examine(&options).await?),
            Address::File(file) => Ok(format!("SQLite file {}", file.display())),
        }
    }
}
