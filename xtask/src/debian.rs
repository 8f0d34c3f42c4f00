//! Packages of the system, where we may install them: as root, on Debian and its kin.

use std::process::Command;

use crate::process;
use crate::stage::Problem;

/// Whether packages can be installed here.
pub(crate) fn can_install() -> bool {
    let is_root = process::answer("id", &["-u"]).is_some_and(|id| id == "0");
    is_root && process::answer("apt-get", &["--version"]).is_some()
}

/// Installs a package, and says so before.
pub(crate) fn install(package: &str) -> Result<(), Problem> {
    println!("{package} is not there; installing the system's package");
    process::run(Command::new("apt-get").arg("update"))?;
    let install = ["install", "-y", "--no-install-recommends", package];
    process::run(Command::new("apt-get").args(install).env("DEBIAN_FRONTEND", "noninteractive"))?;
    Ok(())
}
