//! What the server really sends, held against the documents.

use std::collections::BTreeSet;

use auth::Role;
use hornero::testing::part;
use serde_json::{Value, json};
use uuid::Uuid;

use super::document::{self, resolved};
use crate::{
    files::to_room,
    util::{Socket, TestApp, text},
};

#[tokio::test]
async fn answers_of_routes_are_as_documented() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let ben = app.guest("Ben").await;
    let (room, session) = (ada.room("public").await, ada.session().await);
    let message = json!({ "content": "hello", "clientMessageId": "m-1" });
    let in_room = format!("/rooms/{room}/messages");
    let in_session = format!("/chat/sessions/{session}/messages");
    let one = "/chat/messages/{messageId}";
    let recent = "/chat/sessions/{sessionId}/messages/recent";
    let count = "/chat/sessions/{sessionId}/messages/count";
    let member = "/rooms/{roomId}/members/{userId}";
    let (of_room, of_session) = (format!("/rooms/{room}"), format!("/sessions/{session}"));
    let (of_ada, of_ben) =
        (format!("{of_room}/members/{}", ada.id), format!("{of_room}/members/{}", ben.id));
    let read = format!("{of_room}/read");
    let (renamed, titled) = (json!({ "name": "Hall" }), json!({ "title": "Lunch" }));
    let spare = format!("/rooms/{}", ada.room("public").await);
    let spare_session = format!("/sessions/{}", ada.session().await);
    let said = ada.post(&in_room, json!({ "content": "hello" })).await.expect(201);
    let of_message = format!("/chat/messages/{}", text(&said["id"]));

    let file = to_room(&ada, &room, "a.txt", b"a").await;
    let of_file = format!("/files/{}", text(&file.body["id"]));

    let (claim, resolve) = ("/escalations/{id}/claim", "/escalations/{id}/resolve");
    let plea = json!({ "roomId": room, "reason": "help" });
    let escalation = ada.post("/escalations", plea.clone()).await.expect(201);
    let of_escalation = format!("/escalations/{}", text(&escalation["id"]));
    let absent = format!("/escalations/{}/resolve", Uuid::nil());

    let form = json!({ "email": ada.email, "password": crate::util::PASSWORD });
    let second_guest = app.post("/auth/guest").json(json!({})).await;
    let root = app.promoted("Root", Some(Role::Admin), None).await;
    let profile = format!("/auth/users/{}", ben.id);
    let patched = root.request("PATCH", &profile).json(json!({ "role": "user" })).await;
    let refused = ada.request("PATCH", &profile).json(json!({})).await;
    let token = json!({ "refreshToken": second_guest.body["refreshToken"] });
    let refreshed = app.post("/auth/refresh").json(token).await;
    let known = json!({ "email": ada.email, "password": "x".repeat(12), "displayName": "Eve" });
    let answers = [
        ("POST", "/auth/login", app.post("/auth/login").json(form).await),
        ("POST", "/auth/guest", second_guest),
        ("POST", "/auth/register", app.post("/auth/register").json(known).await),
        ("POST", "/auth/refresh", refreshed),
        ("POST", "/auth/refresh", app.post("/auth/refresh").json(json!({})).await),
        ("PATCH", "/auth/users/{userId}", patched),
        ("PATCH", "/auth/users/{userId}", refused),
        ("GET", "/auth/me", ben.get("/auth/me").await),
        ("GET", "/health", app.get("/health").await),
        ("GET", "/health/live", app.get("/health/live").await),
        ("GET", "/health/ready", app.get("/health/ready").await),
        ("GET", "/auth/me", app.get("/auth/me").await),
        ("POST", "/rooms", ada.post("/rooms", json!({ "name": "Hall" })).await),
        ("POST", "/rooms", ada.post("/rooms", json!({})).await),
        ("POST", "/rooms", ben.post("/rooms", json!({ "name": "Hall" })).await),
        ("GET", "/rooms", ada.get("/rooms?limit=1").await),
        ("GET", "/rooms/{roomId}", ada.get(&format!("/rooms/{room}")).await),
        ("GET", "/rooms/{roomId}", ada.get(&format!("/rooms/{}", Uuid::nil())).await),
        ("PATCH", "/rooms/{roomId}", ada.request("PATCH", &of_room).json(json!({})).await),
        ("PATCH", "/rooms/{roomId}", ben.request("PATCH", &of_room).json(renamed.clone()).await),
        ("PATCH", "/rooms/{roomId}", ada.request("PATCH", &of_room).json(renamed).await),
        ("PUT", member, ada.request("PUT", &of_ben).json(json!({ "role": "member" })).await),
        ("PUT", member, ada.request("PUT", &of_ben).json(json!({ "role": "member" })).await),
        ("PUT", member, ada.request("PUT", &of_ada).json(json!({ "role": "member" })).await),
        ("PUT", member, ada.request("PUT", &of_ben).json(json!({})).await),
        ("GET", "/rooms/{roomId}/members", ada.get(&format!("{of_room}/members")).await),
        ("GET", "/rooms/{roomId}/presence", ada.get(&format!("{of_room}/presence")).await),
        ("POST", "/rooms/{roomId}/read", ada.post(&read, json!({ "seq": 1 })).await),
        ("POST", "/rooms/{roomId}/read", ada.post(&read, json!({})).await),
        ("DELETE", member, ada.request("DELETE", &of_ben).await),
        ("DELETE", member, ada.request("DELETE", &of_ben).await),
        ("DELETE", member, ada.request("DELETE", &of_ada).await),
        ("DELETE", "/rooms/{roomId}", ben.request("DELETE", &of_room).await),
        ("DELETE", "/rooms/{roomId}", ada.request("DELETE", &spare).await),
        ("PATCH", "/sessions/{sessionId}", ada.request("PATCH", &of_session).json(titled).await),
        ("PATCH", "/sessions/{sessionId}", ben.request("PATCH", &of_session).json(json!({})).await),
        ("DELETE", "/sessions/{sessionId}", ben.request("DELETE", &of_session).await),
        ("DELETE", "/sessions/{sessionId}", ada.request("DELETE", &spare_session).await),
        ("POST", "/sessions", ada.post("/sessions", json!({})).await),
        ("GET", "/sessions", ada.get("/sessions").await),
        ("GET", "/sessions/{sessionId}", ada.get(&format!("/sessions/{session}")).await),
        ("POST", "/rooms/{roomId}/messages", ada.post(&in_room, message.clone()).await),
        ("POST", "/rooms/{roomId}/messages", ada.post(&in_room, message.clone()).await),
        ("POST", "/rooms/{roomId}/messages", ben.post(&in_room, message.clone()).await),
        ("GET", "/rooms/{roomId}/messages", ada.get(&in_room).await),
        ("POST", "/chat/sessions/{sessionId}/messages", ada.post(&in_session, message).await),
        ("GET", "/chat/sessions/{sessionId}/messages", ada.get(&in_session).await),
        ("GET", recent, ada.get(&format!("{in_session}/recent")).await),
        ("GET", recent, ben.get(&format!("{in_session}/recent")).await),
        ("GET", count, ada.get(&format!("{in_session}/count")).await),
        ("GET", one, ada.get(&of_message).await),
        ("GET", one, ben.get(&of_message).await),
        ("PUT", one, ada.request("PUT", &of_message).json(json!({ "content": "bye" })).await),
        ("PUT", one, ada.request("PUT", &of_message).json(json!({})).await),
        ("GET", "/rooms/{roomId}/messages", ada.get(&in_room).await),
        ("DELETE", one, ada.request("DELETE", &of_message).await),
        ("DELETE", one, ada.request("DELETE", &of_message).await),
        (
            "POST",
            "/chat/sessions/{sessionId}/messages",
            ada.post(&in_session, json!({ "content": "hello", "clientMessageId": "m-2" })).await,
        ),
        ("POST", "/files", file),
        ("POST", "/files", to_room(&ada, &room, "a", b"a\0b").await),
        ("POST", "/files", to_room(&ben, &room, "a", b"a").await),
        ("POST", "/files", ada.post("/files", json!({})).await),
        ("GET", "/files/{fileId}", ben.get(&of_file).await),
        ("DELETE", "/chat/sessions/{sessionId}/messages", ada.request("DELETE", &in_session).await),
        ("DELETE", "/chat/sessions/{sessionId}/messages", ben.request("DELETE", &in_session).await),
        ("POST", "/escalations", ada.post("/escalations", plea.clone()).await),
        ("POST", "/escalations", ada.post("/escalations", json!({})).await),
        ("POST", "/escalations", ben.post("/escalations", plea).await),
        ("GET", "/escalations", root.get("/escalations").await),
        ("GET", "/escalations", ada.get("/escalations").await),
        ("POST", resolve, root.post(&format!("{of_escalation}/resolve"), json!({})).await),
        ("POST", claim, root.post(&format!("{of_escalation}/claim"), json!({})).await),
        ("POST", claim, ada.post(&format!("{of_escalation}/claim"), json!({})).await),
        ("POST", resolve, root.post(&format!("{of_escalation}/resolve"), json!({})).await),
        ("POST", resolve, root.post(&absent, json!({})).await),
    ];

    let document = document::openapi();
    // None of these has a body of JSON to be compared.
    let without = ["POST /auth/logout", "GET /metrics", "GET /files/{fileId}"];
    let mut called = BTreeSet::from(without.map(str::to_owned));
    app.get("/metrics").await;
    ada.get(&of_file).await.expect(200);
    ada.request("POST", "/auth/logout").await.expect(204);
    for (method, path, answer) in answers {
        let (status, door) = (answer.status.to_string(), format!("{method} {path}"));
        let operation = &document["paths"][path][method.to_lowercase()];
        let response = resolved(&operation["responses"][&status], &document);
        assert!(response.is_object(), "{door} answers {status}, which is not documented");
        let schema = &response["content"]["application/json"]["schema"];
        if schema.is_null() {
            assert_eq!(answer.text, "", "{door} answers {status} with what is not documented");
        } else {
            assert_matches(&answer.body, schema, &document, &format!("{door} {status}"));
        }
        called.insert(door);
    }
    assert_eq!(called.len(), document::operations().len(), "only {called:?} were called");
}

