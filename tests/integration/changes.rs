//! Messages that are edited, deleted and cleared: who may, what is answered, who hears what.

use hornero::testing::Answer;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::util::{Socket, TestApp, User, text};

mod permissions;
mod replaying;
mod retries;

async fn edit(user: &User, message: &Value, body: Value) -> Answer {
    user.request("PUT", &path_of(message)).json(body).await
}

async fn delete(user: &User, message: &Value) -> Answer {
    user.request("DELETE", &path_of(message)).await
}

async fn clear(user: &User, session: &str) -> Answer {
    user.request("DELETE", &format!("/chat/sessions/{session}/messages")).await
}

fn path_of(message: &Value) -> String {
    format!("/chat/messages/{}", text(&message["id"]))
}

async fn say(user: &User, room: &str, content: &str) -> Value {
    user.post(&format!("/rooms/{room}/messages"), json!({ "content": content })).await.expect(201)
}

async fn say_in_session(user: &User, session: &str, content: &str) -> Value {
    let path = format!("/chat/sessions/{session}/messages");
    user.post(&path, json!({ "content": content })).await.expect(201)
}

/// A user's listeners in the two vocabularies.
async fn listeners(user: &User, conversation: &str) -> (Socket, Socket) {
    let (mut chat, mut session) = (user.connect("/chat").await, user.connect("/").await);
    chat.join(conversation).await;
    session.join_session(conversation).await;
    (chat, session)
}

fn in_room(room: &str) -> String {
    format!("/rooms/{room}/messages")
}

#[tokio::test]
async fn edited_message_is_answered_read_and_heard_as_it_is_now() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("public").await;
    let (mut chat, mut session) = listeners(&ben, &room).await;
    let metadata = json!({ "mood": "good" });
    let sent = json!({ "content": "helo", "metadata": metadata, "clientMessageId": "m-1" });
    let message = ada.post(&in_room(&room), sent).await.expect(201);

    let edited = edit(&ada, &message, json!({ "content": "hello\r\nworld" })).await.expect(200);

    let edited_at = text(&edited["editedAt"]);
    let mut expected = message.clone();
    expected["content"] = json!("hello\nworld");
    expected["eventSeq"] = json!(2);
    expected["editedAt"] = json!(edited_at);
    assert_eq!(edited, expected, "only that has changed");
    assert!(edited_at >= text(&message["timestamp"]));
    assert_eq!(ada.get(&path_of(&message)).await.expect(200), edited);
    assert_eq!(ada.get(&in_room(&room)).await.expect(200)["items"], json!([edited]));

    let mut heard = chat.event("chat:message:updated").await;
    assert_eq!(heard.as_object_mut().unwrap().remove("version"), Some(json!("1.0")));
    assert_eq!(heard, edited);
    let heard = session.event("message_updated").await;
    let expected = json!({
        "id": message["id"], "sessionId": room, "role": "user", "content": "hello\nworld",
        "metadata": metadata, "timestamp": message["timestamp"], "seq": 1, "senderId": ada.id,
        "clientMessageId": "m-1", "editedAt": edited_at, "eventSeq": 2, "version": "1.0",
    });
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn metadata_alone_can_be_edited_and_the_next_message_counts_on() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let message = say(&ada, &room, "hello").await;
    let mut socket = ada.connect("/chat").await;

    let payload = json!({ "messageId": message["id"], "metadata": { "mood": "bad" } });
    let edited = socket.call("chat:message:edit", payload).await;

    assert_eq!(edited["content"], "hello");
    assert_eq!(edited["metadata"], json!({ "mood": "bad" }));
    assert_eq!((&edited["seq"], &edited["eventSeq"]), (&json!(1), &json!(2)));
    let again = edit(&ada, &message, json!({ "content": "bye" })).await.expect(200);
    assert_eq!((&again["metadata"], &again["eventSeq"]), (&edited["metadata"], &json!(3)));
    assert_eq!(say(&ada, &room, "next").await["seq"], 4);
}

#[tokio::test]
async fn deleted_message_is_gone_and_everybody_hears_of_it() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("public").await;
    let (mut chat, mut session) = listeners(&ben, &room).await;
    let (first, second) = (say(&ada, &room, "one").await, say(&ada, &room, "two").await);

    assert_eq!(delete(&ada, &first).await.expect(204), Value::Null);

    let heard = chat.event("chat:message:deleted").await;
    let deleted_at = text(&heard["deletedAt"]);
    let expected = json!({
        "roomId": room, "messageId": first["id"], "seq": 1, "eventSeq": 3,
        "deletedBy": ada.id, "deletedAt": deleted_at, "version": "1.0",
    });
    assert_eq!(heard, expected);
    assert!(deleted_at >= text(&second["timestamp"]));
    let heard = session.event("message_deleted").await;
    let expected =
        json!({ "sessionId": room, "messageId": first["id"], "eventSeq": 3, "version": "1.0" });
    assert_eq!(heard, expected);

    assert_eq!(ada.get(&in_room(&room)).await.expect(200)["items"], json!([second]));
    for answer in [
        ada.get(&path_of(&first)).await,
        edit(&ada, &first, json!({ "content": "again" })).await,
        delete(&ada, &first).await,
    ] {
        assert_eq!(answer.expect(404)["details"]["reason"], "message_not_found");
    }
}

