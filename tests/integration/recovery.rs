//! A socket whose connection is lost, and that comes back to its conversations.

use auth::{ChangeUser, Role};
use serde_json::{Value, json};

use crate::util::{Socket, TestApp, User};

const RECEIVED: &str = "chat:message:received";

async fn post(user: &User, room: &str, content: &str) {
    let path = format!("/rooms/{room}/messages");
    user.post(&path, json!({ "content": content })).await.expect(201);
}

/// Whether a socket is who it was, by what it had remembered.
fn is_who_it_was(socket: &Socket, memory: &Value) -> bool {
    assert!(memory["pid"].is_string(), "{memory}");
    socket.recovery()["pid"] == memory["pid"]
}

/// Waits until everything was read that is on its way, and gives what was said in it.
async fn heard(socket: &mut Socket, event: &str) -> Vec<Value> {
    // Whatever it answers, it does so behind everything else.
    socket.emit_ack("chat:room:leave", json!({})).await;
    socket.heard(event)
}

fn contents(messages: &[Value]) -> Vec<&str> {
    messages.iter().filter_map(|it| it["content"].as_str()).collect()
}

/// How an operator turns it on.
const ON: (&str, &str) = ("HORNERO__WEBSOCKET__RECOVERY__MAX_DISCONNECTION_MS", "120000");

#[tokio::test]
async fn conversations_are_heard_again_though_nobody_else_listened() {
    let app = TestApp::with(&[ON]).await;
    let ada = app.register("Ada").await;
    let (room, session) = (ada.room("public").await, ada.session().await);
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;
    socket.join_session(&session).await;
    post(&ada, &room, "1").await;
    assert_eq!(contents(&heard(&mut socket, RECEIVED).await), ["1"]);
    let id = socket.id().to_owned();
    let memory = socket.cut().await;

    let mut other = ada.connect("/").await;
    // Both ways of saying something, to both kinds, while nobody hears it.
    other.say(&room, "2").await;
    other.say(&session, "a").await;
    post(&ada, &room, "3").await;

    let mut socket = ada.back("/chat", &memory, Value::Null).await;
    assert!(is_who_it_was(&socket, &memory));
    assert_eq!(socket.id(), id);
    other.say(&session, "b").await;
    other.say(&room, "4").await;
    assert_eq!(contents(&heard(&mut socket, RECEIVED).await), ["2", "3", "4"]);
    assert_eq!(contents(&socket.heard("new_message")), ["a", "b"]);
    assert_eq!(socket.heard("chat:room:joined"), Vec::<Value>::new());
}

#[tokio::test]
async fn only_what_was_not_heard_before_is_joined_when_it_is_named() {
    let app = TestApp::with(&[ON]).await;
    let ada = app.register("Ada").await;
    let (old, new) = (ada.room("public").await, ada.room("public").await);
    let mut socket = ada.connect("/chat").await;
    socket.join(&old).await;
    post(&ada, &old, "1").await;
    post(&ada, &new, "x").await;
    heard(&mut socket, RECEIVED).await;
    let memory = socket.cut().await;
    post(&ada, &old, "2").await;

    let named = json!({ &old: 0, &new: 0 });
    let mut socket = ada.back("/chat", &memory, named).await;
    assert!(is_who_it_was(&socket, &memory));
    let joined = socket.event("chat:room:joined").await;
    assert_eq!((&joined["roomId"], &joined["replayed"]), (&json!(new), &json!(1)));
    assert_eq!(contents(&heard(&mut socket, RECEIVED).await), ["2", "x"]);
    assert_eq!(socket.heard("chat:room:joined"), Vec::<Value>::new());
}

#[tokio::test]
async fn conversation_that_may_not_be_read_any_more_is_left() {
    let app = TestApp::with(&[ON]).await;
    let ada = app.register("Ada").await;
    let root = app.promoted("Root", Some(Role::Admin), None).await;
    let (room, session) = (ada.room("private").await, ada.session().await);
    let own = root.room("private").await;
    let mut socket = root.connect("/chat").await;
    for room in [&room, &own] {
        socket.join(room).await;
    }
    socket.join_session(&session).await;
    let memory = socket.cut().await;
    post(&ada, &room, "secret").await;
    post(&root, &own, "1").await;
    let role = Some(Role::User);
    app.change(root.email.as_ref().unwrap(), ChangeUser { role, ..ChangeUser::default() }).await;
    hornero::testing::soon(async {
        while root.get(&format!("/rooms/{room}")).await.status == 200 {}
    })
    .await;

    let mut socket = root.back("/chat", &memory, Value::Null).await;
    assert!(is_who_it_was(&socket, &memory));
    let expected = json!({ "roomId": room, "reason": "permission", "version": "1.0" });
    assert_eq!(socket.event("chat:room:left").await, expected);
    let expected = json!({ "sessionId": session, "reason": "permission", "version": "1.0" });
    assert_eq!(socket.event("session_left").await, expected);
    post(&ada, &room, "more").await;
    post(&root, &own, "2").await;
    assert_eq!(contents(&heard(&mut socket, RECEIVED).await), ["1", "2"]);
}

#[tokio::test]
async fn another_user_does_not_take_over_by_a_pid() {
    let app = TestApp::with(&[ON]).await;
    let (ada, eve) = (app.register("Ada").await, app.register("Eve").await);
    let room = ada.room("private").await;
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;
    let memory = socket.cut().await;
    post(&ada, &room, "secret").await;

    let mut stolen = eve.back("/chat", &memory, Value::Null).await;
    assert!(!is_who_it_was(&stolen, &memory));
    assert_eq!(heard(&mut stolen, RECEIVED).await, Vec::<Value>::new());
}

#[tokio::test]
async fn metrics_tell_how_clients_come_back() {
    let app = TestApp::with(&[ON]).await;
    let (ada, eve) = (app.register("Ada").await, app.register("Eve").await);
    let memory = ada.connect("/chat").await.cut().await;
    let memory = ada.back("/chat", &memory, Value::Null).await.cut().await;
    eve.back("/chat", &memory, Value::Null).await;
    let mut unknown = memory;
    unknown["pid"] = json!("A".repeat(43));
    ada.back("/chat", &unknown, Value::Null).await;

    let text = app.get("/metrics").await.text;

    for outcome in ["recovered", "refused", "too_old"] {
        let series = format!("gateway_recoveries_total{{outcome=\"{outcome}\"}}");
        assert_eq!(crate::health::value(&text, &series), 1.0, "{outcome}\n{text}");
    }
}
