//! Files are looked through by the real clamd, whose program `HORNERO_CLAMD` names.

use std::{
    env, fs,
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use hornero::testing::soon;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::sleep};

use super::{PNG, events::upload, kept_are, messages, to_room};
use crate::util::TestApp;

/// The text that all scanners take for a virus; in two parts, or they would take this file for one.
const EICAR: [&str; 2] =
    ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-", "STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];

/// Largest file that clamd looks through here, in bytes.
const LARGEST: usize = 1024 * 1024;

fn eicar() -> Vec<u8> {
    EICAR.concat().into_bytes()
}

/// A clamd that knows one virus. Ends with this.
struct Clamd {
    address: String,
    folder: TempDir,
    process: Child,
}

impl Clamd {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let signatures = folder.path().join("signatures");
        fs::create_dir(&signatures).unwrap();
        let hex: String = eicar().iter().map(|byte| format!("{byte:02x}")).collect();
        fs::write(signatures.join("test.ndb"), format!("Hornero.Eicar:0:*:{hex}\n")).unwrap();
        let settings = format!(
            "Foreground yes\nTCPAddr 127.0.0.1\nTCPSocket {port}\nDatabaseDirectory {}\n\
             StreamMaxLength {LARGEST}\nMaxThreads 2\n",
            signatures.display()
        );
        fs::write(folder.path().join("clamd.conf"), settings).unwrap();
        let process = run(&folder);
        let clamd = Self { address: format!("127.0.0.1:{port}"), folder, process };
        clamd.listens().await;
        clamd
    }

    /// Waits until it has read its signatures and takes connections.
    async fn listens(&self) {
        let listens = async {
            while TcpStream::connect(&self.address).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), listens).await;
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
        assert!(waited.is_ok(), "clamd does not start: {log}");
    }

    fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    async fn start_again(&mut self) {
        self.process = run(&self.folder);
        self.listens().await;
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn run(folder: &TempDir) -> Child {
    let program = env::var_os("HORNERO_CLAMD").expect("HORNERO_CLAMD names clamd");
    let log = fs::File::create(folder.path().join("log")).unwrap();
    let mut clamd = Command::new(program);
    clamd.arg("--config-file").arg(folder.path().join("clamd.conf"));
    clamd.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    clamd.spawn().unwrap()
}

#[tokio::test]
#[ignore = "needs clamd: cargo xtask test --only clamd"]
async fn real_scanner_finds_what_is_in_files_and_nothing_is_taken_without_it() {
    let mut clamd = Clamd::start().await;
    let app = TestApp::with(&[("HORNERO__FILES__SCANNER__ADDRESS", &clamd.address)]).await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let long = "a clean text ".repeat(60_000);
    let health = app.get("/health").await.expect(200);
    assert_eq!(health["checks"]["virus_scanner"]["status"], "up", "{health}");

    to_room(&ada, &room, "a.png", PNG).await.expect(201);
    to_room(&ada, &room, "a.txt", long.as_bytes()).await.expect(201);
    let refusal = to_room(&ada, &room, "v.txt", &eicar()).await.expect(400);
    assert_eq!(refusal["error_code"], "INVALID_REQUEST");
    assert_eq!(refusal["details"]["reason"], "infected");
    // clamd looks through a part of it, says that it is too long, and hangs up.
    let too_long = vec![b'a'; 4 * LARGEST];
    let refusal = to_room(&ada, &room, "l.txt", &too_long).await.expect(503);
    assert_eq!(refusal["error_code"], "SERVICE_UNAVAILABLE");

    clamd.stop();
    let refusal = to_room(&ada, &room, "b.png", PNG).await.expect(503);
    assert_eq!(refusal["error_code"], "SERVICE_UNAVAILABLE");
    assert!(refusal["retry_after_ms"].is_u64(), "{refusal}");
    kept_are(&app, 2).await;
    assert_eq!(messages(&ada, &room).await.len(), 2);

    clamd.start_again().await;
    to_room(&ada, &room, "b.png", PNG).await.expect(201);
    to_room(&ada, &room, "v.txt", &eicar()).await.expect(400);
}

#[tokio::test]
#[ignore = "needs clamd: cargo xtask test --only clamd"]
async fn real_scanner_looks_through_files_of_events() {
    let clamd = Clamd::start().await;
    let app = TestApp::with(&[("HORNERO__FILES__SCANNER__ADDRESS", &clamd.address)]).await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;

    let infected = upload(&mut socket, &room, &eicar()).await;
    let error = socket.event("chat:error").await;
    assert_eq!(error["details"]["reason"], "infected");
    assert_eq!(error["details"]["fileId"], infected["data"]["fileId"]);
    let clean = upload(&mut socket, &room, PNG).await;
    let told = soon(socket.event("chat:file:uploaded")).await;
    assert_eq!(told["file"]["id"], clean["data"]["fileId"]);

    kept_are(&app, 1).await;
    let stored: Vec<Value> = messages(&ada, &room).await;
    assert_eq!((stored.len(), &stored[0]["type"]), (1, &json!("image")));
}
