//! What messages may be: roles, types, and HTML.

use auth::Role;
use serde_json::json;

use crate::util::TestApp;

#[tokio::test]
async fn only_services_and_admins_speak_as_somebody_else() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let path = format!("/rooms/{room}/messages");
    let mut socket = ada.connect("/chat").await;
    for other in
        [json!({ "role": "assistant" }), json!({ "role": "system" }), json!({ "type": "robot" })]
    {
        let mut body = json!({ "content": "hello" });
        body.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        ada.post(&path, body.clone()).await.expect(403);
        body["roomId"] = json!(room);
        let refused = socket.emit_ack("chat:message:send", body).await;
        assert_eq!(refused["error"]["code"], "PERMISSION_DENIED", "{other}");
    }
    let said = ada.post(&path, json!({ "content": "x", "role": "user", "type": "chat" })).await;
    assert_eq!(said.expect(201)["seq"], 1);
    for field in ["role", "type"] {
        let refusal = ada.post(&path, json!({ "content": "x", field: "king" })).await.expect(400);
        assert_eq!(refusal["details"]["field"], field);
    }

    let admin = app.promoted("Root", Some(Role::Admin), None).await;
    let body = json!({ "content": "maintenance at noon", "role": "system", "type": "system" });
    let said = admin.post(&path, body).await.expect(201);

    assert_eq!((&said["role"], &said["type"]), (&json!("system"), &json!("system")));
    let listed = ada.get(&path).await.expect(200);
    assert_eq!(listed["items"][0], said, "and it is stored so");
}

#[tokio::test]
async fn html_is_stored_without_what_does_harm() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let path = format!("/rooms/{}/messages", ada.room("public").await);
    let html = |text: &str| json!({ "content": text, "formatting": "html" });
    let attack = "<b onclick=alert(1)>hello</b><script>alert(1)</script>";

    let said = ada.post(&path, html(attack)).await.expect(201);

    assert_eq!((&said["content"], &said["formatting"]), (&json!("<b>hello</b>"), &json!("html")));
    assert_eq!(ada.get(&path).await.expect(200)["items"][0], said);
    let message = format!("/chat/messages/{}", said["id"].as_str().unwrap());
    let edit = json!({ "content": "<i>bye</i><img src=x onerror=alert(1)>" });
    let edited = ada.request("PUT", &message).json(edit).await.expect(200);
    assert_eq!(edited["content"], "<i>bye</i>");
    for refused in [
        ada.post(&path, html("<script>alert(1)</script>")).await,
        ada.request("PUT", &message).json(json!({ "content": "<img src=x>" })).await,
    ] {
        assert_eq!(refused.expect(400)["details"]["field"], "content");
    }
    let plain = ada.post(&path, json!({ "content": attack })).await.expect(201);
    assert_eq!(plain["content"], attack, "plain text says what it says");
}

#[tokio::test]
async fn graph_is_an_object_wherever_it_is_sent_heard_and_read() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let path = format!("/rooms/{room}/messages");
    let (mut chat, mut session) = (ada.connect("/chat").await, ada.connect("/").await);
    chat.join(&room).await;
    session.join_session(&room).await;
    let deep = (1..8).fold(json!({ "z": 1.5, "a": "\u{1f3e0}\r\n" }), |it, _| json!({ "a": it }));
    let other = json!({ "nodes": [], "edges": [] });
    let form = |content| json!({ "content": content, "type": "graph" });

    let mut by_event = form(&deep);
    by_event["roomId"] = json!(room);
    let posted = ada.post(&path, form(&deep)).await.expect(201);
    let acked = chat.call("chat:message:send", by_event.clone()).await;
    by_event["sessionId"] = json!(room);
    session.call("send_message", by_event).await;

    for message in [&posted, &acked] {
        assert_eq!((&message["content"], &message["type"]), (&deep, &json!("graph")));
    }
    for _ in 0..3 {
        assert_eq!(chat.event("chat:message:received").await["content"], deep);
        assert_eq!(session.event("new_message").await["content"], deep);
    }
    let message = format!("/chat/messages/{}", posted["id"].as_str().unwrap());
    ada.request("PUT", &message).json(json!({ "content": "text" })).await.expect(400);
    let edited = ada.request("PUT", &message).json(json!({ "content": other })).await.expect(200);
    assert_eq!(edited["content"], other);
    assert_eq!(chat.event("chat:message:updated").await["content"], other);
    assert_eq!(session.event("message_updated").await["content"], other);
    let said = ada.post(&path, json!({ "content": "{}" })).await.expect(201);
    let text = format!("/chat/messages/{}", said["id"].as_str().unwrap());
    ada.request("PUT", &text).json(json!({ "content": other })).await.expect(400);

    let listed = ada.get(&format!("{path}?order=asc")).await.expect(200);
    let contents: Vec<_> =
        listed["items"].as_array().unwrap().iter().map(|it| &it["content"]).collect();
    assert_eq!(contents, [&other, &deep, &deep, &json!("{}")]);
    let mut late = ada.connect_to("/chat", json!({ &room: 0 })).await;
    for content in [&other, &deep, &deep] {
        assert_eq!(late.event("chat:message:received").await["content"], *content);
    }

    ada.request("DELETE", &message).await.expect(204);
    let deleted = ada.get(&format!("{path}?includeDeleted=true&order=asc")).await.expect(200);
    assert_eq!(
        (&deleted["items"][0]["content"], &deleted["items"][0]["type"]),
        (&json!(""), &json!("graph"))
    );
}
