//! Files of messages that are deleted, of conversations that have ended, and of uploads that were
//! broken off.

use std::fs;

use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use uuid::Uuid;

use super::{
    BOUNDARY,
    attaching::naming,
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
    let untold = upload("c.txt", b"false").await;
    let path = format!("/chat/sessions/{session}/messages");
    ada.post(&path, naming("chat", &untold)).await.expect(201);

    assert_eq!(ada.request("DELETE", &path).await.expect(200), json!({ "deleted": 3 }));

    for file in told {
        ada.get(&format!("/files/{file}")).await.expect(404);
    }
    kept_are(&app, 1).await;
    ada.post(&path, naming("file", &untold)).await.expect(201);
    ada.get(&format!("/files/{untold}")).await.expect(200);
}

#[tokio::test]
async fn file_goes_when_its_message_names_another_one() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let [old, new] = [upload(&ada, &room).await, upload(&ada, &room).await];
    let path = format!("/rooms/{room}/messages");
    let message = ada.post(&path, naming("file", &old)).await.expect(201);
    let message = format!("/chat/messages/{}", text(&message["id"]));

    let same = json!({ "content": "look there", "metadata": { "fileId": old, "a": 1 } });
    ada.request("PUT", &message).json(same).await.expect(200);
    ada.request("PUT", &message).json(json!({ "content": "look here" })).await.expect(200);
    ada.get(&format!("/files/{old}")).await.expect(200);
    let other = json!({ "metadata": { "fileId": new } });
    ada.request("PUT", &message).json(other).await.expect(200);

    ada.get(&format!("/files/{old}")).await.expect(404);
    kept_are(&app, 1).await;
    ada.request("DELETE", &message).await.expect(204);
    ada.get(&format!("/files/{new}")).await.expect(404);
    kept_are(&app, 0).await;
}

#[tokio::test]
async fn file_of_several_messages_goes_with_the_first_that_is_deleted() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let file = upload(&ada, &room).await;
    let path = format!("/rooms/{room}/messages");
    let [first, second] = [
        ada.post(&path, naming("file", &file)).await.expect(201),
        ada.post(&path, naming("file", &file)).await.expect(201),
    ]
    .map(|it| format!("/chat/messages/{}", text(&it["id"])));

    ada.request("DELETE", &second).await.expect(204);

    ada.get(&format!("/files/{file}")).await.expect(404);
    kept_are(&app, 0).await;
    let left = ada.get(&first).await.expect(200);
    assert_eq!(left["metadata"]["fileId"], json!(file));
    ada.request("PUT", &first).json(json!({ "content": "it is gone" })).await.expect(200);
    ada.request("DELETE", &first).await.expect(204);
}

/// No door lets a message name a file that is not its sender's, or is elsewhere. If one did, it would
/// not be theirs to delete.
#[tokio::test]
async fn file_stays_when_a_message_is_deleted_that_has_no_right_to_name_it() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let (room, other) = (ada.room("public").await, ada.room("private").await);
    ben.connect("/chat").await.join(&room).await;
    let [here, elsewhere] = [upload(&ada, &room).await, upload(&ada, &other).await];
    let path = format!("/rooms/{room}/messages");
    let mut said = Vec::new();
    for (user, file) in [(&ben, &here), (&ada, &elsewhere)] {
        let own = upload(user, &room).await;
        let message = text(&user.post(&path, naming("file", &own)).await.expect(201)["id"]);
        name(&app, &message, file).await;
        said.push((user, message));
    }
    // Of a type that names none.
    said.push((&ada, text(&ada.post(&path, naming("chat", &here)).await.expect(201)["id"])));

    for (user, message) in said {
        user.request("DELETE", &format!("/chat/messages/{message}")).await.expect(204);
    }

    ada.get(&format!("/files/{here}")).await.expect(200);
    ada.get(&format!("/files/{elsewhere}")).await.expect(200);
}

/// A file in a room that no message tells of.
async fn upload(user: &User, room: &str) -> String {
    let parts =
        [("roomId", None, room.as_bytes()), ("message", None, b"false"), ("file", Some("a"), b"a")];
    text(&posted(user, &parts).await.expect(201)["id"])
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
