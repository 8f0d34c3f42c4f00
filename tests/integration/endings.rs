//! Rooms and sessions that are changed and deleted, and what is left of them.

use std::time::Duration;

use database::{Backend, Database};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::util::{TestApp, text};

#[tokio::test]
async fn room_is_changed_by_owners_and_moderators() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("public").await;
    let path = format!("/rooms/{room}");
    let before = ada.get(&path).await.expect(200);

    let change = json!({ "name": " Hall ", "visibility": "private", "metadata": { "floor": 2 } });
    let changed = ada.request("PATCH", &path).json(change).await.expect(200);

    assert_eq!((&changed["name"], &changed["visibility"]), (&json!("Hall"), &json!("private")));
    assert_eq!(changed["metadata"], json!({ "floor": 2 }));
    assert_eq!(changed["createdAt"], before["createdAt"]);
    let renamed = ada.request("PATCH", &path).json(json!({ "name": "Kitchen" })).await.expect(200);
    assert_eq!((&renamed["name"], &renamed["metadata"]), (&json!("Kitchen"), &changed["metadata"]));
    ben.request("PATCH", &path).json(json!({ "name": "Ben's" })).await.expect(404);
    let member = format!("{path}/members/{}", ben.id);
    ada.request("PUT", &member).json(json!({ "role": "member" })).await.expect(201);
    ben.request("PATCH", &path).json(json!({ "name": "Ben's" })).await.expect(403);
    ada.request("PUT", &member).json(json!({ "role": "moderator" })).await.expect(200);
    ben.request("PATCH", &path).json(json!({ "name": "Ben's" })).await.expect(200);
    for (field, body) in [
        ("name", json!({})),
        ("name", json!({ "name": "" })),
        ("visibility", json!({ "visibility": "secret" })),
        ("metadata", json!({ "metadata": [] })),
    ] {
        let refusal = ada.request("PATCH", &path).json(body).await.expect(400);
        assert_eq!(refusal["details"]["field"], field, "{refusal}");
    }
}

#[tokio::test]
async fn room_that_is_deleted_is_gone_for_everybody() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("public").await;
    let path = format!("/rooms/{room}");
    let (mut hers, mut his) = (ada.connect("/chat").await, ben.connect("/").await);
    hers.join(&room).await;
    his.join_session(&room).await;
    let said = hers.say(&room, "the last word").await;
    ben.request("DELETE", &path).await.expect(403);

    ada.request("DELETE", &path).await.expect(204);

    let left = hers.event("chat:room:left").await;
    assert_eq!((&left["roomId"], &left["reason"]), (&json!(room), &json!("deleted")));
    his.event("new_message").await;
    assert_eq!(his.event("session_left").await["reason"], "deleted");
    for path in [
        path.clone(),
        format!("{path}/messages"),
        format!("{path}/members"),
        format!("/chat/messages/{}", text(&said["id"])),
    ] {
        ada.get(&path).await.expect(404);
    }
    ada.request("DELETE", &path).await.expect(404);
    assert_eq!(ada.get("/rooms").await.expect(200)["items"], json!([]));
    for event in ["chat:room:join", "chat:message:send"] {
        let refused = hers.emit_ack(event, json!({ "roomId": room, "content": "x" })).await;
        assert_eq!(refused["error"]["code"], "ROOM_ACCESS_DENIED", "{event}");
    }
    nothing_is_left(&app.database().await, &room).await;
}

#[tokio::test]
async fn session_is_closed_opened_and_deleted_by_its_owner() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let session = ada.session().await;
    let path = format!("/sessions/{session}");
    let messages = format!("/chat/sessions/{session}/messages");
    let mut socket = ada.connect("/").await;
    socket.join_session(&session).await;
    ada.post(&messages, json!({ "content": "hello" })).await.expect(201);

    let closed = ada.request("PATCH", &path).json(json!({ "status": "closed" })).await.expect(200);
    assert_eq!((&closed["status"], &closed["title"]), (&json!("closed"), &json!("Dinner")));
    ada.post(&messages, json!({ "content": "hello" })).await.expect(409);
    let change = json!({ "status": "active", "title": "Lunch", "metadata": { "a": 1 } });
    let opened = ada.request("PATCH", &path).json(change).await.expect(200);
    assert_eq!((&opened["title"], &opened["metadata"]), (&json!("Lunch"), &json!({ "a": 1 })));
    ada.post(&messages, json!({ "content": "hello" })).await.expect(201);
    ben.request("PATCH", &path).json(json!({ "title": "Ben's" })).await.expect(404);
    ben.request("DELETE", &path).await.expect(404);
    ada.request("PATCH", &path).json(json!({})).await.expect(400);

    ada.request("DELETE", &path).await.expect(204);

    let left = socket.event("session_left").await;
    assert_eq!((&left["sessionId"], &left["reason"]), (&json!(session), &json!("deleted")));
    ada.get(&path).await.expect(404);
    ada.get(&messages).await.expect(404);
    nothing_is_left(&app.database().await, &session).await;
}

