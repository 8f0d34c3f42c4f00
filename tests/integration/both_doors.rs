//! The same input through REST and through both Socket.IO vocabularies gets the same answer.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::util::{Socket, TestApp, User};

/// A row of the contract's table of refusals.
struct Refusal {
    rest: (u16, &'static str),
    socket: (&'static str, bool),
}

const BAD_FIELD: Refusal =
    Refusal { rest: (400, "INVALID_REQUEST"), socket: ("PROTOCOL_ERROR", true) };
const NO_ACCESS: Refusal =
    Refusal { rest: (404, "INVALID_REQUEST"), socket: ("ROOM_ACCESS_DENIED", false) };
const NO_MEMBER: Refusal =
    Refusal { rest: (403, "FORBIDDEN"), socket: ("ROOM_ACCESS_DENIED", false) };

#[tokio::test]
async fn bad_messages_are_refused_alike() {
    let app = TestApp::start().await;
    let mut ada = Doors::of(app.register("Ada").await).await;
    let room = ada.user.room("public").await;
    let metadata = |levels| (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }));
    for (field, message) in [
        ("content", json!({})),
        ("content", json!({ "content": null })),
        ("content", json!({ "content": "" })),
        ("content", json!({ "content": " \n\t\u{a0}" })),
        ("content", json!({ "content": "x".repeat(10_001) })),
        ("content", json!({ "content": "a\u{0}b" })),
        ("content", json!({ "content": "a\u{7}b" })),
        ("content", json!({ "content": "a\u{9b}b" })),
        ("content", json!({ "content": 7 })),
        ("content", json!({ "content": ["x"] })),
        ("content", json!({ "content": { "a": 1 } })),
        ("content", json!({ "content": "x", "type": "graph" })),
        ("content", json!({ "content": metadata(9), "type": "graph" })),
        ("content", json!({ "content": { "a": "x".repeat(16 * 1024) }, "type": "graph" })),
        ("content", json!({ "content": { "a": "\u{0}" }, "type": "graph" })),
        ("formatting", json!({ "content": "x", "formatting": "rtf" })),
        ("metadata", json!({ "content": "x", "metadata": "x" })),
        ("metadata", json!({ "content": "x", "metadata": null })),
        ("metadata", json!({ "content": "x", "metadata": metadata(9) })),
        ("metadata", json!({ "content": "x", "metadata": { "a": "x".repeat(16 * 1024) } })),
        ("metadata", json!({ "content": "x", "metadata": { "a": "\u{0}" } })),
        ("clientMessageId", json!({ "content": "x", "clientMessageId": "" })),
        ("clientMessageId", json!({ "content": "x", "clientMessageId": "two words" })),
        ("clientMessageId", json!({ "content": "x", "clientMessageId": "\u{e9}" })),
        ("clientMessageId", json!({ "content": "x", "clientMessageId": "x".repeat(129) })),
        ("clientMessageId", json!({ "content": "x", "clientMessageId": 7 })),
    ] {
        let details = ada.assert_refused(&room, &message, &BAD_FIELD).await;
        assert_eq!(details["field"], field, "{message}: {details}");
        assert_eq!(details["fields"][0]["field"], field, "{message}: {details}");
    }
    // None of them was stored.
    let history = ada.user.get(&format!("/rooms/{room}/messages")).await.expect(200);
    assert_eq!(history["items"], json!([]));
}

#[tokio::test]
async fn every_field_at_fault_is_listed_alike() {
    let app = TestApp::start().await;
    let mut ada = Doors::of(app.register("Ada").await).await;
    let room = ada.user.room("public").await;
    let message = json!({ "content": "\u{7}", "clientMessageId": "two words" });

    let details = ada.assert_refused(&room, &message, &BAD_FIELD).await;

    let fields = details["fields"].as_array().unwrap();
    let named: Vec<_> = fields.iter().map(|it| it["field"].as_str().unwrap()).collect();
    assert_eq!(named, ["clientMessageId", "content"]);
}

