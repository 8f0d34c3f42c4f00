//! The names of a new module, and why a name is refused.

use std::fs;
use std::path::Path;

use toml::Table;

use super::template;
use crate::stage::Problem;

/// Words of Rust that no crate, file or variable may be called.
const KEYWORDS: [&str; 51] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Crates that come with Rust.
const RUST_CRATES: [&str; 5] = ["alloc", "core", "proc_macro", "std", "test"];

/// Files that every module may have beside the one that is called like its thing.
const FILES: [&str; 10] = [
    "config",
    "controller",
    "dto",
    "entity",
    "error",
    "gateway",
    "module",
    "repository",
    "service",
    "tests",
];

/// Plurals that do not follow the rules of [`singular`] and [`plural`].
const IRREGULAR: [(&str, &str); 10] = [
    ("alias", "aliases"),
    ("bus", "buses"),
    ("child", "children"),
    ("cookie", "cookies"),
    ("movie", "movies"),
    ("news", "news"),
    ("person", "people"),
    ("series", "series"),
    ("species", "species"),
    ("status", "statuses"),
];

/// Longest name. PostgreSQL cuts the names of tables and indices off at 63 bytes.
const LONGEST: usize = 40;

/// What the parts of a module are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    /// Crate and folder: `polls`.
    pub(crate) module: String,
    /// One thing: `poll`.
    pub(crate) thing: String,
    /// Several things, and their table: `polls`.
    pub(crate) things: String,
}

impl Names {
    /// The names of a module called `name` in the tree at `root`.
    ///
    /// # Errors
    ///
    /// Why there cannot be a module of this name, and a better one.
    pub(crate) fn of(name: &str, root: &Path) -> Result<Self, Problem> {
        let manifest = fs::read_to_string(root.join("Cargo.toml"))
            .map_err(|error| Problem::Failed(format!("Cargo.toml cannot be read: {error}")))?;
        let refused = |Refusal { reason, suggestion }| {
            Problem::Failed(format!(
                "`{name}` cannot be the name of a module: {reason}\n  help: {suggestion}"
            ))
        };
        Self::checked(name, &foreign_crates(&manifest, name)).map_err(refused)
    }

    /// Refuses a name that is none, or that is taken by one of `crates`.
    fn checked(name: &str, crates: &[String]) -> Result<Self, Refusal> {
        check_form(name)?;
        let names = Self::derived(name);
        let another = || format!("take two words, e.g. `team_{}`", names.things);
        let parts = [(&names.module, ""), (&names.thing, "one of its things would be called so: ")];
        for (part, what) in parts {
            let part = part.as_str();
            if KEYWORDS.contains(&part) {
                return Err(Refusal::new(format!("{what}`{part}` is a word of Rust"), another()));
            }
            if RUST_CRATES.contains(&part) || crates.iter().any(|it| it == part) {
                let reason = format!("{what}`{part}` is a crate that is used here already");
                return Err(Refusal::new(reason, another()));
            }
            if FILES.contains(&part) {
                let reason = format!("{what}`{part}.rs` means something else in every module");
                return Err(Refusal::new(reason, another()));
            }
        }
        if let Some(taken) = template::name_with_two_meanings(&names) {
            let reason = format!("its `{taken}` would be called like another type in its files");
            return Err(Refusal::new(reason, another()));
        }
        Ok(names)
    }

    pub(crate) fn derived(name: &str) -> Self {
        let thing = singular(name);
        let things = if thing == name { plural(name) } else { name.to_owned() };
        Self { module: name.to_owned(), thing, things }
    }
}

#[derive(Debug)]
struct Refusal {
    reason: String,
    suggestion: String,
}

impl Refusal {
    fn new(reason: impl Into<String>, suggestion: String) -> Self {
        Self { reason: reason.into(), suggestion }
    }
}

fn check_form(name: &str) -> Result<(), Refusal> {
    let plain = snake_case(name);
    let suggestion = || match plain.as_str() {
        "" => "take a noun in the plural, e.g. `polls`".to_owned(),
        plain => format!("`{plain}`"),
    };
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.chars().any(char::is_uppercase) {
        "it has capitals, and crates are snake_case"
    } else if !name.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_') {
        "only the letters a to z, digits and _ may be in it"
    } else if name != plain {
        "it must begin with a letter, and every _ must stand between two words"
    } else if name.len() > LONGEST {
        let reason = format!("it is longer than {LONGEST} characters");
        return Err(Refusal::new(reason, "take one or two words".to_owned()));
    } else {
        return Ok(());
    };
    Err(Refusal::new(reason, suggestion()))
}

/// `AuditLogs`, `audit-logs` and `_audit__logs` are `audit_logs`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.ends_with('_') {
            snake.push('_');
        }
        if c.is_ascii_alphanumeric() {
            snake.push(c.to_ascii_lowercase());
        } else if !snake.ends_with('_') {
            snake.push('_');
        }
    }
    let begin = snake.find(|it: char| it.is_ascii_lowercase()).unwrap_or(snake.len());
    snake[begin..].trim_end_matches('_').to_owned()
}

