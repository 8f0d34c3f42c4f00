//! `chat:file:upload`.

use hornero::testing::part;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{PNG, kept_are, messages, rows_are};
use crate::util::{Socket, TestApp, text};

/// Sends a file, and gives the ack.
pub(super) async fn upload(socket: &mut Socket, room: &str, bytes: &[u8]) -> Value {
    let event = json!({
        "roomId": room, "name": "../boats.png", "contentType": "image/jpeg", "data": part(0),
    });
    socket.emit_ack_with_parts("chat:file:upload", event, [bytes.to_vec()]).await
}

#[tokio::test]
async fn file_comes_in_an_event() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("public").await;
    for namespace in ["/", "/chat"] {
        let mut hers = ada.connect(namespace).await;
        let mut elsewhere = ada.connect("/chat").await;
        let mut his = ben.connect("/chat").await;
        his.join(&room).await;

        let ack = upload(&mut hers, &room, PNG).await;

        let id = text(&ack["data"]["fileId"]);
        assert_eq!(ack["data"], json!({ "fileId": id, "deliveryStatus": "batch-delay" }));
        let message = his.event("chat:message:received").await;
        assert_eq!((&message["type"], &message["content"]), (&json!("image"), &json!("boats.png")));
        assert_eq!(message["metadata"]["fileId"], json!(id));
        for hers in [&mut hers, &mut elsewhere] {
            let told = hers.event("chat:file:uploaded").await;
            assert_eq!(told["messageId"], message["id"]);
            assert_eq!(
                (&told["file"]["id"], &told["file"]["size"]),
                (&json!(id), &json!(PNG.len()))
            );
            assert_eq!(told["file"]["contentType"], "image/png");
        }
        assert_eq!(ben.get(&format!("/files/{id}")).await.status, 200);
        assert_eq!(his.heard("chat:file:uploaded"), [] as [Value; 0]);
    }
    assert_eq!(messages(&ada, &room).await.len(), 2);
}

#[tokio::test]
async fn ack_comes_before_what_it_is_about() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let mut socket = ada.connect("/chat").await;
    for _ in 0..20 {
        let ack = upload(&mut socket, &room, b"text").await;
        assert_eq!(socket.heard("chat:file:uploaded"), [] as [Value; 0]);
        let told = socket.event("chat:file:uploaded").await;
        assert_eq!(told["file"]["id"], ack["data"]["fileId"]);
    }
}

#[tokio::test]
async fn what_may_not_be_is_refused_and_leaves_nothing() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let guest = app.guest("Gus").await;
    let (public, private) = (ada.room("public").await, ada.room("private").await);
    let (mut hers, mut his) = (ada.connect("/chat").await, ben.connect("/chat").await);
    let mut guests = guest.connect("/chat").await;
    guests.join(&public).await;

    let nowhere = Uuid::nil().to_string();
    for (ack, code) in [
        (upload(&mut guests, &public, PNG).await, "PERMISSION_DENIED"),
        (upload(&mut his, &public, PNG).await, "ROOM_ACCESS_DENIED"),
        (upload(&mut his, &private, PNG).await, "ROOM_ACCESS_DENIED"),
        (upload(&mut hers, &nowhere, PNG).await, "ROOM_ACCESS_DENIED"),
        (upload(&mut hers, &private, &[b'a'; 900 * 1024 + 1]).await, "CLIENT_ERROR"),
        (upload(&mut hers, &private, b"MZ\x90\0\x03").await, "CLIENT_ERROR"),
        (hers.emit_ack("chat:file:upload", json!({ "roomId": private })).await, "PROTOCOL_ERROR"),
    ] {
        assert_eq!(ack["error"]["code"], code, "{ack}");
    }
    let wrong_type = upload(&mut hers, &private, b"a\0b").await;
    assert_eq!(wrong_type["error"]["details"]["reason"], "type_not_allowed");
    assert_eq!(wrong_type["error"]["recoverable"], false);
    kept_are(&app, 0).await;
    rows_are(&app, 0).await;

    let largest = upload(&mut hers, &private, &[b'a'; 900 * 1024]).await;
    assert_eq!(largest["status"], "ok", "{largest}");
}
