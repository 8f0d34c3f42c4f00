//! What a measurement needs of the machine, and what is to be said of it.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::thread;

use crate::debian;
use crate::process;
use crate::stage::Problem;

/// Fails on machines where the figures would mean nothing.
pub(crate) fn require() -> Result<(), Problem> {
    let missing = |what: &str| Err(Problem::Missing(what.to_owned()));
    if env::consts::OS != "linux" {
        return missing("Linux: CPU time and memory are read from /proc");
    }
    if thread::available_parallelism().is_ok_and(|it| it.get() < 2) {
        return missing("two cores: one for the server, one for the generator");
    }
    for tool in ["taskset", "prlimit"] {
        if find(tool).is_none() {
            return missing("taskset and prlimit: install the package util-linux");
        }
    }
    Ok(())
}

/// Where a program is, if it is in the path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|it| it.join(program)).find(|it| it.is_file())
}

/// Whether there is wrk; as root on Debian installs it first, and says so.
pub(crate) fn bring_in_wrk() -> bool {
    if find("wrk").is_none() && debian::can_install() {
        // Whether it went well is seen right below.
        let _ = debian::install("wrk");
    }
    find("wrk").is_some()
}

/// Most files that a process may have open here.
pub(crate) fn most_files() -> u64 {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|it| it.starts_with("Max open files"));
    line.and_then(|it| it.split_whitespace().nth(4)?.parse().ok()).unwrap_or(1_024)
}

/// The processor and the system, in a sentence.
pub(crate) fn description() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|it| it.strip_prefix("model name")?.split(": ").nth(1));
    let cores = thread::available_parallelism().map_or(0, |it| it.get());
    let kernel = process::answer("uname", &["-sr"]).unwrap_or_default();
    format!("{cores} cores of {}, {kernel}", model.unwrap_or("an unknown processor"))
}
