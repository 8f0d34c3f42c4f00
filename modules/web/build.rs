//! Finds the official Socket.IO browser client and puts its files where `assets.rs` and `client.rs` embed them.
//!
//! Only the chat page and pages that load it from here need it, so a missing client never fails a build: the embeds are
//! then empty, one warning says what to do, and the page says the same to whoever opens it. Three places are asked, in
//! this order:
//!
//! 1. `HORNERO_CLIENT_BUNDLE`, the folder that holds `socket.io.min.js` (an absolute path: a relative one is read from here);
//! 2. `node_modules/socket.io-client/dist`, which `npm ci` in this folder fills;
//! 3. `npm ci` on a copy in `OUT_DIR`, unless `HORNERO_SKIP_NPM=1`: a build writes nothing into the source tree.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The file that the chat page loads, without which there is no client.
const BUNDLE: &str = "socket.io.min.js";

/// The other files of the client, each of which may be missing.
const MORE: [&str; 7] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
];

const DIST: &str = "node_modules/socket.io-client/dist";
const PACKAGE_FILES: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];

/// How long npm may take before it is killed. Its own network timeouts add up to many minutes.
const NPM_LIMIT: Duration = Duration::from_secs(60);

const REMEDY: &str = "the chat page will not work. Install Node.js with npm, run `npm ci` in modules/web and build again, \
     or point HORNERO_CLIENT_BUNDLE to the folder that holds socket.io.min.js";

fn main() {
    watch_inputs();
    let out =
        PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for every build script"));
    let folder = find_client(&out).map_err(|reason| {
        println!("cargo::warning={reason}: {REMEDY}");
        watch_for_a_remedy();
    });
    for file in [BUNDLE].into_iter().chain(MORE) {
        let found = folder.as_ref().ok().and_then(|it| fs::read(it.join(file)).ok());
        fs::write(out.join(file), found.unwrap_or_default()).expect("cargo makes OUT_DIR writable");
    }
}

/// Names what the outcome depends on; without these lines cargo would run npm after every change in this folder.
fn watch_inputs() {
    println!("cargo::rerun-if-env-changed=HORNERO_CLIENT_BUNDLE");
    println!("cargo::rerun-if-env-changed=HORNERO_SKIP_NPM");
    for file in PACKAGE_FILES {
        watch(Path::new(file));
    }
}

/// Watches this whole folder, so that `npm ci` in it is noticed.
///
/// Not the missing file itself: cargo takes a missing file as changed, and would run npm and link again at every build.
fn watch_for_a_remedy() {
    watch(Path::new("."));
}

fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

/// Returns the folder that holds the client, or in one line why there is none.
fn find_client(out: &Path) -> Result<PathBuf, String> {
    if let Some(folder) = variable("HORNERO_CLIENT_BUNDLE") {
        // From there and from nowhere else: a wrong path must not pass unnoticed.
        let folder = PathBuf::from(folder);
        watch(&folder.join(BUNDLE));
        return holding(folder).map_err(|reason| format!("HORNERO_CLIENT_BUNDLE: {reason}"));
    }
    let installed = Path::new(DIST).join(BUNDLE);
    if installed.exists() {
        watch(&installed);
        return holding(DIST.into());
    }
    if variable("HORNERO_SKIP_NPM").is_some_and(|value| value != "0") {
        return Err(format!("HORNERO_SKIP_NPM is set and modules/web/{DIST} holds no {BUNDLE}"));
    }
    install(&out.join("client"))
}

/// Runs `npm ci` in `folder`, on copies of the package files, and returns where the client is then.
fn install(folder: &Path) -> Result<PathBuf, String> {
    let copies = copy_package_files(folder);
    copies.map_err(|error| {
        format!("cannot copy the package files to {}: {error}", folder.display())
    })?;
    run_npm(folder)?;
    holding(folder.join(DIST))
}

fn copy_package_files(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for file in PACKAGE_FILES {
        fs::copy(file, folder.join(file))?;
    }
    Ok(())
}

fn run_npm(folder: &Path) -> Result<(), String> {
    let log = folder.join("npm.log");
    let mut npm =
        start_npm(folder, &log).map_err(|error| format!("npm cannot be started ({error})"))?;
    match wait_for(&mut npm) {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("npm ci failed with {status} ({})", first_error(&log))),
        None => Err(format!("npm ci was killed after {} seconds", NPM_LIMIT.as_secs())),
    }
}

/// Starts npm with its output in a file: on our own output cargo would read it as instructions, and a full pipe would stop it.
fn start_npm(folder: &Path, log: &Path) -> std::io::Result<Child> {
    let log = File::create(log)?;
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
}

/// Waits until npm has ended; `None` when it ran out of time and was killed.
fn wait_for(npm: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + NPM_LIMIT;
    while Instant::now() < deadline {
        if let Ok(Some(status)) = npm.try_wait() {
            return Some(status);
        }
        sleep(Duration::from_millis(50));
    }
    // An error here means that it has just ended by itself; its result comes too late all the same.
    let _ = npm.kill();
    let _ = npm.wait();
    None
}

/// Returns npm's first error line that is a sentence; it begins with codes.
fn first_error(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let is_code =
        |line: &&str| ["code ", "errno ", "syscall "].iter().any(|word| line.starts_with(word));
    let mut errors = text
        .lines()
        .filter_map(|line| line.strip_prefix("npm error ").or(line.strip_prefix("npm ERR! ")))
        .filter(|line| !is_code(line));
    errors.next().unwrap_or("it gave no reason").trim().to_owned()
}

/// Returns the folder if it holds the file that is needed.
fn holding(folder: PathBuf) -> Result<PathBuf, String> {
    let file = folder.join(BUNDLE);
    let shown = std::path::absolute(&file).unwrap_or_else(|_| file.clone());
    match fs::metadata(&file) {
        Ok(file) if file.len() == 0 => Err(format!("{} is empty", shown.display())),
        Ok(_) => Ok(folder),
        Err(error) => Err(format!("cannot read {} ({error})", shown.display())),
    }
}

/// Returns an environment variable; one that is set to nothing counts as not set.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
