//! The command `hornero`, as operators run it: in a folder, with an environment.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    mem,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use hornero::testing::Request;
use serde_json::json;
use tempfile::TempDir;

use crate::{
    database::TestDatabase,
    util::{PASSWORD, User},
};

/// Longest time the program may take for anything. It opens a database, and machines are busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// Time by which a server that was told to stop has stopped.
const STOPPING: Duration = Duration::from_secs(10);

#[test]
fn everything_that_is_wrong_in_the_configuration_is_told_at_once() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("config")).unwrap();
    let file = folder.path().join("config/default.json");
    fs::write(file, r#"{ "websocket": { "pingIntervalMs": 0 } }"#).unwrap();
    let variables = [
        ("HORNERO__SERVER__PORT", "hunter2"),
        ("HORNERO__SERVER__CORS__ORIGINS", "https://a.example,*"),
        ("HORNERO__SERVER__PROT", "80"),
        ("HORNERO__SERVER__TRUSTED_PROXIES", "10.0.0.0/33"),
        ("HORNERO__DATABASE__READERS", "0"),
        ("HORNERO__AUTH__JWT__MAX_AGE", "2h"),
        ("HORNERO__LOGGING__FORMAT", "xml"),
        ("HORNERO__NOWHERE__KEY", "x"),
        ("JWT_SECRET", "hunter2"),
    ];
    for command in [&["check"][..], &["serve"], &[], &["user", "promote", "ada@example.org"]] {
        let end = folder.run(command, &variables);

        assert_eq!(end.code, Some(2), "{command:?}: {}", end.errors);
        for (key, origin) in [
            ("server.port", "HORNERO__SERVER__PORT"),
            ("server.cors.origins", "HORNERO__SERVER__CORS__ORIGINS"),
            ("server.prot", "HORNERO__SERVER__PROT"),
            ("server.trustedProxies", "HORNERO__SERVER__TRUSTED_PROXIES"),
            ("database.readers", "HORNERO__DATABASE__READERS"),
            ("auth.jwt.maxAge", "HORNERO__AUTH__JWT__MAX_AGE"),
            ("auth.jwt.secret", "JWT_SECRET"),
            ("logging.format", "HORNERO__LOGGING__FORMAT"),
            ("nowhere", "HORNERO__NOWHERE__KEY"),
            ("websocket.pingIntervalMs", "default.json"),
        ] {
            let told = |line: &str| line.contains(key) && line.contains(origin);
            assert!(end.errors.lines().any(told), "{command:?}: no {key} in {}", end.errors);
        }
        assert!(!end.errors.contains("hunter2"), "{}", end.errors);
    }
    assert!(!folder.path().join("data").exists(), "nothing is made before the check");
}

#[test]
fn configuration_file_that_is_not_json_is_named() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("config")).unwrap();
    fs::write(folder.path().join("config/production.json"), "{ port: 80 }").unwrap();
    let end = folder.run(&["check"], &[("MODE", "production")]);
    assert_eq!(end.code, Some(2), "{}", end.errors);
    assert!(end.errors.contains("production.json is not a JSON object (line 1"), "{}", end.errors);
}

#[test]
fn check_finds_nothing_wrong_with_the_defaults() {
    let end = Folder::new().run(&["check"], &[]);
    assert_eq!((end.code, &*end.errors), (Some(0), ""));
    assert!(end.output.contains("the configuration is right"), "{}", end.output);
}

#[test]
fn routes_and_events_are_listed_without_a_server() {
    let folder = Folder::new();
    for (command, line) in [("routes", "GET     /rooms/{roomId} "), ("events", "chat:room:join ")] {
        let end = folder.run(&[command], &[]);
        assert_eq!((end.code, &*end.errors), (Some(0), ""), "{command}");
        assert!(end.output.lines().any(|it| it.starts_with(line)), "{command}: {}", end.output);
    }
    assert!(!folder.path().join("data").exists());
}