#[tokio::test]
async fn acks_and_events_are_as_documented() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (room, session) = (ada.room("public").await, ada.session().await);
    let mut ben = app.guest("Ben").await.connect("/chat").await;
    let mut socket = ada.connect("/chat").await;
    let mut said = BTreeSet::new();
    let document = document::asyncapi();

    let to_room = json!({ "roomId": room });
    let to_session = json!({ "sessionId": session });
    let in_envelope = json!({ "data": { "roomId": room }, "requestId": "r-1" });
    let message = socket.say(&room, "helo").await["id"].clone();
    ben.call("chat:room:join", to_room.clone()).await;
    for (event, payload) in [
        ("chat:room:create", json!({ "name": "Hall" })),
        ("chat:room:join", in_envelope),
        ("chat:message:send", json!({ "roomId": room, "content": "hello" })),
        ("chat:message:edit", json!({ "messageId": message, "content": "hello" })),
        ("chat:message:edit", json!({ "messageId": message })),
        ("chat:message:delete", json!({ "messageId": message })),
        ("chat:message:delete", json!({ "messageId": message })),
        ("chat:typing:start", to_room.clone()),
        ("chat:typing:stop", to_room.clone()),
        ("chat:message:read", json!({ "roomId": room, "seq": 1 })),
        ("chat:message:read", json!({ "roomId": room, "seq": -1 })),
        ("chat:room:leave", to_room.clone()),
        ("chat:room:leave", json!({})),
        ("chat:escalation:create", json!({ "roomId": session, "reason": "help" })),
        ("chat:escalation:create", json!({ "roomId": session })),
        ("chat:robot:interact", json!({ "roomId": room, "prompt": "hello" })),
        ("chat:robot:interact", json!({ "roomId": room })),
        ("join_session", to_session.clone()),
        ("send_message", json!({ "sessionId": session, "content": "hello" })),
        ("typing", json!({ "sessionId": session, "isTyping": true })),
        ("get_session_info", to_session.clone()),
        ("leave_session", json!({ "sessionId": 7 })),
        ("auth:refresh", json!({ "token": ada.token })),
        ("auth:refresh", json!({ "token": "no token" })),
        ("leave_session", to_session.clone()),
    ] {
        let ack = socket.emit_ack(event, payload).await;
        assert_message(&document, "ack", event, &ack);
        said.insert(event.to_owned());
    }
    let file = json!({ "roomId": room, "name": "a", "contentType": "text/plain", "data": part(0) });
    for bytes in ["a", "a\0b"] {
        let ack = socket.emit_ack_with_parts("chat:file:upload", &file, [bytes]).await;
        assert_message(&document, "ack", "chat:file:upload", &ack);
    }
    said.insert("chat:file:upload".to_owned());
    let uploaded = socket.event("chat:file:uploaded").await;
    assert_message(&document, "server", "chat:file:uploaded", &uploaded);
    // Ada in Ben's session words, so that she hears them: every conversation has both.
    ben.call("join_session", json!({ "sessionId": room })).await;
    socket.call("join_session", json!({ "sessionId": room })).await;
    socket.call("typing", json!({ "sessionId": room, "isTyping": true })).await;
    let message = socket.say(&room, "helo").await["id"].clone();
    socket.call("chat:message:edit", json!({ "messageId": message, "content": "hello" })).await;
    socket.call("chat:message:delete", json!({ "messageId": message })).await;
    ben.event("user_typing").await;
    socket.call("chat:robot:interact", json!({ "roomId": room, "prompt": "hello" })).await;
    let delta = ben.event("assistant_delta").await;
    assert_message(&document, "server", "assistant_delta", &delta);
    socket.call("leave_session", json!({ "sessionId": room })).await;
    let left = ben.event("user_left").await;
    assert_message(&document, "server", "user_left", &left);

    // What she has missed is told with a notice of its own: the seq is of another log.
    socket.call("join_session", to_session).await;
    ada.request("DELETE", &format!("/chat/sessions/{session}/messages")).await.expect(200);
    let ahead = json!({ "roomId": session, "lastSeq": 1_000 });
    socket.call("chat:room:join", ahead).await;
    ada.request("DELETE", &format!("/chat/sessions/{session}/messages")).await.expect(200);

    let mut heard = BTreeSet::from(
        ["assistant_delta", "user_left", "user_typing", "chat:file:uploaded"].map(str::to_owned),
    );
    for socket in [&mut socket, &mut ben] {
        for (event, data) in everything_heard(socket).await {
            assert_message(&document, "server", &event, &data);
            heard.insert(event);
        }
    }
    assert_eq!(heard.len(), document::server_events().len(), "only {heard:?} were heard");
    assert_eq!(said.len(), document::client_events().len(), "only {said:?} were sent");
}

