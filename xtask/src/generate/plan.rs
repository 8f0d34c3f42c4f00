//! What has to be made and changed for a new module, found out before anything is.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chrono::{NaiveDate, Utc};

use super::Door;
use super::edit::{Edit, Edited};
use super::names::Names;
use super::template::{self, pascal_case};
use crate::stage::Problem;

/// The changes that make a module.
#[derive(Debug)]
pub(crate) struct Plan {
    root: PathBuf,
    changes: Vec<Change>,
}

/// One file of the plan.
#[derive(Debug)]
struct Change {
    /// From the root of the tree.
    path: String,
    text: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// The file is to be made.
    New,
    /// These lines are to be added.
    Edited(Vec<String>),
    /// The file is as it should be.
    Same,
}

impl Plan {
    /// What is left to do for this module in the tree at `root`.
    ///
    /// # Errors
    ///
    /// A file that would be made is there and says something else, or a list is not found.
    pub(crate) fn of(root: &Path, names: &Names, door: Door) -> Result<Self, Problem> {
        let migration = migration_name(root, names, Utc::now().date_naive())?;
        let mut files = Vec::new();
        for (file, text) in template::module(names, door) {
            files.push((format!("modules/{}/{file}", names.module), text));
        }
        files.push((format!("migrations/{migration}.rs"), template::migration(names)));
        let test = format!("tests/integration/{}.rs", names.module);
        files.push((test, template::integration_test(names, door)));

        let mut changes = Vec::new();
        for (path, text) in files {
            let text = if path.ends_with(".rs") { formatted(root, &text)? } else { text };
            let kind = match read(root, &path)? {
                None => Kind::New,
                Some(old) if old == text => Kind::Same,
                Some(_) => return Err(taken(names, &path)),
            };
            changes.push(Change { path, text, kind });
        }
        check_table_and_routes(root, names)?;
        for (path, edit) in edits(names, &migration) {
            let old = read(root, path)?.unwrap_or_default();
            let failed = |problem| Problem::Failed(format!("{path}: {problem}; add it yourself"));
            let Edited { text, added } = edit(&old).map_err(failed)?;
            let kind = if added.is_empty() { Kind::Same } else { Kind::Edited(added) };
            changes.push(Change { path: path.to_owned(), text, kind });
        }
        Ok(Self { root: root.to_owned(), changes })
    }

    /// Whether nothing is left to do.
    pub(crate) fn is_done(&self) -> bool {
        self.changes.iter().all(|it| matches!(it.kind, Kind::Same))
    }

    pub(crate) fn print(&self) {
        for Change { path, kind, .. } in &self.changes {
            match kind {
                Kind::New => println!("new      {path}"),
                Kind::Same => println!("same     {path}"),
                Kind::Edited(added) => {
                    println!("changed  {path}");
                    added.iter().for_each(|line| println!("           + {line}"));
                }
            }
        }
    }

    /// Makes and changes the files.
    pub(crate) fn apply(&self) -> Result<(), Problem> {
        for Change { path, text, kind } in &self.changes {
            if matches!(kind, Kind::Same) {
                continue;
            }
            let file = self.root.join(path);
            let folder = file.parent().unwrap_or(&self.root);
            let failed = |error| Problem::Failed(format!("{path} cannot be written: {error}"));
            fs::create_dir_all(folder).and_then(|()| fs::write(&file, text)).map_err(failed)?;
        }
        Ok(())
    }
}

type MakeEdit = Box<dyn Fn(&str) -> Result<Edited, String>>;