#[test]
fn port_in_use_is_told_in_one_sentence() {
    let folder = Folder::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();

    let end = folder.run(&[], &[("HORNERO__SERVER__PORT", &port)]);

    assert_eq!(end.code, Some(1));
    let sentence = format!("hornero: 127.0.0.1:{port} is in use by another program; stop it, or");
    assert!(end.errors.starts_with(&sentence), "{}", end.errors);
    assert_eq!(end.errors.lines().count(), 1, "{}", end.errors);
    assert!(!folder.path().join("data").exists(), "the database is another server's");
}

#[test]
fn database_that_is_away_is_told_without_its_password() {
    let folder = Folder::new();
    // Nobody listens on a port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://ada:hunter2@127.0.0.1:{port}/chat");
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("HORNERO__SERVER__PORT", "0"),
        ("HORNERO__DATABASE__CONNECT_TIMEOUT_MS", "700"),
    ];

    let served = folder.run(&["serve"], &variables);
    let examined = folder.run(&["doctor"], &variables);
    let shown = folder.run(&["config"], &variables);

    let sentence = format!("cannot reach postgres://127.0.0.1:{port}/chat: ");
    assert_eq!((served.code, examined.code, shown.code), (Some(1), Some(1), Some(0)));
    assert!(served.errors.contains(&format!("hornero: {sentence}")), "{}", served.errors);
    assert!(served.errors.contains("Waiting for PostgreSQL"), "{}", served.errors);
    assert!(examined.output.contains(&format!("WRONG  database: {sentence}")));
    assert!(examined.output.contains("correct host and port in DATABASE_URL"));
    for end in [&served, &examined, &shown] {
        assert!(!format!("{}{}", end.output, end.errors).contains("hunter2"), "{}", end.output);
    }
}

#[test]
fn production_needs_a_key_of_its_own() {
    let folder = Folder::new();
    for variable in ["HORNERO_PROFILE", "MODE"] {
        let end = folder.run(&[], &[(variable, "production"), ("HORNERO__SERVER__PORT", "0")]);
        assert_eq!(end.code, Some(1), "{}", end.errors);
        assert!(end.errors.contains("set JWT_SECRET to at least 32"), "{}", end.errors);
    }
    assert!(!folder.path().join("data/jwt-secret").exists());
    let secret = "0123456789abcdef0123456789abcdef";
    let variables = [("MODE", "production"), ("JWT_SECRET", secret)];
    drop(folder.serve(&variables));
    assert!(!folder.path().join("data/jwt-secret").exists());
}

#[tokio::test]
async fn environment_file_is_read_below_the_environment() {
    let folder = Folder::new();
    let text = "HORNERO__AUTH__REGISTRATION=false\nHORNERO__SERVER__DATA_DIR=./elsewhere\n";
    fs::write(folder.path().join(".env"), text).unwrap();

    let server = folder.serve(&[("HORNERO__SERVER__DATA_DIR", "./here")]);

    let form = json!({ "email": "a@b.org", "password": PASSWORD, "displayName": "Ada" });
    Request::new(server.address, "POST", "/auth/register").json(form).await.expect(403);
    assert!(folder.path().join("here/jwt-secret").exists());
    assert!(!folder.path().join("elsewhere").exists());

    fs::write(folder.path().join(".env"), "# Ours\n\nA=b\nwhat is this?\n").unwrap();
    let end = folder.run(&["check"], &[]);
    assert_eq!(end.code, Some(1));
    assert!(end.errors.contains(".env has line 4 that is not NAME=value"), "{}", end.errors);
}

#[test]
fn environment_file_of_a_folder_above_is_not_read() {
    let folder = Folder::new();
    fs::write(folder.path().join(".env"), "HORNERO__SERVER__PORT=none").unwrap();
    let below = folder.path().join("below");
    fs::create_dir(&below).unwrap();

    let end = run(&below, &["check"], &[]);

    assert_eq!(end.code, Some(0), "{}", end.errors);
}

