//! Sections: the typed parts of the configuration.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Config, ConfigProblem, ConfigProblems, Setting, leaves, variable_of};
use crate::{
    mistake::{self, Mistake},
    parse,
    provider::{Key, Place},
};

/// The settings of a module, as one type.
///
/// The type must be `#[serde(rename_all = "camelCase", default)]`, and its `Default`
/// is the weakest layer. It also tells which keys exist.
pub trait ConfigSection: Serialize + DeserializeOwned + Default + Send + Sync + 'static {
    /// First part of the section's keys, e.g. `server`. No other type has the same.
    const KEY: &'static str;

    /// Older names of environment variables, and the keys they set:
    /// `("WS_SERVER_PORT", "port")`. The key's own variable wins over them.
    const ALIASES: &'static [(&'static str, &'static str)] = &[];

    /// Keys whose values are never shown: `jwt.secret`. A `*` stands for any name in a map.
    const SECRETS: &'static [&'static str] = &[];

    /// Keys of maps, whose entries may have any name: with `named`, `robots.named.gpt.url` is a key.
    /// The default has at least one entry in each, whose form is that of all of them.
    const MAPS: &'static [&'static str] = &[];

    /// What is wrong with the values beyond their types: `(key, what it must be)`.
    fn problems(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// A section whose type is forgotten, kept to be checked.
#[derive(Clone, Copy)]
pub(crate) struct Section {
    pub(crate) key: &'static str,
    /// The type that holds its values.
    pub(crate) holder: Key,
    /// Where a module lists it; none for the framework's own.
    pub(crate) place: Option<Place>,
    pub(crate) check: fn(&Config) -> Result<(), ConfigProblems>,
    pub(crate) values: fn(&Config) -> Result<Vec<ConfigValue>, ConfigProblems>,
}

/// A value of the configuration, as it is in force.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigValue {
    /// Whole key, e.g. `server.cors.origins`.
    pub key: String,
    /// The value as JSON; `"***"` for a secret that is set.
    pub value: Value,
    /// File or environment variable that sets it; none for the default.
    pub origin: Option<String>,
}

impl Section {
    pub(crate) fn of<T: ConfigSection>(place: Option<Place>) -> Self {
        Self {
            key: T::KEY,
            holder: Key::of::<T>(),
            place,
            check: |config| config.section::<T>().map(drop),
            values: Config::values::<T>,
        }
    }
}

/// Finds the types that read the same section. Each refuses the keys of the other.
pub(crate) fn same_sections(sections: &[Section]) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for (index, second) in sections.iter().enumerate() {
        let first = sections[..index].iter().find(|it| it.key == second.key);
        if let (Some(first), Some(place)) = (first, second.place)
            && first.holder != second.holder
        {
            mistakes.push(mistake::same_section(first, second, place));
        }
    }
    mistakes
}

impl Config {
    /// Reads a section.
    ///
    /// # Errors
    ///
    /// Every value of the wrong type, every unknown key and whatever
    /// [`ConfigSection::problems`] finds.
    pub fn section<T: ConfigSection>(&self) -> Result<T, ConfigProblems> {
        let defaults = serde_json::to_value(T::default()).unwrap_or_default();
        let mut problems = Vec::new();
        let mut tree = defaults.clone();
        let mut settings = self.settings(T::KEY);
        self.add_aliases::<T>(&mut settings, &mut problems);
        for mut setting in settings.iter().cloned() {
            if let Err(text) = apply::<T>(&defaults, &mut setting) {
                problems.push(setting.problem(T::KEY, &text));
            } else {
                put(&mut tree, &setting.path, setting.value);
            }
        }
        let section: T = serde_json::from_value(tree).unwrap_or_default();
        for (key, text) in section.problems() {
            let setting = settings.iter().rev().find(|it| it.path.join(".") == key);
            let origin = setting.map(|it| it.origin.clone());
            problems.push(ConfigProblem::new(format!("{}.{key}", T::KEY), origin, &text));
        }
        if problems.is_empty() { Ok(section) } else { Err(ConfigProblems(problems)) }
    }

    /// The values of a section, in the order of their keys.
    fn values<T: ConfigSection>(&self) -> Result<Vec<ConfigValue>, ConfigProblems> {
        let tree = serde_json::to_value(self.section::<T>()?).unwrap_or_default();
        let mut set = self.settings(T::KEY);
        self.add_aliases::<T>(&mut set, &mut Vec::new());
        let mut all = Vec::new();
        leaves(&tree, &mut Vec::new(), "", &mut all);
        let values = all.into_iter().map(|leaf| {
            let key = leaf.path.join(".");
            let origin = set.iter().rev().find(|it| it.path == leaf.path);
            let secret = is_secret::<T>(&leaf.path) && leaf.value != "";
            ConfigValue {
                key: format!("{}.{key}", T::KEY),
                value: if secret { Value::from("***") } else { leaf.value },
                origin: origin.map(|it| it.origin.clone()),
            }
        });
        Ok(values.collect())
    }