/// The crates that the workspace knows, other than the module that may have been made before.
fn foreign_crates(manifest: &str, name: &str) -> Vec<String> {
    let manifest = manifest.parse::<Table>().unwrap_or_default();
    let dependencies = manifest.get("workspace").and_then(|it| it.get("dependencies"));
    let dependencies = dependencies.and_then(|it| it.as_table()).into_iter().flatten();
    let folder = format!("modules/{name}");
    let ours = |it: &toml::Value| it.get("path").and_then(toml::Value::as_str) == Some(&folder);
    let names = dependencies.filter(|(_, it)| !ours(it)).map(|(name, _)| name.replace('-', "_"));
    names.chain(["hornero_server".to_owned(), "xtask".to_owned()]).collect()
}

/// What one of `name` is called: `audit_log` of `audit_logs`. A singular stays what it is.
fn singular(name: &str) -> String {
    let (before, word) = last_word(name);
    let stem = |end: &str, instead: &str| word.strip_suffix(end).map(|it| format!("{it}{instead}"));
    let one = if let Some((one, _)) = IRREGULAR.iter().find(|it| it.0 == word || it.1 == word) {
        (*one).to_owned()
    } else if let Some(one) = stem("ies", "y") {
        one
    } else if let Some(end) =
        ["sses", "shes", "ches", "xes", "zes"].iter().find(|it| word.ends_with(**it))
    {
        word[..word.len() - end.len()].to_owned() + &end[..end.len() - 2]
    } else if ["ss", "us", "is"].iter().any(|it| word.ends_with(it)) {
        word.to_owned()
    } else {
        stem("s", "").unwrap_or_else(|| word.to_owned())
    };
    before.to_owned() + &one
}

/// What several of `name` are called: `audit_logs` of `audit_log`.
fn plural(name: &str) -> String {
    let (before, word) = last_word(name);
    let several = if let Some((_, several)) = IRREGULAR.iter().find(|it| it.0 == word) {
        (*several).to_owned()
    } else if ["s", "x", "z", "ch", "sh"].iter().any(|it| word.ends_with(it)) {
        format!("{word}es")
    } else {
        match word.strip_suffix('y') {
            Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
            _ => format!("{word}s"),
        }
    };
    before.to_owned() + &several
}

fn last_word(name: &str) -> (&str, &str) {
    name.split_at(name.rfind('_').map_or(0, |it| it + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str) -> String {
        let crates = ["rooms", "delivery"].map(str::to_owned);
        let Refusal { reason, suggestion } = Names::checked(name, &crates).unwrap_err();
        format!("{reason}; {suggestion}")
    }

    #[test]
    fn things_are_counted_as_in_english() {
        for (name, thing, things) in [
            ("polls", "poll", "polls"),
            ("poll", "poll", "polls"),
            ("audit_logs", "audit_log", "audit_logs"),
            ("address_books", "address_book", "address_books"),
            ("replies", "reply", "replies"),
            ("survey", "survey", "surveys"),
            ("inboxes", "inbox", "inboxes"),
            ("branches", "branch", "branches"),
            ("classes", "class", "classes"),
            ("bonus", "bonus", "bonuses"),
            ("key_phrases", "key_phrase", "key_phrases"),
            ("people", "person", "people"),
            ("news", "news", "news"),
        ] {
            let names = Names::checked(name, &[]).unwrap();
            assert_eq!((&*names.thing, &*names.things), (thing, things), "{name}");
        }
    }

    #[test]
    fn malformed_name_is_refused_with_a_better_one() {
        for (name, reason, suggestion) in [
            ("Polls", "capitals", "`polls`"),
            ("AuditLogs", "capitals", "`audit_logs`"),
            ("audit-logs", "only the letters", "`audit_logs`"),
            ("umfragen_für_alle", "only the letters", "`umfragen_f_r_alle`"),
            ("2polls", "begin with a letter", "`polls`"),
            ("_polls", "begin with a letter", "`polls`"),
            ("audit__logs_", "between two words", "`audit_logs`"),
            ("", "empty", "`polls`"),
            ("123", "begin with a letter", "`polls`"),
        ] {
            let refusal = refusal(name);
            assert!(refusal.contains(reason) && refusal.contains(suggestion), "{name}: {refusal}");
        }
        assert!(refusal(&"x".repeat(41)).contains("longer than 40"));
    }

    #[test]
    fn taken_name_is_refused_with_the_reason() {
        for (name, reason) in [
            ("match", "`match` is a word of Rust"),
            ("types", "one of its things would be called so: `type` is a word of Rust"),
            ("rooms", "`rooms` is a crate"),
            ("deliveries", "one of its things would be called so: `delivery` is a crate"),
            ("std", "`std` is a crate"),
            ("service", "`service.rs` means something else"),
            ("entities", "`entity.rs` means something else"),
            ("tokens", "`TokenService` would be called like another type"),
            ("cursors", "`Cursor` would be called like another type"),
            ("pages", "`Page` would be called like another type"),
            ("users", "`UserId` would be called like another type"),
        ] {
            let refusal = refusal(name);
            assert!(refusal.contains(reason), "{name}: {refusal}");
            assert!(refusal.contains("; take two words, e.g. `team_"), "{name}: {refusal}");
        }
    }

    #[test]
    fn module_that_was_made_before_is_no_foreign_crate() {
        let manifest = "[workspace.dependencies]\naxum = \"0.8\"\ntower-http = \"0.7\"\n\
                        polls = { path = \"modules/polls\" }\n";
        let crates = foreign_crates(manifest, "polls");
        assert!(crates.contains(&"axum".to_owned()) && crates.contains(&"tower_http".to_owned()));
        assert!(!crates.contains(&"polls".to_owned()));
    }
}
