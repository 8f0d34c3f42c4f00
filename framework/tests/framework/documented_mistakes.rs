//! The page docs/mistakes.md: every mistake on it is made here, and told in the words that
//! stand there.
//!
//! A mistake is a file in the folder of this one: its first lines are the page's text, the
//! rest is the page's code. Those in `compile/` do not compile. After a change,
//! `UPDATE_SNAPSHOTS=1 cargo test --workspace documented_mistakes` writes the page anew.
#![allow(dead_code, reason = "what is wired wrongly is never used")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use hornero::{App, StartError};
use serde_json::Value;

mod ambiguous_import;
mod duplicate_event;
mod duplicate_provider;
mod duplicate_route;
mod duplicate_section;
mod export_of_nothing;
mod failing_constructor;
mod failing_hook;
mod framework_provider;
mod indistinct_paths;
mod missing_guard;
mod missing_in_hook;
mod missing_provider;
mod missing_trait;
mod missing_type;
mod module_circle;
mod not_imported;
mod private_provider;
mod provider_circle;
mod reserved_event;
mod same_type_name;
mod unused_provider;
mod useless_override;
mod wrong_method;
mod wrong_namespace;

/// Where the page's own words end.
const BEGIN: &str = "<!-- From here on the page is written by its test. -->\n";

/// How the notes of our traits begin, among those of rustc.
const NOTES: [&str; 2] = ["every argument", "the result"];

struct Mistake {
    source: &'static str,
    message: String,
    /// Who finds it.
    finder: Finder,
}

#[derive(Clone, Copy, PartialEq)]
enum Finder {
    Check,
    Start,
    Compiler,
}

impl Finder {
    fn name(self) -> &'static str {
        match self {
            Self::Check => "`check`",
            Self::Start => "start",
            Self::Compiler => "compiler",
        }
    }
}

macro_rules! mistakes {
    ($($name:ident),* $(,)?) => {
        vec![$(Mistake::of_app(
            include_str!(concat!("documented_mistakes/", stringify!($name), ".rs")),
            $name::app(),
        ).await),*]
    };
}

macro_rules! compile_errors {
    ($($name:ident),* $(,)?) => {
        vec![$(Mistake::of_compiler(
            include_str!(concat!("documented_mistakes/compile/", stringify!($name), ".rs")),
            concat!("documented_mistakes/compile/", stringify!($name), ".rs"),
        )),*]
    };
}

async fn mistakes() -> Vec<Mistake> {
    let mut mistakes = mistakes![
        missing_provider,
        missing_trait,
        not_imported,
        private_provider,
        ambiguous_import,
        duplicate_provider,
        framework_provider,
        unused_provider,
        export_of_nothing,
        provider_circle,
        module_circle,
        wrong_method,
        missing_in_hook,
        missing_guard,
        duplicate_event,
        reserved_event,
        wrong_namespace,
        duplicate_route,
        indistinct_paths,
        same_type_name,
        missing_type,
        duplicate_section,
        useless_override,
    ];
    mistakes.extend(compile_errors![
        wrong_argument,
        wrong_handler,
        wrong_event_argument,
        wrong_reply,
        guard_without_service,
    ]);
    mistakes.extend(mistakes![failing_constructor, failing_hook]);
    mistakes
}

#[tokio::test]
async fn documented_mistakes_are_told_as_the_page_says() {
    let mistakes = mistakes().await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/mistakes.md");
    let page = fs::read_to_string(&path).unwrap();
    let (words, rest) = page.split_once(BEGIN).expect("the line where the page's own words end");

    let written = format!("\n{}\n{}", table(&mistakes), sections(&mistakes));

    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, format!("{words}{BEGIN}{written}")).unwrap();
        return;
    }
    assert_eq!(rest, written, "docs/mistakes.md is behind: see the top of this test's file");
}

impl Mistake {
    async fn of_app(source: &'static str, app: App) -> Self {
        let (message, finder) = match app.build().await.unwrap_err() {
            StartError::Wiring(mistakes) => {
                let [mistake] = &mistakes.0[..] else { panic!("should be one: {mistakes}") };
                (mistake.to_string(), Finder::Check)
            }
            error => (error.to_string(), Finder::Start),
        };
        Self { source, message: as_in_the_snippet(&message, source), finder }
    }

