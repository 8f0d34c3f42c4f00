//! The browser of the browser tests: the system's Chromium, brought in where that is possible.

use std::env;
use std::path::PathBuf;

use crate::debian;
use crate::stage::Problem;

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const WHAT_TO_DO: &str = "Chromium: install it, or name its file in HORNERO_CHROMIUM";

/// Finds Chromium; as root on Debian installs it first, and says so.
///
/// Missing when it is neither there nor can be installed by us.
pub(crate) fn bring_in() -> Result<PathBuf, Problem> {
    if let Some(named) = env::var_os("HORNERO_CHROMIUM").map(PathBuf::from) {
        let missing = || {
            Problem::Missing(format!(
                "HORNERO_CHROMIUM names {}, which is no file",
                named.display()
            ))
        };
        return if named.is_file() { Ok(named) } else { Err(missing()) };
    }
    if let Some(found) = find() {
        return Ok(found);
    }
    if !debian::can_install() {
        return Err(Problem::Missing(WHAT_TO_DO.to_owned()));
    }
    debian::install("chromium")
        .map_err(|problem| Problem::Missing(format!("{WHAT_TO_DO} ({problem})")))?;
    find().ok_or_else(|| Problem::Missing(WHAT_TO_DO.to_owned()))
}

fn find() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = env::split_paths(&path).chain([PathBuf::from("/usr/bin")]).collect();
    NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}
