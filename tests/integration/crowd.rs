//! Who is told that others come and go: those who share a conversation, and in a crowd all at once.

use std::time::Instant;

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::{
    health::value,
    util::{Socket, TestApp, User},
};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

const NOTIFICATION: &str = "chat:system:notification";

/// Users whom nobody has to register.
fn stranger(app: &TestApp, id: String) -> User {
    let now = chrono::Utc::now().timestamp();
    let claims = json!({
        "sub": id, "iat": now, "exp": now + 600, "scope": "chat",
        "iss": "dialog-gateway", "aud": "personal-assistant",
    });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let token = encode(&Header::default(), &claims, &key).unwrap();
    User { address: app.address(), id, email: None, token }
}

/// The next notification of this type.
async fn next(socket: &mut Socket, kind: &str) -> Value {
    loop {
        let heard = socket.event(NOTIFICATION).await;
        if heard["type"] == kind {
            return heard;
        }
    }
}

/// Notifications of this type that have been heard until the server answers something else.
async fn heard(socket: &mut Socket, kind: &str) -> Vec<Value> {
    socket.emit_ack("chat:nonsense", json!({})).await;
    socket.heard(NOTIFICATION).into_iter().filter(|it| it["type"] == kind).collect()
}

fn changed(user: &User, status: &str) -> Value {
    json!({ "type": "presence_changed", "userId": user.id, "status": status, "version": "1.0" })
}

#[tokio::test]
async fn those_who_share_a_conversation_hear_once_who_comes_online_and_goes() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let eve = app.register("Eve").await;
    let rooms = [ada.room("public").await, ada.room("public").await];
    let session = ada.session().await;
    let mut ada_here = ada.connect("/chat").await;
    for room in &rooms {
        ada_here.join(room).await;
    }
    ada_here.join_session(&session).await;
    let mut elsewhere = eve.connect("/chat").await;
    elsewhere.join(&eve.room("public").await).await;

    let mut first = ben.connect("/chat").await;
    for room in &rooms {
        first.join(room).await;
    }
    assert_eq!(next(&mut ada_here, "presence_changed").await, changed(&ben, "online"));
    let mut second = ben.connect("/").await;
    second.join_session(&rooms[0]).await;
    assert_eq!(heard(&mut ada_here, "presence_changed").await, Vec::<Value>::new());

    first.disconnect().await;
    assert_eq!(heard(&mut second, "presence_changed").await, Vec::<Value>::new());
    second.disconnect().await;
    assert_eq!(next(&mut ada_here, "presence_changed").await, changed(&ben, "offline"));
    assert_eq!(heard(&mut ada_here, "presence_changed").await, Vec::<Value>::new());
    assert_eq!(heard(&mut elsewhere, "presence_changed").await, Vec::<Value>::new());

    let again = ben.connect_to("/chat", json!({ &rooms[0]: 0, &rooms[1]: 0 })).await;
    assert_eq!(next(&mut ada_here, "presence_changed").await, changed(&ben, "online"));
    again.disconnect().await;
    next(&mut ada_here, "presence_changed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_who_join_a_room_do_not_make_a_million_notices() {
    let app = TestApp::with(&[("JWT_SECRET", SECRET)]).await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let mut ada_here = ada.connect("/chat").await;
    let mut in_session_words = ada.connect("/").await;
    ada_here.join(&room).await;
    in_session_words.join_session(&room).await;
    let begun = Instant::now();

    let mut crowd = Vec::new();
    for batch in 0..20 {
        let come = (0..50).map(async |number| {
            let mut socket = stranger(&app, format!("u-{batch}-{number}")).connect("/chat").await;
            socket.join(&room).await;
            socket
        });
        crowd.extend(futures_util::future::join_all(come).await);
    }
    crowd[0].emit("chat:typing:start", json!({ "roomId": room })).await;
    let mut notices = Vec::new();
    let is_told = |it: &Value| it["online"] == 1_001 && it["typing"] == json!(["u-0-0"]);
    while !notices.last().is_some_and(is_told) {
        notices.push(next(&mut ada_here, "presence").await);
    }
    let notice = next(&mut in_session_words, "presence").await;
    let seconds = begun.elapsed().as_secs() as usize + 1;

    let told =
        value(&app.get("/metrics").await.text, r#"gateway_deliveries_total{door="socketio"}"#);
    // Of 200 everybody hears of everybody who comes later; then each hears one notice a second.
    assert!(told < 60_000.0 + 1_010.0 * seconds as f64, "{told} packets in {seconds} s");
    assert!((1..=seconds).contains(&notices.len()), "{} in {seconds} s", notices.len());
    assert_eq!(notices.last().unwrap()["roomId"], json!(room));
    let named = |list: &str| notices.iter().map(|it| it[list].as_array().unwrap().len()).max();
    assert_eq!((named("joined"), named("left")), (Some(20), Some(0)));
    assert!(ada_here.heard("chat:user:typing").is_empty());
    assert_eq!((&notice["sessionId"], &notice["roomId"]), (&json!(room), &Value::Null));

    for socket in crowd.drain(..30) {
        socket.disconnect().await;
    }
    let mut left = 0;
    while left < 20 {
        left += next(&mut ada_here, "presence").await["left"].as_array().unwrap().len();
    }
    assert!(heard(&mut ada_here, "user_left").await.is_empty());
}
