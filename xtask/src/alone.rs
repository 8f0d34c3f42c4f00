//! The stage that builds the framework outside of this workspace, as a stranger would.

use std::fs;

use toml::{Table, Value};

use crate::copy;
use crate::process;
use crate::stage::{Outcome, Problem};
use crate::workspace::Workspace;

/// Copies `framework/`, writes what its manifest inherits into it, builds it with its
/// examples, and runs one.
pub(crate) fn build(workspace: &Workspace, _: &[(&'static str, String)]) -> Outcome {
    let copy = copy::of(workspace, "framework", "alone")?;
    let root = table(&fs::read_to_string(workspace.root.join("Cargo.toml")))?;
    let manifest = table(&fs::read_to_string(copy.join("Cargo.toml")))?;
    let manifest = toml::to_string(&standing_alone(manifest, &root))
        .map_err(|error| Problem::Failed(format!("the manifest cannot be written: {error}")))?;
    let failed = |error| Problem::Failed(format!("the copy cannot be written: {error}"));
    fs::write(copy.join("Cargo.toml"), manifest).map_err(failed)?;
    // The same versions as in the tree: cargo only strikes out what is not needed here.
    fs::copy(workspace.root.join("Cargo.lock"), copy.join("Cargo.lock")).map_err(failed)?;

    for arguments in
        [&["build", "--examples"][..], &["run", "--quiet", "--example", "minimal", "--", "--check"]]
    {
        let mut cargo = workspace.cargo(arguments);
        cargo.current_dir(&copy).env("CARGO_TARGET_DIR", &workspace.target);
        process::run(&mut cargo)?;
    }
    let mut tree = workspace.cargo(&["tree", "--edges", "normal", "--prefix", "none"]);
    let tree = process::text(tree.current_dir(&copy))?;
    let mut crates: Vec<_> = tree.lines().map(|it| it.trim_end_matches(" (*)")).collect();
    crates.sort_unstable();
    crates.dedup();
    println!("{} crates, itself included", crates.len());
    Ok(Default::default())
}

fn table(text: &std::io::Result<String>) -> Result<Table, Problem> {
    let failed = |error: &dyn std::fmt::Display| {
        Problem::Failed(format!("a manifest cannot be read: {error}"))
    };
    let text = text.as_ref().map_err(|error| failed(error))?;
    text.parse().map_err(|error: toml::de::Error| failed(&error))
}

/// The manifest of a member with everything that it inherits from the workspace.
fn standing_alone(mut manifest: Table, root: &Table) -> Table {
    let workspace = |key: &str| root.get("workspace").and_then(|it| it.get(key)).cloned();
    if let (Some(package), Some(shared)) =
        (manifest.get_mut("package").and_then(Value::as_table_mut), workspace("package"))
    {
        for (key, value) in package.iter_mut().filter(|(_, value)| inherits(value)) {
            *value = shared.get(key).cloned().unwrap_or_else(|| value.clone());
        }
    }
    let shared = workspace("dependencies").unwrap_or_else(|| Table::new().into());
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let Some(entries) = manifest.get_mut(section).and_then(Value::as_table_mut) else {
            continue;
        };
        for (name, entry) in entries.iter_mut().filter(|(_, entry)| inherits(entry)) {
            if let Some(shared) = shared.get(name) {
                *entry = dependency(entry, shared);
            }
        }
    }
    if let Some(lints) = workspace("lints") {
        manifest.insert("lints".to_owned(), lints);
    }
    // Else cargo would look for a workspace in the folders above.
    manifest.insert("workspace".to_owned(), Table::new().into());
    manifest
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// The workspace's entry, with the features that the member adds.
fn dependency(member: &Value, shared: &Value) -> Value {
    let mut entry = match shared {
        Value::Table(table) => table.clone(),
        version => Table::from_iter([("version".to_owned(), version.clone())]),
    };
    let members = member.as_table().into_iter().flatten();
    for (key, value) in members.filter(|(key, _)| *key != "workspace") {
        match (entry.get_mut(key), value) {
            (Some(Value::Array(ours)), Value::Array(more)) => ours.extend(more.iter().cloned()),
            _ => drop(entry.insert(key.clone(), value.clone())),
        }
    }
    entry.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_member_inherits_is_written_out() {
        let root = r#"
            [workspace.package]
            edition = "2024"
            [workspace.dependencies]
            serde = { version = "1", features = ["derive"] }
            tempfile = "3"
            [workspace.lints.rust]
            unsafe_code = "forbid"
        "#;
        let member = r#"
            [package]
            name = "member"
            edition.workspace = true
            [dependencies]
            serde = { workspace = true, features = ["rc"] }
            [dev-dependencies]
            tempfile.workspace = true
            [lints]
            workspace = true
        "#;
        let expected = r#"
            [package]
            name = "member"
            edition = "2024"
            [dependencies]
            serde = { version = "1", features = ["derive", "rc"] }
            [dev-dependencies]
            tempfile = { version = "3" }
            [lints.rust]
            unsafe_code = "forbid"
            [workspace]
        "#;
        let parsed = |text: &str| text.parse::<Table>().expect("TOML");
        assert_eq!(standing_alone(parsed(member), &parsed(root)), parsed(expected));
    }
}
