//! Configuration section `database`.

use std::path::{Path, PathBuf};

use hornero::ConfigSection;
use serde::{Deserialize, Serialize};

/// Where the data is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DatabaseConfig {
    /// `sqlite://` and the path of a file. Default: `hornero.db` in `server.dataDir`.
    pub url: String,
    /// Connections that read at the same time. Default 4.
    pub readers: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: String::new(), readers: 4 }
    }
}

impl ConfigSection for DatabaseConfig {
    const KEY: &'static str = "database";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("DATABASE_URL", "url")];

    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if !self.url.is_empty() && self.path().is_none() {
            problems.push(("url", "must be sqlite:// and the path of a file".to_owned()));
        }
        if !(1..=64).contains(&self.readers) {
            problems.push(("readers", "must be 1 to 64".to_owned()));
        }
        problems
    }
}

impl DatabaseConfig {
    /// The address for the driver, and the file it names.
    pub(crate) fn location(&self, data_dir: &Path) -> (String, PathBuf) {
        let file = self.path().map_or_else(|| data_dir.join("hornero.db"), PathBuf::from);
        (format!("sqlite://{}?mode=rwc", file.display()), file)
    }

    fn path(&self) -> Option<&str> {
        let path = self.url.strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        path.split('?').next().filter(|it| !it.is_empty() && *it != ":memory:")
    }
}
