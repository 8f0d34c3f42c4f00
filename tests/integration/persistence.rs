//! What is there again after a restart: everything but the connections.

use serde_json::{Value, json};

use crate::util::{PASSWORD, TestApp, User};

#[tokio::test]
async fn users_rooms_and_histories_survive_a_restart() {
    let app = TestApp::start().await;
    let mut ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let session = ada.session().await;
    let paths = [format!("/rooms/{room}/messages"), format!("/chat/sessions/{session}/messages")];
    for path in &paths {
        for content in ["one", "two"] {
            let form = json!({ "content": content, "clientMessageId": content });
            ada.post(path, form).await.expect(201);
        }
    }
    let mut socket = ada.connect("/chat").await;
    let epoch = socket.join(&room).await["epoch"].take();
    let seen = everything(&ada, &room, &session).await;

    let app = app.restart().await;
    ada.address = app.address();

    socket.closed().await;
    // The token of before is still good, and so is the password.
    assert_eq!(everything(&ada, &room, &session).await, seen);
    let login = json!({ "email": ada.email, "password": PASSWORD });
    let signed_in = app.post("/auth/login").json(login).await.expect(200);
    assert_eq!(User::of(app.address(), &signed_in).id, ada.id);
    for path in &paths {
        let again = json!({ "content": "two", "clientMessageId": "two" });
        assert_eq!(ada.post(path, again).await.expect(200)["seq"], 2);
        assert_eq!(ada.post(path, json!({ "content": "three" })).await.expect(201)["seq"], 3);
    }
    let joined = ada.connect("/chat").await.join(&room).await;
    assert_eq!((&joined["lastSeq"], &joined["epoch"]), (&json!(3), &epoch));
}

#[tokio::test]
async fn token_of_another_server_is_refused() {
    let (app, other) = (TestApp::start().await, TestApp::start().await);
    let mut ben = other.guest("Ben").await;
    ben.get("/auth/me").await.expect(200);
    ben.address = app.address();
    ben.get("/auth/me").await.expect(401);
}

/// All that the user can read.
async fn everything(user: &User, room: &str, session: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        "/auth/me",
        "/rooms",
        "/sessions",
        &format!("/rooms/{room}/messages"),
        &format!("/chat/sessions/{session}/messages"),
    ] {
        all.push(user.get(path).await.expect(200));
    }
    all
}
