//! Configuration sections `robots` and `sessions`.

use std::{collections::BTreeMap, time::Duration};

use hornero::ConfigSection;
use reqwest::Url;
use serde::{Deserialize, Serialize};

/// The robot that needs no other program.
pub(crate) const ECHO: &str = "builtin:echo";

/// Longest name of a robot.
const MAX_NAME: usize = 64;

/// Which robots there are, and how much they may do.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RobotsConfig {
    /// Name of the robot that answers where none is named. Default `echo`.
    pub default: String,
    /// The robots, by their names. Default one, `echo`, which repeats what it hears.
    pub named: BTreeMap<String, RobotConfig>,
    /// Answers that a user may wait for at once. Default 2.
    pub runs_per_user: usize,
    /// Answers that all users may wait for at once. Default 100.
    pub runs: usize,
    /// Most messages of the conversation that a robot is told, the prompt among them. Default 20.
    pub history: u64,
    /// Most characters of these messages. The prompt is told whatever its length. Default 20,000.
    pub history_length: usize,
}

/// Keys `robots.named.<name>.*`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RobotConfig {
    /// `builtin:echo`, or the address of a server that speaks OpenAI's chat completions, up to
    /// and without `/chat/completions`.
    pub url: String,
    /// Model that the server is asked for. Default none, where the server has only one.
    pub model: String,
    /// Key that the server wants. Default none.
    pub api_key: String,
    /// Time that an answer may take, in milliseconds. Default 60,000.
    pub timeout_ms: u64,
    /// How often a server that fails is asked again, while nothing of the answer has come.
    /// Default 2.
    pub retries: u32,
    /// What the model is told before anything else. Default nothing.
    pub system_prompt: String,
    /// How its answers are to be read: `plain` (default) or `markdown`.
    pub formatting: String,
}

/// What concerns all sessions.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionsConfig {
    /// Name of the robot that answers in sessions. Default none.
    pub assistant: String,
}

impl Default for RobotsConfig {
    fn default() -> Self {
        let echo = RobotConfig { url: ECHO.to_owned(), ..RobotConfig::default() };
        Self {
            default: "echo".to_owned(),
            named: BTreeMap::from([("echo".to_owned(), echo)]),
            runs_per_user: 2,
            runs: 100,
            history: 20,
            history_length: 20_000,
        }
    }
}

impl Default for RobotConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            model: String::new(),
            api_key: String::new(),
            timeout_ms: 60_000,
            retries: 2,
            system_prompt: String::new(),
            formatting: "plain".to_owned(),
        }
    }
}

impl RobotConfig {
    /// See [`Self::timeout_ms`].
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// What is wrong, if anything.
    fn problem(&self) -> Option<&'static str> {
        if self.url != ECHO && !is_address(&self.url) {
            return Some(
                "`url` must be builtin:echo, or http:// or https:// with a host and a path, \
                 and nothing else",
            );
        }
        if !(1..=600_000).contains(&self.timeout_ms) {
            return Some("`timeoutMs` must be 1 to 600000");
        }
        if self.retries > 10 {
            return Some("`retries` must be 0 to 10");
        }
        if !["plain", "markdown"].contains(&self.formatting.as_str()) {
            return Some("`formatting` must be plain or markdown");
        }
        // It would stand in a header.
        if !self.api_key.bytes().all(|it| it.is_ascii_graphic()) {
            return Some("`apiKey` must be visible ASCII characters");
        }
        None
    }
}

/// Whether it is an address to which a path can be added, and in which no secret stands: it is
/// shown to operators.
fn is_address(url: &str) -> bool {
    Url::parse(url).is_ok_and(|it| {
        matches!(it.scheme(), "http" | "https")
            && it.has_host()
            && it.username().is_empty()
            && it.password().is_none()
            && it.query().is_none()
            && it.fragment().is_none()
    })
}

impl ConfigSection for RobotsConfig {
    const KEY: &'static str = "robots";
    const SECRETS: &'static [&'static str] = &["named.*.apiKey"];
    const MAPS: &'static [&'static str] = &["named"];

    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        for (name, robot) in &self.named {
            let fits = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
            if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(fits) {
                let text = "names must be 1 to 64 letters, digits, - and _";
                problems.push(("named", text.to_owned()));
            } else if let Some(problem) = robot.problem() {
                problems.push(("named", format!("`{name}`: {problem}")));
            }
        }
        if !self.named.contains_key(&self.default) {
            problems.push(("default", "must be the name of one in robots.named".to_owned()));
        }
        for (key, value, most) in [
            ("runsPerUser", self.runs_per_user, 1_000),
            ("runs", self.runs, 10_000),
            ("historyLength", self.history_length, 1_000_000),
        ] {
            if !(1..=most).contains(&value) {
                problems.push((key, format!("must be 1 to {most}")));
            }
        }
        if !(1..=100).contains(&self.history) {
            problems.push(("history", "must be 1 to 100".to_owned()));
        }
        problems
    }
}

impl ConfigSection for SessionsConfig {
    const KEY: &'static str = "sessions";
}