#[tokio::test]
async fn operator_adds_a_user_and_makes_it_an_admin() {
    let folder = Folder::new();
    let add = ["user", "add", "Ada@Example.org", "--name", "Ada"];
    let added = folder.run(&add, &[("HORNERO__AUTH__REGISTRATION", "false")]);
    assert_eq!((added.code, &*added.errors), (Some(0), ""));
    assert!(added.output.starts_with("Added Ada <ada@example.org>, employee, role user."));
    let password = added.output.lines().find_map(|it| it.strip_prefix("Password: ")).unwrap();

    let twice = folder.run(&add, &[]);
    assert_eq!(twice.code, Some(1));
    assert_eq!(twice.errors, "hornero: There is an account with this e-mail address already\n");
    let promoted = folder.run(&["user", "promote", "ada@example.org"], &[]);
    assert_eq!((promoted.code, &*promoted.errors), (Some(0), ""));
    assert!(promoted.output.contains("role admin"), "{}", promoted.output);
    let nobody = folder.run(&["user", "promote", "bob@example.org"], &[]);
    assert_eq!(nobody.errors, "hornero: There is no such user\n");

    let server = folder.serve(&[]);
    let login = json!({ "email": "ada@example.org", "password": password });
    let login = Request::new(server.address, "POST", "/auth/login").json(login).await.expect(200);
    assert_eq!(login["user"]["role"], "admin");
    // And the admin may do what admins may.
    let guest = Request::new(server.address, "POST", "/auth/guest").json(json!({})).await;
    let session = User::of(server.address, &guest.expect(201)).session().await;
    let ada = User::of(server.address, &login);
    ada.get(&format!("/sessions/{session}")).await.expect(200);
}

#[test]
fn operator_gives_the_password_and_wrong_input_is_refused() {
    let folder = Folder::new();
    let add = ["user", "add", "ada@example.org", "--name", "Ada", "--password-stdin"];
    let too_short = folder.run_with_input(&add, "short\n");
    assert_eq!(too_short.code, Some(1));
    assert_eq!(too_short.errors, "hornero: the password must be 12 to 128 characters\n");
    let added = folder.run_with_input(&add, &format!("{PASSWORD}\n"));
    assert_eq!(added.code, Some(0), "{}", added.errors);
    assert!(!added.output.contains("Password"), "{}", added.output);

    for (email, name) in
        [("no address", "Ada"), ("b@example.org", ""), ("b@example.org", "two\nlines")]
    {
        let add = ["user", "add", email, "--name", name, "--password-stdin"];
        let refused = folder.run_with_input(&add, &format!("{PASSWORD}\n"));
        assert_eq!(refused.code, Some(1), "{email} {name:?}: {}", refused.output);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn server_that_is_told_to_stop_says_goodbye_to_its_sockets() {
    let folder = Folder::new();
    let mut server = folder.serve(&[]);
    let guest = Request::new(server.address, "POST", "/auth/guest").json(json!({})).await;
    let guest = User::of(server.address, &guest.expect(201));
    let mut socket = guest.connect("/chat").await;
    socket.event("chat:system:notification").await;

    server.terminate();

    socket.closed().await;
    assert_eq!(server.wait(STOPPING), Some(0));
}

/// Making room later keeps everybody waiting.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn server_has_room_for_its_connections_from_the_start() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    let number = |file: &str, name: &str| {
        let text = fs::read_to_string(format!("/proc/{}/{file}", server.process.id())).unwrap();
        let line = text.lines().find_map(|it| it.strip_prefix(name)).unwrap().trim_start();
        let number: String = line.chars().take_while(char::is_ascii_digit).collect();
        number.parse().unwrap_or(u64::MAX)
    };
    let room = number("status", "FDSize:");
    assert!(room >= number("limits", "Max open files").min(65_536), "{room}");
}

