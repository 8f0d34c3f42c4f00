//! Copies of what git would commit, for work that must not be done in the tree itself.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::stage::Problem;
use crate::workspace::Workspace;

/// Makes `target/<name>` a copy of the folder `from` of the repository, and gives its place.
///
/// What did not change since the last copy is not touched: cargo goes by the time of files.
pub(crate) fn of(workspace: &Workspace, from: &str, name: &str) -> Result<PathBuf, Problem> {
    let source = workspace.root.join(from);
    let copy = workspace.target.join(name);
    let files = files(&source)?;
    for file in &files {
        update(&source.join(file), &copy.join(file))?;
    }
    let known: HashSet<_> = files.iter().map(|it| copy.join(it)).collect();
    remove_others(&copy, &known)?;
    Ok(copy)
}

/// What git knows in a folder, and what it would add.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(folder);
    let output = git
        .output()
        .map_err(|error| Problem::Failed(format!("`git ls-files` cannot be started: {error}")))?;
    if !output.status.success() {
        return Err(Problem::Failed(
            "this is no git checkout, so that nothing is copied".to_owned(),
        ));
    }
    let names = String::from_utf8_lossy(&output.stdout);
    let files = names.split('\0').filter(|it| !it.is_empty()).map(PathBuf::from);
    // A file that was deleted and is not committed yet is still listed.
    Ok(files.filter(|it| folder.join(it).is_file()).collect())
}

fn update(from: &Path, to: &Path) -> Result<(), Problem> {
    let failed = |error| Problem::Failed(format!("{} cannot be copied: {error}", from.display()));
    let content = fs::read(from).map_err(failed)?;
    if fs::read(to).is_ok_and(|it| it == content) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::copy(from, to).map(drop).map_err(failed)
}

/// Removes what a copy has that its original does not have any more.
fn remove_others(folder: &Path, known: &HashSet<PathBuf>) -> Result<(), Problem> {
    let failed = |error| Problem::Failed(format!("{} cannot be read: {error}", folder.display()));
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            remove_others(&path, known)?;
        } else if !known.contains(&path) {
            let failed =
                |error| Problem::Failed(format!("{} cannot be removed: {error}", path.display()));
            fs::remove_file(&path).map_err(failed)?;
        }
    }
    // Folders that have become empty are no longer modules of the workspace.
    let _ = fs::remove_dir(folder);
    Ok(())
}