#[tokio::test]
async fn guest_cannot_open_a_second_session_by_opening_one_again() {
    let app = TestApp::start().await;
    let guest = app.guest("Gus").await;
    let first = format!("/sessions/{}", guest.session().await);
    guest.request("PATCH", &first).json(json!({ "status": "closed" })).await.expect(200);
    let second = format!("/sessions/{}", guest.session().await);

    guest.request("PATCH", &first).json(json!({ "status": "active" })).await.expect(403);

    guest.request("DELETE", &second).await.expect(204);
    guest.request("PATCH", &first).json(json!({ "status": "active" })).await.expect(200);
}

#[tokio::test]
async fn messages_are_counted_as_they_come_and_go() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let session = ada.session().await;
    let messages = format!("/chat/sessions/{session}/messages");
    let count = async || {
        let counted = ada.get(&format!("{messages}/count")).await.expect(200);
        let session = ada.get(&format!("/sessions/{session}")).await.expect(200);
        assert_eq!(session["messageCount"], counted["count"]);
        counted["count"].clone()
    };
    assert_eq!(count().await, 0);
    let mut ids = Vec::new();
    for number in 0..3 {
        let body = json!({ "content": "hello", "clientMessageId": format!("m-{number}") });
        ids.push(text(&ada.post(&messages, body).await.expect(201)["id"]));
    }
    ada.post(&messages, json!({ "content": "x", "clientMessageId": "m-1" })).await.expect(200);
    assert_eq!(count().await, 3);
    let first = format!("/chat/messages/{}", ids[0]);
    ada.request("PUT", &first).json(json!({ "content": "bye" })).await.expect(200);
    assert_eq!(count().await, 3);
    ada.request("DELETE", &first).await.expect(204);
    assert_eq!(count().await, 2);

    let all = ada.get(&format!("{messages}?includeDeleted=true&limit=2")).await.expect(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    let cursor = text(&all["nextCursor"]);
    let rest = ada.get(&format!("{messages}?cursor={cursor}")).await.expect(200);
    let tomb = &rest["items"][0];
    assert_eq!((&tomb["id"], &tomb["content"]), (&json!(ids[0]), &json!("")));
    assert!(tomb["deletedAt"].is_string(), "{tomb}");

    ada.request("DELETE", &messages).await.expect(200);
    assert_eq!(count().await, 0);
    ada.post(&messages, json!({ "content": "again" })).await.expect(201);
    assert_eq!(count().await, 1);
}

#[tokio::test]
async fn recent_messages_come_oldest_first_and_lead_to_older_ones() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let session = ada.session().await;
    let messages = format!("/chat/sessions/{session}/messages");
    for number in 1..=25 {
        ada.post(&messages, json!({ "content": number.to_string() })).await.expect(201);
    }
    let said = |page: &Value| {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|it| text(&it["content"]).parse().unwrap()).collect::<Vec<i32>>()
    };

    let recent = ada.get(&format!("{messages}/recent")).await.expect(200);

    assert_eq!(said(&recent), (6..=25).collect::<Vec<_>>());
    assert_eq!(recent["hasMore"], true);
    let cursor = text(&recent["nextCursor"]);
    let older = ada.get(&format!("{messages}?cursor={cursor}")).await.expect(200);
    assert_eq!(said(&older), (1..=5).rev().collect::<Vec<_>>());
    let three = ada.get(&format!("{messages}/recent?limit=3")).await.expect(200);
    assert_eq!(said(&three), [23, 24, 25]);
    ada.get(&format!("{messages}/recent?limit=0")).await.expect(400);
}

/// Waits until the conversation's rows are removed, which is done little by little.
async fn nothing_is_left(db: &Database, conversation: &str) {
    // SQLite keeps ids as 16 bytes, PostgreSQL as what they are.
    let id = match db.backend() {
        Backend::Sqlite => format!("x'{}'", conversation.replace('-', "")),
        Backend::Postgres => format!("'{conversation}'"),
    };
    let count = async |table: &str, column: &str| -> i64 {
        let sql = format!("SELECT count(*) AS rows FROM {table} WHERE {column} = {id}");
        let statement = Statement::from_string(db.read().get_database_backend(), sql);
        let row = db.read().query_one_raw(statement).await.unwrap().unwrap();
        row.try_get("", "rows").unwrap()
    };
    assert_eq!(count("rooms", "id").await + count("sessions", "id").await, 0);
    assert_eq!(count("members", "conversation_id").await, 0);
    let removed = async {
        while count("conversations", "id").await > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), removed).await.unwrap();
    assert_eq!(count("messages", "conversation_id").await, 0);
    assert_eq!(count("events", "conversation_id").await, 0);
}
