//! `deny.toml`: which dependencies may enter. A key that is not understood is an error, not ignored.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::stage::Problem;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deny {
    pub(crate) licenses: Licenses,
    pub(crate) bans: Bans,
    pub(crate) sources: Sources,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Licenses {
    /// What every crate may have.
    pub(crate) allow: Vec<String>,
    /// What single crates may have besides.
    #[serde(default)]
    pub(crate) exceptions: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exception {
    #[serde(rename = "crate")]
    pub(crate) name: String,
    pub(crate) allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bans {
    #[serde(default)]
    pub(crate) deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ban {
    /// The name; all its versions are meant.
    #[serde(rename = "crate")]
    pub(crate) name: String,
    /// Why, and what to use instead.
    pub(crate) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Sources {
    #[expect(
        dead_code,
        reason = "read only so that it can say nothing but `deny`, which is what we do"
    )]
    unknown_registry: Verdict,
    #[expect(
        dead_code,
        reason = "read only so that it can say nothing but `deny`, which is what we do"
    )]
    unknown_git: Verdict,
    pub(crate) allow_registry: Vec<String>,
    pub(crate) allow_git: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Deny,
}

impl Deny {
    pub(crate) fn read(root: &Path) -> Result<Self, Problem> {
        let file = root.join("deny.toml");
        let text = fs::read_to_string(&file).map_err(|error| {
            Problem::Failed(format!("{} cannot be read: {error}", file.display()))
        })?;
        toml::from_str(&text).map_err(|error| {
            Problem::Failed(format!("{}: {}", file.display(), error.to_string().trim_end()))
        })
    }
}
