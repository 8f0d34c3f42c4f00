//! What the documents in docs/ say, compared with what is there.

use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn guide_is_the_program_that_is_compiled() {
    let program = read("framework/examples/guide.rs");
    let program = program.split_once("\n\n").unwrap().1;
    let guide = read("docs/guide.md");
    let blocks: Vec<_> = code(&guide, "rust").collect();
    let written = blocks.join("\n\n") + "\n";
    for (number, (ours, theirs)) in written.lines().zip(program.lines()).enumerate() {
        assert_eq!(ours, theirs, "framework/examples/guide.rs:{}", number + 3);
    }
    assert_eq!(written.lines().count(), program.lines().count());
}

#[test]
fn guide_asks_for_the_versions_that_are_tested() {
    let workspace = read("Cargo.toml");
    let guide = read("docs/guide.md");
    let entries = code(&guide, "toml").flat_map(str::lines);
    for line in entries.filter(|it| it.contains('"') && !it.starts_with("hornero")) {
        let (name, version) = (line.split(' ').next().unwrap(), line.split('"').nth(1).unwrap());
        let entry = workspace.lines().find(|it| it.starts_with(&format!("{name} = "))).unwrap();
        assert!(entry.contains(&format!("\"{version}\"")), "{line} should be as in {entry}");
    }
}

#[test]
fn message_in_the_guide_is_that_of_the_mistake() {
    let guide = read("docs/guide.md");
    let mistakes = read("docs/mistakes.md");
    let told = |it: &&str| it.starts_with("error: ") || it.starts_with("  help: ");
    let lines: Vec<_> = code(&guide, "text").flat_map(str::lines).filter(told).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in lines {
        assert!(mistakes.contains(line), "docs/mistakes.md has no {line}");
    }
}

#[test]
fn every_line_of_rust_beside_nestjs_is_one_of_ours() {
    let sources: String = ["framework", "modules", "src"]
        .into_iter()
        .flat_map(|it| files(&root().join(it), "rs"))
        .map(|it| without_spaces(&fs::read_to_string(it).unwrap()))
        .collect();
    let page = read("docs/nest-to-hornero.md");
    let (page, _) = page.split_once("## Left out on purpose").unwrap();
    let rows = page.lines().filter_map(|it| it.rsplit_once(" | `")?.1.strip_suffix("` |"));
    let rows: Vec<_> = rows.filter(|it| !it.contains('`')).collect();
    assert!(rows.len() > 30, "{rows:#?}");
    for row in rows {
        assert!(sources.contains(&without_spaces(row)), "nowhere in the sources: {row}");
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let documents: Vec<_> = ["", "docs", "framework", "migrations"]
        .into_iter()
        .flat_map(|it| fs::read_dir(root().join(it)).unwrap())
        .map(|it| it.unwrap().path())
        .filter(|it| it.extension().is_some_and(|it| it == "md"))
        .collect();
    assert!(documents.len() > 8, "{documents:?}");
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|it| it.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = document.parent().unwrap();
            let target = if path.is_empty() { document.clone() } else { folder.join(path) };
            assert!(target.exists(), "{} links to {path}", document.display());
            if !anchor.is_empty() {
                let target = fs::read_to_string(target).unwrap();
                let headings = target.lines().filter(|it| it.starts_with('#'));
                let found = headings.map(anchor_of).any(|it| it == anchor);
                assert!(found, "{} links to {link}", document.display());
            }
        }
    }
}

/// What GitHub calls a heading.
fn anchor_of(heading: &str) -> String {
    let title = heading.trim_start_matches(['#', ' ']);
    let letters = title.chars().filter(|it| it.is_alphanumeric() || " _-".contains(*it));
    letters.collect::<String>().to_lowercase().replace(' ', "-")
}

/// The blocks of code in this language.
fn code<'a>(page: &'a str, language: &str) -> impl Iterator<Item = &'a str> {
    let begin = format!("```{language}\n");
    page.match_indices(&begin.clone())
        .map(move |(at, _)| {
            let rest = &page[at + begin.len()..];
            &rest[..rest.find("\n```").unwrap()]
        })
        .collect::<Vec<_>>()
        .into_iter()
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All files in a folder and the folders below it that end like this.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found
}