/// The lists that a module stands in.
fn edits(names: &Names, migration: &str) -> Vec<(&'static str, MakeEdit)> {
    let Names { module, .. } = names.clone();
    let pascal = pascal_case(&module);
    let manifest = {
        let module = module.clone();
        move |text: &str| {
            let member = format!(r#"{module} = {{ path = "modules/{module}" }}"#);
            let dependency = format!("{module}.workspace = true");
            let edit = Edit::of(text).append(&member, |it| it.contains(r#"{ path = "modules/"#))?;
            let is_dependency = |it: &str| it.contains(" = ");
            Ok(edit.sort_in("[dependencies]", &dependency, is_dependency)?.done())
        }
    };
    let app = {
        let module = module.clone();
        move |text: &str| {
            let import = format!("use {module}::{pascal}Module;");
            let edit = Edit::of(text).sort_in("", &import, |it| it.starts_with("use "))?;
            let import = format!("            .import::<{pascal}Module>()");
            let is_import = |it: &str| it.trim_start().starts_with(".import::<");
            Ok(edit.before_last(&import, is_import)?.done())
        }
    };
    let migration = migration.to_owned();
    let migrations = move |text: &str| {
        let edit =
            Edit::of(text).append(&format!("mod {migration};"), |it| it.starts_with("mod m"))?;
        let step = format!("            Box::new({migration}::Migration),");
        Ok(edit.append(&step, |it| it.trim_start().starts_with("Box::new(m"))?.done())
    };
    let test = move |text: &str| {
        let is_module = |it: &str| it.starts_with("mod ");
        Ok(Edit::of(text).sort_in("", &format!("mod {module};"), is_module)?.done())
    };
    vec![
        ("Cargo.toml", Box::new(manifest)),
        ("src/lib.rs", Box::new(app)),
        ("migrations/lib.rs", Box::new(migrations)),
        ("tests/integration/main.rs", Box::new(test)),
    ]
}

/// The name of the module's migration: its own if it has one, else the next one.
fn migration_name(root: &Path, names: &Names, today: NaiveDate) -> Result<String, Problem> {
    let failed = |error| Problem::Failed(format!("migrations/ cannot be read: {error}"));
    let mut steps = Vec::new();
    for entry in fs::read_dir(root.join("migrations")).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        steps.extend(name.strip_suffix(".rs").filter(|it| is_step(it)).map(str::to_owned));
    }
    steps.sort();
    Ok(next_step(&steps, &format!("create_{}", names.things), today))
}

/// Whether a file is called like `m20261120_000001_create_users`.
fn is_step(name: &str) -> bool {
    let digits = |part: Option<&str>| part.is_some_and(|it| it.bytes().all(|c| c.is_ascii_digit()));
    let mut parts = name.strip_prefix('m').unwrap_or_default().splitn(3, '_');
    digits(parts.next().filter(|it| it.len() == 8)) && digits(parts.next())
}

/// Steps run in the order of their names, so that no new one may be before the last.
fn next_step(steps: &[String], what: &str, today: NaiveDate) -> String {
    if let Some(made) = steps.iter().find(|it| it[1..].splitn(3, '_').nth(2) == Some(what)) {
        return made.clone();
    }
    let last = steps.last().map_or("m00000000_000000", String::as_str);
    let mut parts = last[1..].splitn(3, '_');
    let date = parts.next().unwrap_or_default().to_owned();
    let number = parts.next().and_then(|it| it.parse::<u32>().ok()).unwrap_or_default() + 1;
    let date = date.max(today.format("%Y%m%d").to_string());
    format!("m{date}_{number:06}_{what}")
}

/// A table or route of that name would be found only when the server starts.
fn check_table_and_routes(root: &Path, names: &Names) -> Result<(), Problem> {
    let Names { module, things, .. } = names;
    let (table, route) = (format!("\"{things}\""), things.replace('_', "-"));
    let mut taken = None;
    for path in files(&root.join("migrations"))? {
        let ours = path.to_string_lossy().ends_with(&format!("_create_{things}.rs"));
        if !ours && fs::read_to_string(&path).unwrap_or_default().contains(&table) {
            taken = Some(format!("there is a table `{things}` already"));
        }
    }
    for folder in files(&root.join("modules"))?.iter().filter(|it| !it.ends_with(module)) {
        let routes = fs::read_to_string(folder.join("controller.rs")).unwrap_or_default();
        if [format!("\"/{route}\""), format!("\"/{route}/")].iter().any(|it| routes.contains(it)) {
            taken = Some(format!("there is a route `/{route}` already"));
        }
    }
    match taken {
        Some(reason) => Err(Problem::Failed(format!(
            "`{module}` cannot be the name of a module: {reason}\n  help: take two words, e.g. `team_{things}`"
        ))),
        None => Ok(()),
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let failed = |error| Problem::Failed(format!("{} cannot be read: {error}", folder.display()));
    let entries = fs::read_dir(folder).map_err(failed)?;
    entries.map(|it| it.map(|it| it.path()).map_err(failed)).collect()
}

fn taken(names: &Names, path: &str) -> Problem {
    Problem::Failed(format!(
        "{path} is there already and says something else, so nothing was changed\n  help: choose \
         another name than `{}`",
        names.module
    ))
}

fn read(root: &Path, path: &str) -> Result<Option<String>, Problem> {
    match fs::read_to_string(root.join(path)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Problem::Failed(format!("{path} cannot be read: {error}"))),
    }
}

/// Breaks lines where rustfmt does: that depends on how long the names are.
fn formatted(root: &Path, text: &str) -> Result<String, Problem> {
    let failed = |error| Problem::Failed(format!("`rustfmt` cannot be run: {error}"));
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--edition", "2024"]).current_dir(root);
    let mut running =
        rustfmt.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    if let Some(mut stdin) = running.stdin.take() {
        stdin.write_all(text.as_bytes()).map_err(failed)?;
    }
    let output = running.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        return Err(Problem::Failed(format!("`rustfmt` ended with {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(steps: &[&str], today: (i32, u32, u32)) -> String {
        let steps: Vec<_> = steps.iter().map(|it| (*it).to_owned()).collect();
        let today = NaiveDate::from_ymd_opt(today.0, today.1, today.2).expect("a day");
        next_step(&steps, "create_polls", today)
    }

    #[test]
    fn migration_comes_after_the_last_one() {
        let steps = ["m20261120_000001_create_users", "m20261121_000002_create_rooms"];
        assert_eq!(step(&steps, (2026, 12, 24)), "m20261224_000003_create_polls");
        // A clock that is behind must not put it before a step that databases have run.
        assert_eq!(step(&steps, (2026, 1, 1)), "m20261121_000003_create_polls");
        assert_eq!(step(&[], (2026, 1, 1)), "m20260101_000001_create_polls");
    }

    #[test]
    fn migration_that_was_made_is_found_again() {
        let steps = ["m20261120_000001_create_polls", "m20261121_000002_create_rooms"];
        assert_eq!(step(&steps, (2026, 12, 24)), steps[0]);
    }

    #[test]
    fn only_steps_are_counted() {
        assert!(is_step("m20261120_000001_create_users"));
        assert!(!is_step("lib") && !is_step("main") && !is_step("m2026_backup"));
    }
}
