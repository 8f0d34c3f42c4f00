//! What becomes of a socket whose token ends while it is connected.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::util::{TestApp, User, text};

/// A server whose tokens end soon.
async fn hasty(life: &str, grace: &str) -> TestApp {
    TestApp::with(&[("HORNERO__AUTH__JWT__MAX_AGE", life), ("HORNERO__AUTH__SOCKET_GRACE", grace)])
        .await
}

#[tokio::test]
async fn socket_whose_token_has_ended_is_told_and_closed_after_a_while() {
    let app = hasty("2s", "2s").await;
    let begun = Instant::now();
    let mut socket = app.guest("Ben").await.connect("/chat").await;

    let error = socket.event("chat:error").await;
    let told = begun.elapsed();
    assert_eq!((&error["code"], &error["recoverable"]), (&json!("AUTH_FAILED"), &json!(true)));
    assert!(told >= Duration::from_secs(1), "{told:?}");
    // Nothing is done for it meanwhile.
    let ack = socket.emit_ack("chat:room:join", json!({ "roomId": uuid::Uuid::nil() })).await;
    assert_eq!(ack["error"]["code"], "AUTH_FAILED", "{ack}");
    socket.event("chat:error").await;

    socket.sent_away().await;
    assert!(begun.elapsed() - told >= Duration::from_secs(1), "{:?}", begun.elapsed() - told);
}

#[tokio::test]
async fn user_whose_socket_was_closed_then_was_there_last_then() {
    let app = TestApp::with(&[("HORNERO__AUTH__SOCKET_GRACE", "1s")]).await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let key = jsonwebtoken::EncodingKey::from_secret(
        &std::fs::read(app.data_dir().join("jwt-secret")).unwrap(),
    );
    let now = chrono::Utc::now().timestamp();
    let claims = json!({
        "sub": ada.id, "iat": now, "exp": now + 1, "scope": "chat",
        "iss": "dialog-gateway", "aud": "personal-assistant",
    });
    let short = User {
        token: jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap(),
        ..ada.clone()
    };
    let mut socket = short.connect("/chat").await;
    let presence = async || {
        let path = format!("/rooms/{room}/presence");
        ada.get(&path).await.expect(200)["users"][0].clone()
    };
    assert_eq!(presence().await["status"], "online");

    socket.sent_away().await;

    hornero::testing::soon(async { while presence().await["status"] == "online" {} }).await;
    assert!(presence().await["lastSeen"].is_string());
}

#[tokio::test]
async fn socket_with_another_token_in_time_goes_on() {
    let app = hasty("2s", "2s").await;
    let guest = app.post("/auth/guest").json(json!({})).await.expect(201);
    let mut socket = User::of(app.address(), &guest).connect("/chat").await;
    socket.event("chat:error").await;

    let token = json!({ "refreshToken": guest["refreshToken"] });
    let next = app.post("/auth/refresh").json(token).await.expect(200);
    let renewed = socket.call("auth:refresh", json!({ "token": next["accessToken"] })).await;

    assert!(text(&renewed["expiresAt"]).ends_with(".000Z"), "{renewed}");
    let session = User::of(app.address(), &next).session().await;
    socket.call("join_session", json!({ "sessionId": session })).await;
    // It is told of the end of the new one; until then it stays.
    assert_eq!(socket.event("chat:error").await["code"], "AUTH_FAILED");
}

#[tokio::test]
async fn socket_stays_who_it_was_when_the_other_token_is_not_good() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.register("Ada").await, app.register("Eve").await);
    let room = ada.room("private").await;
    let mut socket = ada.connect("/chat").await;
    let gone = app.post("/auth/login").json(json!({
        "email": ada.email, "password": crate::util::PASSWORD,
    }));
    let gone = User::of(app.address(), &gone.await.expect(200));
    gone.request("POST", "/auth/logout").await.expect(204);

    for (why, token) in
        [("another user's", eve.token), ("revoked", gone.token), ("bad", text(&json!("x")))]
    {
        let ack = socket.emit_ack("auth:refresh", json!({ "token": token })).await;
        assert_eq!(ack["error"]["code"], "AUTH_FAILED", "{why}: {ack}");
        assert_eq!(socket.event("chat:error").await["code"], "AUTH_FAILED", "{why}");
    }
    let ack = socket.emit_ack("auth:refresh", json!({ "token": 7 })).await;
    assert_eq!(ack["error"]["code"], "PROTOCOL_ERROR", "{ack}");

    socket.join(&room).await;
    socket.say(&room, "still me").await;
}
