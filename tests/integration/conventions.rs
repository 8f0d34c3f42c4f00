//! The rules that make one module look like the next.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use admin::AdminConfig;
use auth::AuthConfig;
use database::DatabaseConfig;
use delivery::DeliveryConfig;
use files::FilesConfig;
use health::HealthConfig;
use hornero::{
    App, Config, ConfigSection, RateLimitConfig, ServerConfig, WebsocketConfig,
    logging::LoggingConfig,
};
use hornero_server::AppModule;
use robots::{RobotsConfig, SessionsConfig};
use serde_json::{Value, json};

/// Where people keep what is theirs.
const HOMES: [&str; 4] = ["/home/", "/root/", "/Users/", "C:\\Users\\"];

/// Folders that hold nothing of ours.
const NOT_OURS: [&str; 5] = [".env", ".git", "data", "node_modules", "target"];

#[test]
fn every_module_is_in_the_app_and_tests_its_wiring() {
    let app = read(&root().join("src/lib.rs"));
    let modules = modules();
    assert!(modules.len() > 5, "{modules:?}");
    for folder in modules {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let module = format!("{}Module", pascal_case(name));
        assert!(
            app.contains(&format!("import::<{module}>()")),
            "`modules/{name}` is not in the app: add `.import::<{module}>()` to `AppModule`"
        );
        let sources = rust_files(&folder);
        assert!(sources.contains(&folder.join("module.rs")), "`modules/{name}` has no module.rs");
        let wiring = format!("App::of::<{module}>().check().unwrap()");
        assert!(
            sources.iter().any(|it| read(it).contains(&wiring)),
            "`modules/{name}` has no test `wiring` with `{wiring}`"
        );
    }
}

#[test]
fn only_repositories_and_entities_know_the_orm() {
    assert_named_only_in("sea_orm", |path| {
        path.starts_with("migrations")
            || path.starts_with("modules/database")
            || is_module_file(path, &["repository.rs", "entity.rs", "module.rs"])
            || is_part_of_a_repository(path)
    });
    assert_named_only_in("sqlx", |path| path.starts_with("modules/database"));
}

#[test]
fn only_controllers_and_extractors_know_axum() {
    assert_named_only_in("axum", |path| {
        path.starts_with("framework")
            || is_controller(path)
            || ["caller.rs", "cookie.rs", "guard.rs"]
                .iter()
                .any(|it| path == Path::new("modules/auth").join(it))
    });
}

#[test]
fn only_gateways_know_socketioxide() {
    assert_named_only_in("socketioxide", |path| {
        path.starts_with("framework")
            || is_module_file(path, &["gateway.rs"])
            || path == Path::new("modules/delivery/socketio_door.rs")
    });
}

