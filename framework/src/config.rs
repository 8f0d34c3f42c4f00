//! Configuration in layers: defaults in code < `config/default.json` <
//! `config/{profile}.json` < environment.
//!
//! A module asks for its section with [`ModuleDef::config`](crate::ModuleDef::config).
//! In the environment the key `rateLimit.maxRequests` is `HORNERO__RATE_LIMIT__MAX_REQUESTS`.
//! Every mistake is reported at once, and no value is repeated: it may be a secret.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use crate::error::camel_case;

mod section;

pub use section::{ConfigSection, ConfigValue};
pub(crate) use section::{Section, same_sections};

/// Begins the name of every environment variable that is ours.
const PREFIX: &str = "HORNERO__";

/// Chooses the profile; `MODE` is an older name for it.
const PROFILE_VARIABLES: [&str; 2] = ["HORNERO_PROFILE", "MODE"];

/// The layers above the defaults, not yet typed.
#[derive(Default, Clone)]
pub struct Config {
    profile: Option<String>,
    /// The merged files.
    files: Vec<Layer>,
    variables: BTreeMap<String, String>,
}

/// One file.
#[derive(Clone)]
struct Layer {
    name: String,
    tree: Map<String, Value>,
}

/// A value set in some layer.
#[derive(Clone)]
struct Setting {
    /// Path below the section, e.g. `["cors", "origins"]`.
    path: Vec<String>,
    value: Value,
    /// Whether the value is text that is still to be read as its key's type.
    text: bool,
    /// Where it was set: the name of a file or an environment variable.
    origin: String,
}

impl Config {
    /// Reads `config/default.json` and `config/{profile}.json` in `folder`, where
    /// they exist, below the environment `variables`.
    ///
    /// # Errors
    ///
    /// Every file that is not a JSON object, and every `${VARIABLE}` in one that is not set; a
    /// profile that is neither `development` nor `production`, and has no file.
    pub fn load(
        folder: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigProblems> {
        // The last setting of a variable counts. One that is empty is as good as none.
        let mut variables: BTreeMap<_, _> = variables.into_iter().collect();
        variables.retain(|_, value: &mut String| !value.is_empty());
        let profile = profile_in(&variables);
        let mut problems = Vec::new();
        let mut files = Vec::new();
        problems.extend(unknown_profile(folder, &variables));
        for name in ["default", profile.as_deref().unwrap_or("development")] {
            let path = folder.join("config").join(format!("{name}.json"));
            match read_layer(&path, &variables) {
                Ok(layer) => files.extend(layer),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(Self { profile, files, variables })
        } else {
            Err(ConfigProblems(problems))
        }
    }

    /// Adds environment variables, which win over those that are there. Reads no file.
    #[cfg(feature = "testing")]
    pub(crate) fn with_variables(
        mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        self.variables.extend(variables);
        self.variables.retain(|_, value| !value.is_empty());
        self.profile = profile_in(&self.variables).or(self.profile);
        self
    }

    /// Kind of place the server runs in: `development` unless configured, or `production`.
    pub fn profile(&self) -> &str {
        self.profile.as_deref().unwrap_or("development")
    }

    /// Values set for the section `key`, the weakest layer first.
    fn settings(&self, key: &str) -> Vec<Setting> {
        let mut settings = Vec::new();
        for layer in &self.files {
            if let Some(tree) = layer.tree.get(key) {
                leaves(tree, &mut Vec::new(), &layer.name, &mut settings);
            }
        }
        for (variable, value) in &self.variables {
            let Some(path) = path_of(variable).filter(|path| path[0] == key) else { continue };
            settings.push(Setting {
                path: path[1..].to_vec(),
                value: Value::String(value.clone()),
                text: true,
                origin: variable.clone(),
            });
        }
        settings
    }

    /// Complains about sections that no module asked for.
    pub(crate) fn unknown_sections(&self, known: &[&str]) -> Vec<ConfigProblem> {
        let in_files = self
            .files
            .iter()
            .flat_map(|layer| layer.tree.keys().map(|key| (key.clone(), layer.name.clone())));
        let in_variables = self
            .variables
            .keys()
            .filter_map(|name| path_of(name).map(|path| (path[0].clone(), name.clone())));
        let unknown = in_files.chain(in_variables).filter(|(key, _)| !known.contains(&&**key));
        let text = format!("is not a section; there are: {}", known.join(", "));
        unknown.map(|(key, origin)| ConfigProblem::new(key, Some(origin), &text)).collect()
    }
}

fn profile_in(variables: &BTreeMap<String, String>) -> Option<String> {
    PROFILE_VARIABLES.iter().find_map(|name| variables.get(*name)).cloned()
}

/// A profile that is misspelt would be taken for one that is not as strict as production.
fn unknown_profile(folder: &Path, variables: &BTreeMap<String, String>) -> Option<ConfigProblem> {
    let name = PROFILE_VARIABLES.into_iter().find(|it| variables.contains_key(*it))?;
    let profile = variables[name].as_str();
    let file = format!("config/{profile}.json");
    let is_known = ["development", "production"].contains(&profile) || folder.join(&file).is_file();
    let text = format!("must be development or production, or have a file: there is no {file}");
    (!is_known).then(|| ConfigProblem::new("profile", Some(name.to_owned()), &text))
}

/// Shows no value: any of them may be a secret.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("profile", &self.profile).finish_non_exhaustive()
    }
}

