//! Messages that name files.

use auth::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{PNG, posted, to_room};
use crate::util::{TestApp, User, text};

/// A message of this type with this file.
pub(super) fn naming(r#type: &str, file: &str) -> Value {
    json!({ "content": "look", "type": r#type, "metadata": { "fileId": file } })
}

#[tokio::test]
async fn message_names_a_file_of_its_sender_in_the_conversation() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let silent = [
        ("roomId", None, room.as_bytes()),
        ("message", None, b"false"),
        ("file", Some("a.png"), PNG),
    ];
    let file = text(&posted(&ada, &silent).await.expect(201)["id"]);
    let path = format!("/rooms/{room}/messages");

    for r#type in ["image", "file"] {
        let message = ada.post(&path, naming(r#type, &file)).await.expect(201);
        assert_eq!((&message["type"], &message["role"]), (&json!(r#type), &json!("user")));
        assert_eq!(ada.get(&path).await.expect(200)["items"][0], message);
        let mut socket = ada.connect("/chat").await;
        let mut event = naming(r#type, &file);
        event["roomId"] = json!(room);
        let message = socket.call("chat:message:send", event).await;
        assert_eq!(message["metadata"]["fileId"], json!(file));
    }
}

#[tokio::test]
async fn file_of_others_of_elsewhere_and_none_are_refused_at_both_doors() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let admin = app.promoted("Root", Some(Role::Admin), None).await;
    let (room, other) = (ada.room("public").await, ada.room("private").await);
    ben.connect("/chat").await.join(&room).await;
    let upload = async |user: &User, room: &str, bytes: &[u8]| {
        text(&to_room(user, room, "a", bytes).await.expect(201)["id"])
    };
    let hers = upload(&ada, &room, b"a").await;
    let elsewhere = upload(&ada, &other, b"a").await;
    let picture = upload(&ben, &room, PNG).await;
    let nowhere = Uuid::nil().to_string();
    let path = format!("/rooms/{room}/messages");
    for (user, message) in [
        (&ben, naming("file", &hers)),
        (&admin, naming("file", &hers)),
        (&ada, naming("file", &elsewhere)),
        (&ada, naming("image", &picture)),
        // No picture.
        (&ada, naming("image", &hers)),
        (&ada, naming("file", &nowhere)),
        (&ada, naming("file", "no-uuid")),
        (&ada, json!({ "content": "look", "type": "file" })),
        (&ada, json!({ "content": "look", "type": "file", "metadata": { "fileId": 7 } })),
        (
            &ada,
            json!({ "content": "x", "type": "file", "role": "system", "metadata": { "fileId": hers } }),
        ),
    ] {
        let refusal = user.post(&path, message.clone()).await.expect(403);
        assert_eq!(refusal["error_code"], "FORBIDDEN", "{message}");
        let mut event = message.clone();
        event["roomId"] = json!(room);
        let ack = user.connect("/chat").await.emit_ack("chat:message:send", event).await;
        assert_eq!(ack["error"]["code"], "PERMISSION_DENIED", "{message}");
        assert_eq!(ack["error"]["message"], refusal["error"]);
    }
    // Who changes a message cannot do what its sender could not.
    let message = ada.post(&path, naming("file", &hers)).await.expect(201);
    let of_message = format!("/chat/messages/{}", text(&message["id"]));
    for metadata in [json!({ "fileId": picture }), json!({})] {
        let change = json!({ "metadata": metadata });
        ada.request("PUT", &of_message).json(change).await.expect(403);
    }
    let change = json!({ "content": "mine", "metadata": { "fileId": hers, "a": 1 } });
    ada.request("PUT", &of_message).json(change).await.expect(200);
}
