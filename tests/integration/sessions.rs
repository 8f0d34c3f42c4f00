//! Sessions over REST: begin, find and list them.

use serde_json::json;
use uuid::Uuid;

use crate::util::{TestApp, text};

#[tokio::test]
async fn session_is_shown_as_it_was_begun() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let form = json!({ "title": " Dinner ", "metadata": { "mood": "hungry" } });

    let session = ada.post("/sessions", form).await.expect(201);

    assert_eq!((&session["title"], &session["status"]), (&json!("Dinner"), &json!("active")));
    assert_eq!(session["userId"], ada.id);
    assert_eq!(session["metadata"], json!({ "mood": "hungry" }));
    assert_eq!(session["lastActivityAt"], session["createdAt"]);
    let id = text(&session["id"]);
    assert_eq!(ada.get(&format!("/sessions/{id}")).await.expect(200), session);
    assert_eq!(ada.get("/sessions").await.expect(200)["items"], json!([session]));
    let untitled = ada.post("/sessions", json!({})).await.expect(201);
    assert_eq!(untitled["title"], "New session");
}

#[tokio::test]
async fn form_that_is_wrong_is_refused_with_the_field() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    for (field, form) in [
        ("title", json!({ "title": "" })),
        ("title", json!({ "title": "  " })),
        ("title", json!({ "title": "a\nb" })),
        ("title", json!({ "title": "x".repeat(101) })),
        ("title", json!({ "title": null })),
        ("metadata", json!({ "metadata": "x" })),
    ] {
        let refusal = ada.post("/sessions", form.clone()).await.expect(400);
        assert_eq!(refusal["details"]["field"], field, "{form}: {refusal}");
    }
}

#[tokio::test]
async fn session_of_others_is_refused_like_an_absent_one() {
    let app = TestApp::start().await;
    let session = app.register("Ada").await.session().await;
    let eve = app.register("Eve").await;
    let absent = Uuid::now_v7().to_string();

    for suffix in ["", "/messages"] {
        let prefix = if suffix.is_empty() { "/sessions" } else { "/chat/sessions" };
        let refusal = async |id: &str| eve.get(&format!("{prefix}/{id}{suffix}")).await.refusal();
        let forbidden = refusal(&session).await;
        assert_eq!(forbidden, refusal(&absent).await);
        assert_eq!((forbidden.0, &forbidden.1["error_code"]), (404, &json!("INVALID_REQUEST")));
    }
    let message = json!({ "content": "hello" });
    eve.post(&format!("/chat/sessions/{session}/messages"), message).await.expect(404);
    assert_eq!(eve.get("/sessions").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn pages_hold_every_session_once_and_newest_first() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let mut begun = Vec::new();
    for _ in 0..5 {
        begun.insert(0, ada.session().await);
    }

    let pages = ada.pages("/sessions?limit=2&status=active").await;

    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    let ids: Vec<_> = pages.concat().iter().map(|it| text(&it["id"])).collect();
    assert_eq!(ids, begun);
    assert_eq!(ada.get("/sessions?status=closed").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn cursors_of_other_lists_and_limits_out_of_bounds_are_refused() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    for _ in 0..2 {
        ada.room("public").await;
    }
    let foreign = text(&ada.get("/rooms?limit=1").await.expect(200)["nextCursor"]);
    // "sessions dinner", as if it came from another version of the server.
    let forged = "c2Vzc2lvbnMgZGlubmVy";
    for (field, value) in [
        ("cursor", &*foreign),
        ("cursor", forged),
        ("cursor", "x"),
        ("limit", "0"),
        ("limit", "101"),
        ("status", "open"),
    ] {
        let refusal = ada.get(&format!("/sessions?{field}={value}")).await;
        assert_eq!(refusal.status, 400, "{field}={value}: {}", refusal.body);
        assert_eq!(refusal.body["details"]["field"], field);
    }
}

#[tokio::test]
async fn message_is_the_last_activity() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let session = ada.session().await;

    let messages = format!("/chat/sessions/{session}/messages");
    let message = ada.post(&messages, json!({ "content": "hello" })).await.expect(201);

    assert_eq!(message["sessionId"], session);
    let shown = ada.get(&format!("/sessions/{session}")).await.expect(200);
    assert_eq!(shown["lastActivityAt"], message["timestamp"]);
}

#[tokio::test]
async fn owner_joins_over_a_socket_and_is_told_of_the_session() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let session = ada.session().await;
    let shown = ada.get(&format!("/sessions/{session}")).await.expect(200);
    let mut socket = ada.connect("/").await;

    let joined = socket.join_session(&session).await;

    assert_eq!(joined["session"], shown);
    let owner = json!({ "userId": ada.id, "displayName": "Ada", "online": true });
    assert_eq!(joined["participants"], json!([owner]));
    let mut told = socket.event("session_joined").await;
    assert_eq!(told.as_object_mut().unwrap().remove("version"), Some(json!("1.0")));
    assert_eq!(told, joined);

    let left = socket.call("leave_session", json!({ "sessionId": session })).await;
    assert_eq!(left, json!({ "sessionId": session, "reason": "left" }));
    ada.post(&format!("/chat/sessions/{session}/messages"), json!({ "content": "x" }))
        .await
        .expect(201);
    socket.join_session(&session).await;
    assert!(socket.heard("new_message").is_empty());
}

#[tokio::test]
async fn session_tells_who_takes_part_and_who_types() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.register("Ada").await, app.register("Eve").await);
    let session = ada.session().await;
    let about = json!({ "sessionId": session });
    let mut socket = ada.connect("/").await;
    socket.join_session(&session).await;
    socket.call("typing", json!({ "sessionId": session, "isTyping": true })).await;

    let info = socket.call("get_session_info", about.clone()).await;

    assert_eq!(info["session"]["title"], "Dinner");
    let ada_there = json!({ "userId": ada.id, "displayName": "Ada", "online": true });
    assert_eq!(info["participants"], json!([ada_there]));
    assert_eq!(info["typing"], json!([ada.id]));
    let told = socket.event("session_info").await;
    assert_eq!(told["sessionId"], session);
    let refused = eve.connect("/").await.emit_ack("get_session_info", about).await;
    assert_eq!(refused["error"]["code"], "ROOM_ACCESS_DENIED");
}