/// `HORNERO__RATE_LIMIT__MAX_REQUESTS` is `["rateLimit", "maxRequests"]`.
fn path_of(variable: &str) -> Option<Vec<String>> {
    let path = variable.strip_prefix(PREFIX)?;
    Some(path.split("__").map(|segment| camel_case(&segment.to_lowercase())).collect())
}

/// `["rateLimit", "maxRequests"]` is `HORNERO__RATE_LIMIT__MAX_REQUESTS`.
pub(crate) fn variable_of(path: &[&str]) -> String {
    let segments = path.iter().map(|segment| {
        segment.chars().fold(String::new(), |mut name, c| {
            if c.is_ascii_uppercase() {
                name.push('_');
            }
            name.push(c.to_ascii_uppercase());
            name
        })
    });
    PREFIX.to_owned() + &segments.collect::<Vec<_>>().join("__")
}

/// Collects what is set in `tree`. An array is one value.
fn leaves(tree: &Value, path: &mut Vec<String>, origin: &str, settings: &mut Vec<Setting>) {
    match tree {
        Value::Object(entries) => {
            for (key, value) in entries {
                path.push(key.clone());
                leaves(value, path, origin, settings);
                path.pop();
            }
        }
        value => settings.push(Setting {
            path: path.clone(),
            value: value.clone(),
            text: false,
            origin: origin.to_owned(),
        }),
    }
}

fn read_layer(
    path: &PathBuf,
    variables: &BTreeMap<String, String>,
) -> Result<Option<Layer>, ConfigProblem> {
    let name = path.display().to_string();
    let problem = |text: &str| ConfigProblem::new(name.clone(), None, text);
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(problem(&format!("cannot be read: {error}"))),
    };
    let text = expand(&text, variables).map_err(|it| problem(&it))?;
    let tree = serde_json::from_str(&text).map_err(|error| {
        problem(&format!("is not a JSON object (line {}, column {})", error.line(), error.column()))
    })?;
    Ok(Some(Layer { name, tree }))
}

/// Replaces `${VARIABLE}` and `${VARIABLE:-default}` by values escaped for JSON.
fn expand(text: &str, variables: &BTreeMap<String, String>) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (inner, after) = after.split_once('}').ok_or("has a `${` without a `}`")?;
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        let value = variables.get(name).map(String::as_str).or(default);
        let value = value.ok_or_else(|| format!("uses ${{{name}}}, which is not set"))?;
        let escaped = Value::from(value).to_string();
        expanded.push_str(before);
        expanded.push_str(&escaped[1..escaped.len() - 1]);
        rest = after;
    }
    Ok(expanded + rest)
}

/// Something wrong in the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigProblem {
    /// Key or file at fault, e.g. `server.port`.
    pub key: String,
    /// Where it was set, if it was.
    pub origin: Option<String>,
    /// What is wrong with it. Never its value.
    pub text: String,
}

impl ConfigProblem {
    /// A problem with `key`.
    pub fn new(key: impl Into<String>, origin: Option<String>, text: &str) -> Self {
        Self { key: key.into(), origin, text: text.to_owned() }
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(origin) => write!(f, "{} (set by {origin}) {}", self.key, self.text),
            None => write!(f, "{} {}", self.key, self.text),
        }
    }
}

/// Everything that is wrong in the configuration.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the configuration has mistakes (`.env.example` lists all keys):\n{}", list(.0))]
pub struct ConfigProblems(pub Vec<ConfigProblem>);

fn list(problems: &[ConfigProblem]) -> String {
    problems.iter().map(|it| format!("  - {it}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
