//! Holds the commands that the documentation tells against what there is.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;

use crate::Xtask;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The commands of the pages that begin with `words`, from the words on.
fn commands(words: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for page in ["README.md", "docs/delivery.md"] {
        let text = fs::read_to_string(root().join(page)).expect("the page is there");
        for (begin, _) in text.match_indices(words) {
            let end = text[begin..].find(['\n', '`', '#']).map_or(text.len(), |it| begin + it);
            commands.push(text[begin..end].trim().to_owned());
        }
    }
    commands
}

#[test]
fn every_chore_that_is_told_can_be_given() {
    let commands = commands("cargo xtask ");
    assert!(commands.len() > 5, "{commands:?}");
    for command in commands {
        let words = command.split_whitespace().skip(1);
        let parsed = Xtask::try_parse_from(words).map(drop);
        assert!(parsed.is_ok(), "`{command}`: {}", parsed.unwrap_err());
    }
}

#[test]
fn every_stage_that_is_told_is_there() {
    let stages = fs::read_to_string(root().join("xtask/src/test.rs")).expect("it is there");
    for command in commands("cargo xtask test --only ") {
        let stage = command.split_whitespace().last().unwrap_or_default();
        assert!(stages.contains(&format!("stage(\"{stage}\"")), "`{command}`");
    }
}

#[test]
fn every_test_that_is_told_is_there() {
    let folder = fs::read_dir(root().join("tests/integration")).expect("it is there").flatten();
    let mut tests = String::new();
    for entry in folder.filter(|it| it.path().is_file()) {
        tests += &fs::read_to_string(entry.path()).expect("a file of tests");
    }
    let commands = commands("cargo test --workspace --test integration -- ");
    assert!(commands.len() >= 3, "{commands:?}");
    for command in commands {
        let names = command.split(" -- ").nth(1).unwrap_or_default();
        for name in names.split_whitespace() {
            let is_test = tests.contains(&format!("async fn {name}"));
            assert!(is_test || tests.contains(&format!("mod {name};")), "`{command}`: {name}");
        }
    }
}