#[test]
fn socketioxide_is_pinned() {
    // Its patch releases have changed what we rely on.
    let manifest = read(&root().join("Cargo.toml"));
    let line = manifest.lines().find(|it| it.starts_with("socketioxide = ")).unwrap();
    assert!(line.contains(r#"version = "="#), "{line}");
    for manifest in files(&root()).iter().filter(|it| it.ends_with("Cargo.toml")) {
        assert!(!read(manifest).contains("socketioxide-core"), "{}", manifest.display());
    }
}

#[test]
fn servers_carry_no_test_clients() {
    let mut asked = 0;
    for manifest in files(&root()).iter().filter(|it| it.ends_with("Cargo.toml")) {
        let text = read(manifest);
        let mut section = "";
        for line in text.lines() {
            if line.starts_with('[') {
                section = line;
            }
            if line.starts_with("hornero") && line.contains(r#""testing""#) {
                assert_eq!(section, "[dev-dependencies]", "{}: {line}", manifest.display());
                asked += 1;
            }
        }
    }
    assert!(asked > 1, "the search for those who ask for `testing` finds nothing any more");
}

#[test]
fn env_example_lists_every_key() {
    let example = read(&root().join(".env.example"));
    // A key may be switched off by `#`, but not be told of in a sentence only.
    let lines = example.lines().map(|it| it.trim_start_matches(['#', ' ']));
    let names: Vec<_> = lines.filter_map(|it| it.split_once('=')).map(|it| it.0).collect();
    let listed: BTreeSet<_> =
        names.iter().filter(|it| it.starts_with("HORNERO__")).map(|it| (*it).to_owned()).collect();
    let keys: BTreeSet<_> =
        sections().iter().flat_map(|(key, tree)| variables(key, tree)).collect();

    let missing: Vec<_> = keys.difference(&listed).collect();
    let unknown: Vec<_> = listed.difference(&keys).collect();

    assert!(missing.is_empty() && unknown.is_empty(), "missing {missing:?}, unknown {unknown:?}");
}

#[test]
fn list_of_sections_here_is_complete() {
    let nowhere = [("HORNERO__NOWHERE__KEY".to_owned(), "x".to_owned())];
    let config = Config::load(Path::new("nowhere"), nowhere).unwrap();
    let problem = App::of::<AppModule>().with_config(config).check_config().unwrap_err();
    let known = problem.to_string().rsplit_once("there are: ").unwrap().1.to_owned();
    let known: BTreeSet<_> = known.split(", ").collect();
    assert_eq!(known, sections().iter().map(|it| it.0).collect());
}

#[test]
fn no_file_names_a_folder_of_somebodys_machine() {
    // In a folder of one level, say in a container, the path may be a route's as well.
    let checkout = root();
    let deep = checkout.components().count() > 2;
    let checkout = format!("{}{}", checkout.display(), std::path::MAIN_SEPARATOR);
    for file in files(&root()) {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        if file.ends_with(file!()) {
            continue;
        }
        for path in HOMES.into_iter().chain(deep.then_some(&*checkout)) {
            assert!(!text.contains(path), "{} names {path}", file.display());
        }
    }
}

#[test]
fn migrations_are_listed_in_order() {
    let folder = root().join("migrations");
    let names = rust_files(&folder).into_iter();
    let names = names.map(|it| it.file_stem().unwrap().to_str().unwrap().to_owned());
    let mut names: Vec<_> = names.filter(|it| it != "lib").collect();
    names.sort();

    let list = read(&folder.join("lib.rs"));
    let listed = |before: &str, after: &str| -> Vec<_> {
        let lines = list.lines().map(str::trim);
        let names = lines.filter_map(|it| it.strip_prefix(before)?.strip_suffix(after));
        names.map(str::to_owned).collect()
    };

    assert_eq!(listed("mod ", ";"), names);
    assert_eq!(listed("Box::new(", "::Migration),"), names);
}

/// Key and defaults of every section of the configuration.
fn sections() -> Vec<(&'static str, Value)> {
    fn section<T: ConfigSection>() -> (&'static str, Value) {
        (T::KEY, json!(T::default()))
    }
    vec![
        section::<ServerConfig>(),
        section::<WebsocketConfig>(),
        section::<RateLimitConfig>(),
        section::<LoggingConfig>(),
        section::<DatabaseConfig>(),
        section::<AuthConfig>(),
        section::<DeliveryConfig>(),
        section::<FilesConfig>(),
        section::<RobotsConfig>(),
        section::<SessionsConfig>(),
        section::<HealthConfig>(),
        section::<AdminConfig>(),
    ]
}

/// The environment variables of all keys in `tree`: `HORNERO__RATE_LIMIT__MAX_REQUESTS`.
fn variables(key: &str, tree: &Value) -> Vec<String> {
    fn collect(name: &str, tree: &Value, variables: &mut Vec<String>) {
        match tree {
            Value::Object(entries) => entries.iter().for_each(|(key, value)| {
                collect(&format!("{name}__{}", screaming_case(key)), value, variables);
            }),
            _ => variables.push(name.to_owned()),
        }
    }
    let mut variables = Vec::new();
    collect(&format!("HORNERO__{}", screaming_case(key)), tree, &mut variables);
    variables
}

/// Panics if a Rust file of the server, other than those that are `allowed`, uses the crate.
fn assert_named_only_in(name: &str, allowed: impl Fn(&Path) -> bool) {
    let root = root();
    let mut named = 0;
    for folder in ["framework", "migrations", "modules", "src"] {
        for file in rust_files(&root.join(folder)) {
            let text = read(&file);
            let code = text.lines().filter(|it| !it.trim_start().starts_with("//"));
            if code.into_iter().any(|it| uses(it, name)) {
                let path = file.strip_prefix(&root).unwrap();
                assert!(allowed(path), "`{}` uses {name}", path.display());
                named += 1;
            }
        }
    }
    assert!(named > 0, "the search for {name} finds nothing any more");
}

/// Whether a line has a path that begins with the crate's name.
fn uses(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = &line[at + name.len()..];
        let whole = before.is_none_or(|it| !it.is_alphanumeric() && !matches!(it, '_' | '"'));
        whole && (after.starts_with("::") || after.starts_with(';') || after.starts_with(" as "))
    })
}

/// Whether `path` is `modules/<any>/<one of names>`.
fn is_module_file(path: &Path, names: &[&str]) -> bool {
    path.starts_with("modules")
        && path.components().count() == 3
        && names.iter().any(|it| path.ends_with(it))
}

/// Whether `path` is `modules/<any>/controller.rs` or `modules/<any>/<any>_controller.rs`.
fn is_controller(path: &Path) -> bool {
    let name = path.file_stem().unwrap_or_default();
    name == "controller" || name.to_str().is_some_and(|it| it.ends_with("_controller"))
}

/// Whether `path` is `modules/<any>/repository/<any>`, or a repository that tests have.
fn is_part_of_a_repository(path: &Path) -> bool {
    let parts: Vec<_> = path.iter().filter_map(|it| it.to_str()).collect();
    matches!(parts[..], ["modules", _, "repository", _] | ["modules", _, "tests", "repository.rs"])
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn modules() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("modules")).unwrap().map(|it| it.unwrap().path());
    entries.filter(|it| it.is_dir()).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    files(folder).into_iter().filter(|it| it.extension().is_some_and(|it| it == "rs")).collect()
}

/// All files in a folder and the folders below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if NOT_OURS.iter().any(|it| path.ends_with(it)) {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `rate_limit` is `RateLimit`.
fn pascal_case(name: &str) -> String {
    name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

/// `maxRequests` is `MAX_REQUESTS`.
fn screaming_case(key: &str) -> String {
    key.chars().fold(String::new(), |mut name, c| {
        if c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
        name
    })
}