    /// Adds what older variables set, unless the key's own variable does.
    fn add_aliases<T: ConfigSection>(
        &self,
        settings: &mut Vec<Setting>,
        problems: &mut Vec<ConfigProblem>,
    ) {
        for (alias, key) in T::ALIASES {
            let Some(value) = self.variables.get(*alias) else { continue };
            let path: Vec<_> = key.split('.').map(str::to_owned).collect();
            let full: Vec<_> = std::iter::once(T::KEY).chain(key.split('.')).collect();
            if self.variables.contains_key(&variable_of(&full)) {
                continue;
            }
            let same_key = settings.iter().find(|it| it.text && it.path == path);
            match same_key {
                Some(other) if other.value != value.as_str() => {
                    let text = format!("is set otherwise by {}", other.origin);
                    let key = format!("{}.{key}", T::KEY);
                    problems.push(ConfigProblem::new(key, Some((*alias).to_owned()), &text));
                }
                Some(_) => {}
                None => settings.push(Setting {
                    path,
                    value: Value::from(value.as_str()),
                    text: true,
                    origin: (*alias).to_owned(),
                }),
            }
        }
    }
}

impl Setting {
    fn problem(&self, section: &str, text: &str) -> ConfigProblem {
        let key = std::iter::once(section).chain(self.path.iter().map(String::as_str));
        ConfigProblem::new(key.collect::<Vec<_>>().join("."), Some(self.origin.clone()), text)
    }
}

/// Checks one setting alone against the defaults, so that each mistake is found
/// whatever the others are, and gives text its key's type.
fn apply<T: ConfigSection>(defaults: &Value, setting: &mut Setting) -> Result<(), String> {
    let default = at::<T>(defaults, &setting.path)?;
    if default.is_object() {
        return Err("is a group of keys and not a value".to_owned());
    }
    let fits = |value: &Value| {
        let mut tree = defaults.clone();
        put(&mut tree, &setting.path, value.clone());
        serde_json::from_value::<T>(tree).map(drop)
    };
    let mut value = setting.value.clone();
    if setting.text {
        value = typed(&value, default);
        // Without a default there is no telling the type: text, or what JSON takes it for.
        if default.is_null() && fits(&value).is_err() {
            value = value.as_str().and_then(|it| serde_json::from_str(it).ok()).unwrap_or(value);
        }
    }
    let result = fits(&value);
    setting.value = value;
    result.map_err(|error| {
        let error = error.to_string();
        match parse::expected(&error) {
            Some(expected) => format!("must be {expected}"),
            None => "does not have the expected form".to_owned(),
        }
    })
}

/// Whether the value at `path` is never shown.
fn is_secret<T: ConfigSection>(path: &[String]) -> bool {
    T::SECRETS.iter().any(|secret| {
        let parts: Vec<_> = secret.split('.').collect();
        let fits = |(part, key): (&&str, &String)| *part == "*" || *part == key;
        parts.len() == path.len() && parts.iter().zip(path).all(fits)
    })
}

/// The default at `path`.
fn at<'a, T: ConfigSection>(defaults: &'a Value, path: &[String]) -> Result<&'a Value, String> {
    let mut value = defaults;
    for (depth, key) in path.iter().enumerate() {
        let entries = value.as_object().ok_or("is not a key: it lies below a value")?;
        let is_map = T::MAPS.contains(&path[..depth].join(".").as_str());
        let any = entries.values().next().filter(|_| is_map);
        value = entries.get(key).or(any).ok_or_else(|| {
            let known: Vec<_> = entries.keys().map(String::as_str).collect();
            format!("is not a key; there are: {}", known.join(", "))
        })?;
    }
    Ok(value)
}

/// Reads text as the type its key has by default: a list is separated by commas.
fn typed(text: &Value, default: &Value) -> Value {
    let Some(string) = text.as_str() else { return text.clone() };
    match default {
        Value::Number(_) | Value::Bool(_) => {
            serde_json::from_str(string).unwrap_or_else(|_| text.clone())
        }
        Value::Array(_) => string.split(',').map(str::trim).filter(|it| !it.is_empty()).collect(),
        _ => text.clone(),
    }
}

fn put(tree: &mut Value, path: &[String], value: Value) {
    let slot = path.iter().fold(tree, |slot, key| &mut slot[key.as_str()]);
    *slot = value;
}