#[test]
fn whatever_differs_from_the_documents_is_found() {
    let document = document::asyncapi();
    let schema = json!({ "$ref": "#/components/schemas/RoomLeft" });
    let room = Uuid::nil();
    let right = json!({ "roomId": room, "reason": "left" });
    assert_eq!(faults(&right, &schema, &document), [] as [&str; 0]);
    for wrong in [
        json!({ "roomId": room }),
        json!({ "roomId": "Hall", "reason": "left" }),
        json!({ "roomId": room, "reason": null }),
        json!([]),
    ] {
        assert!(!faults(&wrong, &schema, &document).is_empty(), "{wrong}");
    }
    let known = keys(&right, &schema, &document).unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), ["reason", "roomId"]);
}

/// All events that came while something else was waited for.
async fn everything_heard(socket: &mut Socket) -> Vec<(String, Value)> {
    // What the server has said before this answer is here when the answer is.
    socket.emit_ack("no such event", json!({})).await;
    socket.take_heard()
}

#[track_caller]
fn assert_message(document: &Value, role: &str, event: &str, data: &Value) {
    let key = format!("{role}.{}", event.replace(':', "."));
    let schema = &document["components"]["messages"][&key]["payload"];
    assert!(schema.is_object(), "{key} is not documented");
    assert_matches(data, schema, document, &key);
}

