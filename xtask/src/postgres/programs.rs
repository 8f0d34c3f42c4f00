//! PostgreSQL's server programs: the system's, brought in where that is possible.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian;
use crate::process;
use crate::stage::Problem;

const WHAT_TO_DO: &str = "PostgreSQL's initdb and postgres: install the server's package";

/// Where Debian keeps them, a folder for each version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The folder of `initdb`, `postgres` and `pg_ctl`, and who may run them.
pub(crate) struct Programs {
    folder: PathBuf,
    /// Somebody else, where we are root: PostgreSQL refuses to run as root.
    user: Option<&'static str>,
}

impl Programs {
    /// Finds PostgreSQL; as root on Debian installs it first, and says so.
    ///
    /// Missing when it is neither there nor can be installed by us.
    pub(crate) fn bring_in() -> Result<Self, Problem> {
        let missing = || Problem::Missing(WHAT_TO_DO.to_owned());
        let folder = match find() {
            Some(folder) => folder,
            None if !debian::can_install() => return Err(missing()),
            None => {
                debian::install("postgresql")
                    .map_err(|problem| Problem::Missing(format!("{WHAT_TO_DO} ({problem})")))?;
                find().ok_or_else(missing)?
            }
        };
        Ok(Self { folder, user: user()? })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The user that they run as, if that is not us.
    pub(crate) fn user(&self) -> Option<&'static str> {
        self.user
    }

    /// One of the programs, run by whoever may run it.
    pub(crate) fn command(&self, name: &str) -> Command {
        let program = self.folder.join(name);
        match self.user {
            None => Command::new(program),
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(program);
                command
            }
        }
    }
}

fn find() -> Option<PathBuf> {
    let told = process::answer("pg_config", &["--bindir"]).map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    told.into_iter()
        .chain(versions())
        .chain(env::split_paths(&path))
        .find(|folder| ["initdb", "postgres", "pg_ctl"].iter().all(|it| folder.join(it).is_file()))
}

/// The folders of Debian's packages, the newest version first.
fn versions() -> Vec<PathBuf> {
    let entries = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|it| Some((it.file_name().to_str()?.parse().ok()?, it.path().join("bin"))))
        .collect();
    versions.sort();
    versions.into_iter().rev().map(|(_, folder)| folder).collect()
}

fn user() -> Result<Option<&'static str>, Problem> {
    if process::answer("id", &["-u"]).is_none_or(|id| id != "0") {
        return Ok(None);
    }
    let known = |user: &&str| process::answer("id", &["-u", user]).is_some();
    let user = ["postgres", "nobody"].into_iter().find(known);
    let user = user.ok_or_else(|| {
        Problem::Missing("a user to run PostgreSQL as, since it refuses root".to_owned())
    });
    user.map(Some)
}