/// A folder to run the program in, with nothing in it but what the test and the program put there.
pub(crate) struct Folder {
    path: TempDir,
    database: TestDatabase,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { path: tempfile::tempdir().unwrap(), database: TestDatabase::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.path.path()
    }

    pub(crate) fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> End {
        End::of(self.command(arguments, variables).spawn().unwrap())
    }

    /// The program on this folder's database, unless the variables name another.
    pub(crate) fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = hornero(self.path(), arguments, &[]);
        command.envs(self.database.variables()).envs(variables.iter().copied());
        command
    }

    /// Runs the program, which reads `input`.
    fn run_with_input(&self, arguments: &[&str], input: &str) -> End {
        let mut child = self.command(arguments, &[]).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        End::of(child)
    }

    /// Starts a server on a free port, and waits for its greeting.
    pub(crate) fn serve(&self, variables: &[(&str, &str)]) -> Running {
        let variables = [variables, &[("HORNERO__SERVER__PORT", "0")]].concat();
        Running::start(self.command(&["serve"], &variables))
    }
}

/// Runs the program in `folder` to its end.
fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> End {
    End::of(hornero(folder, arguments, variables).spawn().unwrap())
}

fn hornero(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hornero"));
    command.args(arguments).current_dir(folder).env_clear().envs(variables.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// How a run of the program has ended.
pub(crate) struct End {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl End {
    /// Waits for the end; kills the program if it does not come.
    fn of(mut child: Child) -> Self {
        drop(child.stdin.take());
        let output = reader(child.stdout.take().unwrap());
        let errors = reader(child.stderr.take().unwrap());
        let (Ok(output), Ok(errors)) =
            (output.recv_timeout(PATIENCE), errors.recv_timeout(PATIENCE))
        else {
            child.kill().unwrap();
            panic!("the program should have ended");
        };
        Self { code: child.wait().unwrap().code(), output, errors }
    }
}

/// Reads all that the program says, on a thread of its own.
fn reader(mut from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (done, all) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        done.send(text).ok();
    });
    all
}

/// A server that is killed at the end of the test.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    process: Child,
    /// What it has said up to its greeting.
    greeting: String,
    /// Ends when the server does.
    lines: mpsc::Receiver<String>,
    errors: mpsc::Receiver<String>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut process = command.spawn().unwrap();
        let errors = reader(process.stderr.take().unwrap());
        let output = BufReader::new(process.stdout.take().unwrap());
        let (line, lines) = mpsc::channel();
        thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|it| line.send(it)).ok();
        });
        let mut greeting = String::new();
        let address = loop {
            let Ok(line) = lines.recv_timeout(PATIENCE) else {
                process.kill().ok();
                panic!("the server did not start");
            };
            greeting += &line;
            greeting += "\n";
            if let Some((_, address)) = line.split_once("REST        http://") {
                break address.split('/').next().unwrap().parse().unwrap();
            }
        };
        Self { address, process, greeting, lines, errors }
    }

    /// Tells the server to stop, as a system does.
    #[cfg(unix)]
    fn terminate(&self) {
        let kill = ["-c", "kill -TERM \"$0\"", &self.process.id().to_string()];
        assert!(Command::new("sh").args(kill).status().unwrap().success());
    }

    /// Stops the server, and gives all that it has said.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) -> String {
        self.terminate();
        let mut said = mem::take(&mut self.greeting);
        while let Ok(line) = self.lines.recv_timeout(STOPPING) {
            said += &line;
            said += "\n";
        }
        assert_eq!(self.wait(STOPPING), Some(0));
        said + &self.errors.recv_timeout(STOPPING).unwrap()
    }

    /// Waits until the server has ended by itself, and gives its exit code.
    fn wait(&mut self, limit: Duration) -> Option<i32> {
        while self.lines.recv_timeout(limit).is_ok() {}
        let ended = matches!(self.lines.try_recv(), Err(mpsc::TryRecvError::Disconnected));
        assert!(ended, "the server should have ended");
        self.process.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