#[track_caller]
fn assert_matches(value: &Value, schema: &Value, document: &Value, place: &str) {
    let mut faults = faults(value, schema, document);
    let known = keys(value, schema, document);
    let entries = value.as_object().into_iter().flatten();
    let unknown = entries.filter(|(key, _)| known.as_ref().is_some_and(|it| !it.contains(*key)));
    faults.extend(unknown.map(|(key, _)| format!("`{key}` is not documented")));
    assert!(faults.is_empty(), "{place}: {faults:?} in {value}");
}

/// What a schema finds wrong with a value.
fn faults(value: &Value, schema: &Value, document: &Value) -> Vec<String> {
    let schema = resolved(schema, document);
    let list = |key: &str| schema[key].as_array().into_iter().flatten();
    let mut found = Vec::new();
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if schema["type"] != kind && !list("type").any(|it| it == kind) && !schema["type"].is_null() {
        found.push(format!("{value} is not of type {}", schema["type"]));
    }
    if schema["enum"].is_array() && !list("enum").any(|it| it == value) {
        found.push(format!("{value} is not one of {}", schema["enum"]));
    }
    if schema.get("const").is_some_and(|it| it != value) {
        found.push(format!("{value} is not {}", schema["const"]));
    }
    if schema["format"] == "uuid" && value.as_str().is_some_and(|it| Uuid::parse_str(it).is_err()) {
        found.push(format!("{value} is no UUID"));
    }
    for key in list("required").filter_map(Value::as_str).filter(|it| value.get(it).is_none()) {
        found.push(format!("`{key}` is missing"));
    }
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        found.extend(value.get(key).into_iter().flat_map(|it| faults(it, property, document)));
    }
    for item in value.as_array().into_iter().flatten().filter(|_| schema["items"].is_object()) {
        found.extend(faults(item, &schema["items"], document));
    }
    found.extend(list("allOf").flat_map(|part| faults(value, part, document)));
    for choices in ["anyOf", "oneOf"] {
        let mut all = list(choices).map(|it| faults(value, it, document)).peekable();
        let nothing_fits = all.peek().is_some() && all.all(|it| !it.is_empty());
        if nothing_fits {
            found.push(format!("{value} is none of {choices}"));
        }
    }
    found
}

/// The keys that an object may have; none if it may have any.
fn keys(value: &Value, schema: &Value, document: &Value) -> Option<BTreeSet<String>> {
    let schema = resolved(schema, document);
    if let Some(choices) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        let fits = |it: &&Value| faults(value, it, document).is_empty();
        return keys(value, choices.iter().find(fits)?, document);
    }
    let mut all = BTreeSet::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        all.extend(keys(value, part, document)?);
    }
    all.extend(schema["properties"].as_object().into_iter().flatten().map(|it| it.0.clone()));
    Some(all).filter(|it| !it.is_empty())
}
