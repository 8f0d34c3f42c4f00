//! Files of conversations that have ended, and of uploads that were broken off.

use std::fs;

use sea_orm::{ConnectionTrait, Statement};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use uuid::Uuid;

use super::{
    BOUNDARY,
    clamd::{Clamd, Mood},
    form, kept, kept_are, rows_are, to_room,
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
