//! Files of messages that are deleted, of conversations that have ended, and of uploads that were
//! broken off.

use std::fs;

use sea_orm::{ConnectionTrait, Statement};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use uuid::Uuid;

use serde_json::json;

use super::{
    BOUNDARY,
    clamd::{Clamd, Mood},
    form, kept, kept_are, messages, posted, rows_are, to_room,
};
use crate::util::{TestApp, User, text};

#[tokio::test]
async fn files_go_with_their_conversation() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (room, other) = (ada.room("private").await, ada.room("private").await);
    let file = to_room(&ada, &room, "a.txt", b"a").await.expect(201);
    to_room(&ada, &room, "b.txt", b"b").await.expect(201);
    let stays = to_room(&ada, &other, "c.txt", b"c").await.expect(201);

    ada.request("DELETE", &format!("/rooms/{room}")).await.expect(204);

    ada.get(&format!("/files/{}", text(&file["id"]))).await.expect(404);
    kept_are(&app, 1).await;
    rows_are(&app, 1).await;
    ada.get(&format!("/files/{}", text(&stays["id"]))).await.expect(200);
}

#[tokio::test]
async fn file_goes_with_its_message_whoever_deletes_that() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("public").await;
    ben.connect("/chat").await.join(&room).await;
    let mut files = Vec::new();
    for name in ["a.txt", "b.txt", "c.txt"] {
        let file = to_room(&ben, &room, name, name.as_bytes()).await.expect(201);
        files.push(format!("/files/{}", text(&file["id"])));
    }
    let told = messages(&ben, &room).await;
    let message = |name: &str| {
        let message = told.iter().find(|it| it["content"] == name).unwrap();
        format!("/chat/messages/{}", text(&message["id"]))
    };

    ben.request("DELETE", &message("a.txt")).await.expect(204);
    ada.request("DELETE", &message("b.txt")).await.expect(204);

    // At once, and not when its bytes are removed.
    for user in [&ada, &ben] {
        for (file, status) in files.iter().zip([404, 404, 200]) {
            user.get(file).await.expect(status);
        }
    }
    kept_are(&app, 1).await;
    rows_are(&app, 1).await;
}

#[tokio::test]
async fn files_go_when_their_session_is_cleared() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let session = ada.session().await;
    let upload = async |name: &str, message: &[u8]| {
        let parts = [
            ("sessionId", None, session.as_bytes()),
            ("message", None, message),
            ("file", Some(name), name.as_bytes()),
        ];
        text(&posted(&ada, &parts).await.expect(201)["id"])
    };
    let told = [upload("a.txt", b"true").await, upload("b.txt", b"true").await];
    let nobody_was_told_of = upload("c.txt", b"false").await;

    let path = format!("/chat/sessions/{session}/messages");
    assert_eq!(ada.request("DELETE", &path).await.expect(200), json!({ "deleted": 2 }));

    for file in told {
        ada.get(&format!("/files/{file}")).await.expect(404);
    }
    kept_are(&app, 1).await;
    let names = json!({
        "content": "look", "type": "file", "metadata": { "fileId": nobody_was_told_of },
    });
    ada.post(&path, names).await.expect(201);
    ada.get(&format!("/files/{nobody_was_told_of}")).await.expect(200);
}

/// No door lets a message name a file of somebody else's. If one did, it would not be theirs to delete.
#[tokio::test]
async fn file_stays_when_a_message_of_another_user_or_type_is_deleted_that_names_it() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("public").await;
    ben.connect("/chat").await.join(&room).await;
    let file = text(&to_room(&ada, &room, "a.txt", b"a").await.expect(201)["id"]);
    let path = format!("/rooms/{room}/messages");
    let words = json!({ "content": "look", "metadata": { "fileId": file } });
    let words = text(&ada.post(&path, words).await.expect(201)["id"]);
    to_room(&ben, &room, "b.txt", b"b").await.expect(201);
    let his = messages(&ben, &room).await;
    let his = text(&his.iter().find(|it| it["content"] == "b.txt").unwrap()["id"]);
    name(&app, &his, &file).await;

    ada.request("DELETE", &format!("/chat/messages/{words}")).await.expect(204);
    ben.request("DELETE", &format!("/chat/messages/{his}")).await.expect(204);

    ada.get(&format!("/files/{file}")).await.expect(200);
}

/// Lets a message name a file, behind the server's back.
async fn name(app: &TestApp, message: &str, file: &str) {
    let database = app.database().await;
    let tx = database.begin().await.unwrap();
    let values = [json!({ "fileId": file }).into(), message.parse::<Uuid>().unwrap().into()];
    let sql = "UPDATE messages SET metadata = $1 WHERE id = $2";
    let update = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    assert_eq!(tx.execute_raw(update).await.unwrap().rows_affected(), 1);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn upload_that_is_broken_off_leaves_nothing() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let body = form(&[("roomId", None, room.as_bytes()), ("file", Some("a"), &[b'a'; 2_000_000])]);
    let client = sent(&app, &ada, &body, 1_500_000).await;
    kept_are(&app, 1).await;
    assert!(kept(&app)[0].to_str().unwrap().ends_with("#1"), "{:?}", kept(&app));

    drop(client);

    kept_are(&app, 0).await;
    rows_are(&app, 0).await;
}

#[tokio::test]
async fn client_that_goes_away_while_its_file_is_looked_through_leaves_nothing() {
    let clamd = Clamd::start(Mood::Silent).await;
    let app = TestApp::with(&[
        ("HORNERO__FILES__SCANNER__ADDRESS", &clamd.address),
        ("HORNERO__FILES__SCANNER__TIMEOUT_MS", "500"),
    ])
    .await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let body = form(&[("roomId", None, room.as_bytes()), ("file", Some("a"), b"a")]);
    let client = sent(&app, &ada, &body, body.len()).await;
    while clamd.seen().is_empty() {
        tokio::task::yield_now().await;
    }

    drop(client);

    kept_are(&app, 0).await;
    rows_are(&app, 0).await;
}

/// A client that has sent so many bytes of a form, and waits.
async fn sent(app: &TestApp, user: &User, body: &[u8], count: usize) -> TcpStream {
    let head = format!(
        "POST /files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n",
        user.token,
        body.len()
    );
    let mut client = TcpStream::connect(app.address()).await.unwrap();
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(&body[..count]).await.unwrap();
    client
}

#[tokio::test]
async fn sqlite_only_what_a_killed_server_was_receiving_is_removed_at_the_start() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    to_room(&ada, &room, "a.txt", b"a").await.expect(201);
    // As the server leaves it when its power is cut.
    let database = app.database().await;
    for whole in ["", "#1"] {
        let id = Uuid::now_v7();
        let tx = database.begin().await.unwrap();
        let sql = "INSERT INTO files (id, uploader_id, name, size, content_type, sha256, status, \
                   announce, created_at, unfinished_since) \
                   SELECT $1, 'u', '', 0, '', '', 'uploading', false, now, now \
                   FROM (SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now') AS now)";
        let backend = tx.get_database_backend();
        let row = Statement::from_sql_and_values(backend, sql, [id.into()]);
        tx.execute_raw(row).await.unwrap();
        tx.commit().await.unwrap();
        let name = id.to_string();
        let shelf = app.data_dir().join("files").join(&name[name.len() - 2..]);
        fs::create_dir_all(&shelf).unwrap();
        fs::write(shelf.join(name + whole), b"half a file").unwrap();
    }
    drop(database);
    assert_eq!(kept(&app).len(), 3);

    let app = app.restart().await;

    kept_are(&app, 1).await;
    rows_are(&app, 1).await;
}