    /// Of rustc's message only what is ours: the rest differs from version to version.
    fn of_compiler(source: &'static str, file: &str) -> Self {
        let error = compile(&Path::new("tests/framework").join(file));
        let spans = error["spans"].as_array().unwrap();
        let label = spans.iter().find(|it| it["is_primary"] == true).unwrap()["label"].as_str();
        let mut message = format!("error[E0277]: {}", error["message"].as_str().unwrap());
        message.extend(label.map(|it| format!("\n  {it}")));
        let notes = error["children"].as_array().unwrap().iter();
        let notes = notes.filter(|it| it["level"] == "note" && it["spans"] == Value::Array(vec![]));
        let notes = notes.filter_map(|it| it["message"].as_str());
        let ours = notes.filter(|it| NOTES.iter().any(|begin| it.starts_with(begin)));
        ours.for_each(|it| message += &format!("\n  note: {it}"));
        Self { source, message, finder: Finder::Compiler }
    }

    fn title(&self) -> &str {
        self.source.lines().next().unwrap().trim_start_matches("//! ")
    }

    fn text(&self) -> String {
        let lines = self.source.lines().skip(2).take_while(|it| it.starts_with("//!"));
        lines.map(|it| it.trim_start_matches("//!").trim()).collect::<Vec<_>>().join("\n")
    }

    /// The file without its first words, and without how the test gets at the app.
    fn code(&self) -> String {
        let lines = self.source.lines().skip(header(self.source));
        let code = lines.collect::<Vec<_>>().join("\n");
        let (before, app) =
            code.split_once("\npub(super) fn app() -> App {\n").unwrap_or((&code, ""));
        if app.lines().next().is_none_or(|it| !it.contains(".override_with")) {
            return before.trim_end().replace("::{App, ", "::{");
        }
        code.replace("pub(super) ", "")
    }
}

/// How many lines stand before the code.
fn header(source: &str) -> usize {
    source.lines().take_while(|it| it.starts_with("//!") || it.is_empty()).count()
}

/// Places in this test's files, as those of the code on the page.
fn as_in_the_snippet(message: &str, source: &str) -> String {
    let mut parts = message.split("framework/tests/framework/documented_mistakes/");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (file, place) = part.split_once(':').unwrap();
        let (line, rest) = place.split_once(':').unwrap();
        let line = line.parse::<usize>().unwrap() - header(source);
        text += &format!("src/{file}:{line}:{rest}");
    }
    text
}

fn table(mistakes: &[Mistake]) -> String {
    let mut table = "| mistake | found by |\n| --- | --- |\n".to_owned();
    for mistake in mistakes {
        let (title, finder) = (mistake.title(), mistake.finder.name());
        table += &format!("| [{title}](#{}) | {finder} |\n", anchor(title));
    }
    table
}

/// What GitHub calls a heading.
fn anchor(title: &str) -> String {
    let letters = title.chars().filter(|it| it.is_alphanumeric() || " _-".contains(*it));
    letters.collect::<String>().to_lowercase().replace(' ', "-")
}

fn sections(mistakes: &[Mistake]) -> String {
    let mut sections = Vec::new();
    for mistake in mistakes {
        sections.push(format!(
            "## {}\n\n{}\n\n```rust\n{}\n```\n\n```text\n{}\n```\n",
            mistake.title(),
            mistake.text(),
            mistake.code(),
            mistake.message
        ));
    }
    sections.join("\n")
}

/// Compiles a file on the framework that this test was built with; gives the first error.
fn compile(file: &Path) -> Value {
    let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata"])
        .args(["--error-format", "json", "-o"])
        .arg(tempfile::tempdir().unwrap().path().join("out.rmeta"))
        .arg("-L")
        .arg(format!("dependency={}", dependencies().display()))
        .arg("--extern")
        .arg(format!("hornero={}", framework().display()))
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let mut messages = text.lines().map(|it| serde_json::from_str::<Value>(it).unwrap());
    let error = messages.find(|it| it["level"] == "error");
    error.unwrap_or_else(|| panic!("{} should not compile: {text}", file.display()))
}

/// The folder in which cargo has put this test and all that it uses.
fn dependencies() -> PathBuf {
    env::current_exe().unwrap().parent().unwrap().to_owned()
}

/// The framework's library. Cargo keeps those of other feature sets and checkouts beside it;
/// ours is the newest that is not younger than this test.
fn framework() -> PathBuf {
    let age = |path: &Path| fs::metadata(path).and_then(|it| it.modified()).unwrap();
    let test = age(&env::current_exe().unwrap());
    let files = fs::read_dir(dependencies()).unwrap().map(|it| it.unwrap().path());
    let libraries = files.filter(|it| {
        let name = it.file_name().and_then(|it| it.to_str()).unwrap_or_default();
        name.starts_with("libhornero-") && name.ends_with(".rlib")
    });
    let newest = libraries.filter(|it| age(it) <= test).max_by_key(|it| age(it));
    newest.expect("cargo has built the framework for this test")
}