#[tokio::test]
async fn conversations_out_of_reach_are_refused_alike() {
    let app = TestApp::start().await;
    let owner = app.register("Ada").await;
    let mut eve = Doors::of(app.register("Eve").await).await;
    let (private, public) = (owner.room("private").await, owner.room("public").await);
    let absent = Uuid::now_v7().to_string();
    let message = json!({ "content": "hello" });

    let mut details = Vec::new();
    for room in [&private, &absent] {
        details.push(eve.assert_refused(room, &message, &NO_ACCESS).await);
    }
    assert_eq!(details[0], details[1]);
    eve.assert_refused(&public, &message, &NO_MEMBER).await;

    // What is wrong with a message is told before who may send it.
    for room in [&private, &absent, &public] {
        eve.assert_refused(room, &json!({ "content": "" }), &BAD_FIELD).await;
    }
}

#[tokio::test]
async fn good_messages_are_stored_alike() {
    let app = TestApp::start().await;
    let mut ada = Doors::of(app.register("Ada").await).await;
    let room = ada.user.room("public").await;
    let deepest = (1..8).fold(json!({}), |inner, _| json!({ "a": inner }));
    let message = json!({
        "content": "one\r\ntwo", "formatting": "markdown", "metadata": deepest,
        "clientMessageId": "m-1", "unknown": true,
    });

    let stored = ada.user.post(&messages(&room), message.clone()).await.expect(201);
    let (chat, session) = ada.send(&room, &message).await;

    // A message that is sent again is the same message, also through another door.
    assert_eq!(chat["data"], stored);
    for (field, value) in session["data"].as_object().unwrap() {
        let expected = if field == "sessionId" { &stored["roomId"] } else { &stored[field] };
        assert_eq!(value, expected, "{field}");
    }
}

/// A user who can knock at all doors.
struct Doors {
    user: User,
    socket: Socket,
}

impl Doors {
    async fn of(user: User) -> Self {
        let socket = user.connect("/chat").await;
        Self { user, socket }
    }

    /// The acks of a message sent in both vocabularies.
    async fn send(&mut self, conversation: &str, message: &Value) -> (Value, Value) {
        let with = |key: &str| {
            let mut payload = message.clone();
            payload[key] = json!(conversation);
            payload
        };
        let chat = self.socket.emit_ack("chat:message:send", with("roomId")).await;
        let session = self.socket.emit_ack("send_message", with("sessionId")).await;
        (chat, session)
    }

    /// Sends a message through all doors; panics unless all refuse it in the same words.
    /// Gives the details of the refusal.
    async fn assert_refused(
        &mut self,
        conversation: &str,
        message: &Value,
        expected: &Refusal,
    ) -> Value {
        let rest = self.user.post(&messages(conversation), message.clone()).await;
        let (chat, session) = self.send(conversation, message).await;
        let errors = [self.socket.event("chat:error").await, self.socket.event("error").await];

        let (status, body) = (rest.status, rest.body);
        let found = (status, body["error_code"].as_str().unwrap());
        assert_eq!(found, expected.rest, "{message}: {body}");
        for (ack, error) in [chat, session].iter().zip(errors) {
            assert_eq!(ack["status"], "error", "{message}: {ack}");
            assert_eq!(ack["error"], error, "{message}");
            let (code, recoverable) = expected.socket;
            assert_eq!(error["code"], code, "{message}: {error}");
            assert_eq!(error["recoverable"], recoverable, "{message}: {error}");
            assert_eq!(error["message"], body["error"], "{message}");
            let details = error.get("details").cloned().unwrap_or_else(|| json!({}));
            assert_eq!(details, body["details"], "{message}");
        }
        body["details"].clone()
    }
}

fn messages(room: &str) -> String {
    format!("/rooms/{room}/messages")
}

#[tokio::test]
async fn list_in_the_place_of_an_object_is_refused_alike() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let mut socket = ada.connect("/chat").await;
    for list in [json!([]), json!(["Kitchen", "public"])] {
        for path in ["/sessions", "/rooms"] {
            let refusal = ada.post(path, list.clone()).await.expect(400);
            assert_eq!(refusal["details"]["field"], "payload", "{path}: {refusal}");
        }
        let refusal = socket.emit_ack("chat:room:create", list).await;
        assert_eq!(refusal["error"]["code"], "PROTOCOL_ERROR", "{refusal}");
        assert_eq!(refusal["error"]["details"]["field"], "payload", "{refusal}");
    }
}
