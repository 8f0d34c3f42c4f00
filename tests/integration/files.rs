//! Files: brought by form and by event, read, looked through, told of, and gone with their
//! messages and conversations.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use hornero::testing::Request;
use serde_json::{Value, json};

use crate::util::{TestApp, User, text};

mod attaching;
mod clamd;
mod clamd_only;
mod ending;
mod events;
mod forms;
mod health;
mod reading;
mod scanning;

/// The beginning of a picture, as far as anybody looks.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

/// A text that a scanner of a test takes for a virus.
const VIRUS: &str = "this is a virus, says the test";

const BOUNDARY: &str = "hornero-test-boundary";

/// A part of a form: its name, its file's name, its bytes.
type Part<'a> = (&'a str, Option<&'a str>, &'a [u8]);

/// A form in several parts, as browsers write it.
pub(crate) fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, bytes) in parts {
        let file = file.map_or(String::new(), |it| format!("; filename=\"{it}\""));
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// A request that sends a form.
pub(crate) fn posted(user: &User, parts: &[Part<'_>]) -> Request {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    user.request("POST", "/files").header("content-type", &kind).body(form(parts))
}

/// A request that brings a file to a room.
pub(crate) fn to_room(user: &User, room: &str, name: &str, bytes: &[u8]) -> Request {
    posted(user, &[("roomId", None, room.as_bytes()), ("file", Some(name), bytes)])
}

/// The newest messages of a room.
async fn messages(user: &User, room: &str) -> Vec<Value> {
    let page = user.get(&format!("/rooms/{room}/messages")).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

/// The files that keep bytes.
fn kept(app: &TestApp) -> Vec<PathBuf> {
    fn all(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { all(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    all(&app.data_dir().join("files"), &mut found);
    found
}

/// Waits until so many files keep bytes. They are removed little by little.
async fn kept_are(app: &TestApp, count: usize) {
    let until = async {
        while kept(app).len() != count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let patience = Duration::from_secs(10);
    assert!(tokio::time::timeout(patience, until).await.is_ok(), "{:?}", kept(app));
}

/// Waits until there are no rows of files but `count`.
async fn rows_are(app: &TestApp, count: i64) {
    use sea_orm::{ConnectionTrait, Statement};

    let database = app.database().await;
    let read = database.read();
    let sql = "SELECT count(*) FROM files";
    let until = async {
        loop {
            let all = Statement::from_string(read.get_database_backend(), sql);
            let row = read.query_one_raw(all).await.unwrap().unwrap();
            if row.try_get_by_index::<i64>(0).unwrap() == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), until).await.expect("other rows");
}

#[tokio::test]
async fn file_is_brought_told_of_and_read() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("public").await;
    let mut his = ben.connect("/chat").await;
    his.join(&room).await;

    let file = to_room(&ada, &room, "boats.png", PNG).await.expect(201);

    assert_eq!(file["name"], "boats.png");
    assert_eq!(file["size"], PNG.len());
    assert_eq!(file["contentType"], "image/png");
    assert_eq!(file["conversationId"], json!(room));
    assert_eq!(text(&file["sha256"]).len(), 64);
    let message = his.event("chat:message:received").await;
    assert_eq!(message["type"], "image");
    assert_eq!(message["content"], "boats.png");
    assert_eq!(message["senderId"], json!(ada.id));
    let metadata = json!({
        "fileId": file["id"], "name": "boats.png", "size": PNG.len(), "contentType": "image/png",
    });
    assert_eq!(message["metadata"], metadata);
    let answer = ben.get(&format!("/files/{}", text(&file["id"]))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text, String::from_utf8_lossy(PNG));
    assert_eq!(kept(&app).len(), 1);
}
