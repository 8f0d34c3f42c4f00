//! The tables of promises and attacks name tests that are there, and leave nothing out.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::contract::document;

/// Where the tables look for their files.
const FOLDERS: [&str; 6] = [
    "tests",
    "tests/integration",
    "framework/tests/framework",
    "modules",
    "framework/src",
    "framework/src/gateway",
];

#[test]
fn contract_table_names_tests_that_are_there() {
    let rows = rows("tests/CONTRACT.md");
    assert!(rows > 70, "{rows} rows were found");
}

#[test]
fn attack_table_names_tests_that_are_there() {
    let rows = rows("tests/SECURITY.md");
    assert!(rows > 30, "{rows} rows were found");
}

#[test]
fn contract_table_leaves_out_no_route_and_no_event() {
    let table = read(Path::new("tests/CONTRACT.md"));
    let routes = document::operations().into_iter().map(|it| format!("{} {}", it.method, it.path));
    let client_events = document::client_events().into_iter().map(|it| it.name);
    let events = client_events.chain(document::server_events());
    for promise in routes.chain(events) {
        assert!(
            table.contains(&format!("`{promise}`")),
            "`{promise}` has no row in tests/CONTRACT.md: add one with the test that holds it"
        );
    }
}

/// Checks each test that a table names, and counts its rows.
fn rows(table: &str) -> usize {
    let mut rows = 0;
    for row in read(Path::new(table)).lines().filter(|it| it.starts_with("| ")) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").collect();
        let [promise, tests] = cells[..] else { panic!("{table}: {row} has not two cells") };
        if tests.trim() == "tests" || tests.trim() == "---" {
            continue;
        }
        rows += 1;
        let tests: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "{table}: {promise} names no test");
        for test in tests {
            let (file, name) = test.split_once("::").unwrap_or_else(|| panic!("{table}: {test}"));
            let files = FOLDERS.iter().map(|it| PathBuf::from(it).join(file));
            let named = if file.ends_with(".rs") { format!("fn {name}(") } else { name.to_owned() };
            assert!(
                files.filter(|it| root().join(it).is_file()).any(|it| read(&it).contains(&named)),
                "{table} names `{test}`, which is not there"
            );
        }
    }
    rows
}

fn read(file: &Path) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file:?}: {error}"))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
