//! The virus scanner of the tests of files: the system's clamd, brought in where that is possible.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::counts;
use crate::debian;
use crate::process;
use crate::stage::{Outcome, Problem};
use crate::workspace::Workspace;

/// Module of the tests that need clamd, and are ignored where there is none.
pub(crate) const ABOUT_CLAMD: &str = "clamd_only";

const PACKAGE: &str = "clamav-daemon";

const WHAT_TO_DO: &str = "clamd: install it, or name its file in HORNERO_CLAMD";

/// Runs the tests that start the real clamd, with signatures of their own.
pub(crate) fn suite(workspace: &Workspace, environment: &[(&'static str, String)]) -> Outcome {
    let clamd = bring_in(workspace)?;
    println!("clamd is {}", clamd.display());
    let mut tests = workspace.cargo(&["test", "--workspace", "--test", "integration"]);
    tests.args(["--", "--include-ignored", ABOUT_CLAMD]);
    tests.envs(environment.iter().cloned()).env("HORNERO_CLAMD", clamd);
    process::run_suite(&mut tests, &counts::CARGO)
}

/// Finds clamd; as root on Debian brings it in first, and says so.
fn bring_in(workspace: &Workspace) -> Result<PathBuf, Problem> {
    let missing = || Problem::Missing(WHAT_TO_DO.to_owned());
    if let Some(named) = env::var_os("HORNERO_CLAMD").map(PathBuf::from) {
        let absent = || format!("HORNERO_CLAMD names {}, which is no file", named.display());
        return if named.is_file() { Ok(named) } else { Err(Problem::Missing(absent())) };
    }
    let folder = workspace.target.join("clamav");
    if let Some(found) = find(&folder) {
        return Ok(found);
    }
    if !debian::can_install() {
        return Err(missing());
    }
    unpack(&folder).map_err(|problem| Problem::Missing(format!("{WHAT_TO_DO} ({problem})")))?;
    find(&folder).ok_or_else(missing)
}

/// Installs clamd's libraries and takes the program out of its package. Installed, the package
/// would start services, and one of them would fetch signatures from the network.
fn unpack(folder: &Path) -> Result<(), Problem> {
    println!("{PACKAGE} is not there; unpacking the system's package");
    fs::create_dir_all(folder)
        .map_err(|error| Problem::Failed(format!("cannot make a folder for clamd: {error}")))?;
    process::run(Command::new("apt-get").arg("update"))?;
    let depends = process::text(Command::new("apt-cache").args(["depends", PACKAGE]))?;
    let libraries = libraries(&depends);
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "--no-install-recommends"]).args(libraries);
    process::run(install.env("DEBIAN_FRONTEND", "noninteractive"))?;
    process::run(Command::new("apt-get").args(["download", PACKAGE]).current_dir(folder))?;
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_package = |it: &PathBuf| it.extension().is_some_and(|it| it == "deb");
    for package in entries.map(|it| it.path()).filter(is_package) {
        process::run(Command::new("dpkg-deb").arg("-x").arg(package).arg(folder))?;
    }
    Ok(())
}

/// The libraries among what a package depends on, as `apt-cache depends` tells it.
fn libraries(depends: &str) -> Vec<&str> {
    let names = depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    names.filter(|name| name.starts_with("lib") || name.starts_with("zlib")).collect()
}

fn find(unpacked: &Path) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let folders = folders.chain([unpacked.join("usr/sbin")]);
    folders.map(|folder| folder.join("clamd")).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_told_from_what_would_start_services() {
        let depends = "clamav-daemon\n  PreDepends: init-system-helpers\n  Depends: adduser\n \
                       |Depends: clamav-freshclam\n  Depends: <clamav-data>\n  Depends: libclamav12\n  \
                       Depends: zlib1g\n  Suggests: libclamunrar\n";
        assert_eq!(libraries(depends), ["libclamav12", "zlib1g"]);
    }
}
