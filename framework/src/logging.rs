//! Logging: what is written, and in which form.

use std::io::IsTerminal;

use serde::{Deserialize, Serialize};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::config::ConfigSection;

/// Section `logging`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoggingConfig {
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives such as
    /// `info,chat=debug`. Default `info`.
    pub level: String,
    /// Form of a log line. Default `console`.
    pub format: LogFormat,
}

/// Form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Console,
    /// One JSON object a line, for programs.
    Json,
}

impl Default for LoggingConfig {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Console }
    }
}

impl ConfigSection for LoggingConfig {
    const KEY: &'static str = "logging";
    const ALIASES: &'static [(&'static str, &'static str)] =
        &[("LOGGER_LEVEL", "level"), ("LOGGER_ENCODING", "format")];

    fn problems(&self) -> Vec<(&'static str, String)> {
        let text = "must be a level like `info`, or directives like `info,chat=debug`".to_owned();
        if is_level(&self.level) { Vec::new() } else { vec![("level", text)] }
    }
}

/// Whether it is a level or directives, and one of them says how much is written.
fn is_level(text: &str) -> bool {
    // A word alone is taken for the target of a directive, and all others would be silent.
    let says_how_much = |it: &str| it.contains('=') || it.parse::<LevelFilter>().is_ok();
    EnvFilter::try_new(text).is_ok() && text.split(',').any(says_how_much)
}

/// Libraries that tell what we tell ourselves, and better, or what nobody may read: all but the
/// first log tokens and messages at `debug` or `trace`. A directive that names them wins.
const TALKATIVE: [&str; 6] = [
    "sea_orm_migration",
    "sqlx",
    "socketioxide",
    "engineioxide",
    "tungstenite",
    "tokio_tungstenite",
];

/// Starts to write logs to the standard error. Does nothing when called again.
pub fn init(config: &LoggingConfig) {
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter(&config.level))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // An error means that a subscriber is in place already, as in tests.
    let _ = match config.format {
        LogFormat::Console => logs.try_init(),
        LogFormat::Json => logs.json().try_init(),
    };
}

fn filter(level: &str) -> EnvFilter {
    let quiet = TALKATIVE.map(|it| format!("{it}=warn")).join(",");
    let quietly = EnvFilter::try_new(format!("{quiet},{level}"));
    quietly.unwrap_or_else(|_| EnvFilter::new("info"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_that_would_silence_everything_is_wrong() {
        for right in ["info", "WARN", "off", "info,chat=debug", "chat=debug", "trace,sqlx=info"] {
            assert!(is_level(right), "{right}");
        }
        for wrong in ["loud", "inof", "chat", "loud,chat", "info,chat=x", "a=b=c"] {
            assert!(!is_level(wrong), "{wrong}");
        }
    }
}