#[tokio::test]
async fn deletion_by_socket_is_acked_as_it_is_announced() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;
    let message = socket.say(&room, "hello").await;

    let mut ack = socket.call("chat:message:delete", json!({ "messageId": message["id"] })).await;

    ack["version"] = json!("1.0");
    assert_eq!(socket.event("chat:message:deleted").await, ack);
}

#[tokio::test]
async fn cleared_session_is_empty_and_goes_on_counting() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let session = ada.session().await;
    let (mut chat, mut words) = listeners(&ada, &session).await;
    let first = say_in_session(&ada, &session, "one").await;
    say_in_session(&ada, &session, "two").await;
    delete(&ada, &first).await.expect(204);

    let cleared = clear(&ada, &session).await.expect(200);

    assert_eq!(cleared, json!({ "deleted": 1 }), "the other was deleted already");
    let heard = chat.event("chat:conversation:cleared").await;
    let expected = json!({
        "roomId": session, "throughSeq": 4, "eventSeq": 4, "clearedBy": ada.id, "version": "1.0",
    });
    assert_eq!(heard, expected);
    let heard = words.event("conversation_cleared").await;
    let expected =
        json!({ "sessionId": session, "throughSeq": 4, "eventSeq": 4, "version": "1.0" });
    assert_eq!(heard, expected);
    assert_eq!(clear(&ada, &session).await.expect(200), json!({ "deleted": 0 }));

    let next = say_in_session(&ada, &session, "three").await;
    let history = ada.get(&format!("/chat/sessions/{session}/messages")).await.expect(200);
    assert_eq!((&next["seq"], &history["items"]), (&json!(6), &json!([next])));
}

#[tokio::test]
async fn bad_edits_are_refused_alike_at_both_doors() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let message = say(&ada, &room, "hello").await;
    let mut socket = ada.connect("/chat").await;
    for (field, rule, body) in [
        ("content", "required", json!({})),
        ("content", "required", json!({ "formatting": "markdown" })),
        ("content", "length", json!({ "content": "" })),
        ("content", "blank", json!({ "content": " \n" })),
        ("content", "length", json!({ "content": "x".repeat(10_001) })),
        ("content", "type", json!({ "content": null, "metadata": {} })),
        ("metadata", "type", json!({ "content": "x", "metadata": null })),
        ("metadata", "size", json!({ "metadata": { "a": "x".repeat(16 * 1024) } })),
    ] {
        let refused = edit(&ada, &message, body.clone()).await;
        let mut payload = body.clone();
        payload["messageId"] = message["id"].clone();
        let ack = socket.emit_ack("chat:message:edit", payload).await;

        let answer = refused.expect(400);
        assert_eq!(answer["error_code"], "INVALID_REQUEST", "{body}");
        assert_eq!(answer["details"]["field"], field, "{body}");
        assert_eq!(answer["details"]["rule"], rule, "{body}");
        assert_eq!(ack["error"]["code"], "PROTOCOL_ERROR", "{body}");
        assert_eq!(ack["error"]["message"], answer["error"], "{body}");
        assert_eq!(ack["error"]["details"], answer["details"], "{body}");
        assert_eq!(socket.event("chat:error").await, ack["error"], "{body}");
    }
    assert_eq!(ada.get(&path_of(&message)).await.expect(200), message, "nothing has changed");
}

#[tokio::test]
async fn message_that_is_absent_is_not_found_at_both_doors() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let mut socket = ada.connect("/chat").await;
    let absent = json!({ "id": Uuid::now_v7() });
    let payload = json!({ "messageId": absent["id"], "content": "x" });

    let answers = [
        ada.get(&path_of(&absent)).await,
        edit(&ada, &absent, json!({ "content": "x" })).await,
        delete(&ada, &absent).await,
    ];
    let acks = [
        socket.emit_ack("chat:message:edit", payload.clone()).await,
        socket.emit_ack("chat:message:delete", payload).await,
    ];

    for answer in answers {
        let body = answer.expect(404);
        assert_eq!(body["error_code"], "INVALID_REQUEST");
        assert_eq!(body["details"]["reason"], "message_not_found");
    }
    for ack in acks {
        assert_eq!(ack["error"]["code"], "CLIENT_ERROR");
        assert_eq!(ack["error"]["recoverable"], false);
        assert_eq!(ack["error"]["details"]["reason"], "message_not_found");
    }
}
