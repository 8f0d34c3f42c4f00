//! How often a connection may send events, by default.

use hornero::RateLimitConfig;
use serde_json::{Value, json};

use crate::util::{Socket, TestApp, User};

/// A server whose limits are those of nobody's configuration.
async fn limited() -> TestApp {
    let default = RateLimitConfig::default();
    let limits = [
        ("HORNERO__RATE_LIMIT__EVENTS", default.events),
        ("HORNERO__RATE_LIMIT__EVENTS_BURST", default.events_burst),
        ("HORNERO__RATE_LIMIT__SIGNALS", default.signals),
        ("HORNERO__RATE_LIMIT__SIGNALS_BURST", default.signals_burst),
    ];
    let limits = limits.map(|(name, value)| (name, value.to_string()));
    TestApp::with(&limits.each_ref().map(|(name, value)| (*name, value.as_str()))).await
}

/// Sends the event until it is refused. Gives the refusal, and how many were answered with ok.
async fn flood(socket: &mut Socket, event: &str, data: &Value) -> (Value, usize) {
    for accepted in 0..200 {
        let mut ack = socket.emit_ack(event, data.clone()).await;
        if ack["status"] == "error" {
            return (ack["error"].take(), accepted);
        }
    }
    panic!("{event} was never refused");
}

#[tokio::test]
async fn messages_that_come_too_fast_are_refused_and_typing_goes_on() {
    let app = limited().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;

    for n in 0..60 {
        let message = json!({ "roomId": room, "content": format!("message {n}") });
        socket.emit("chat:message:send", message).await;
    }
    // Typing has a limit of its own.
    let typing = json!({ "roomId": room });
    socket.call("chat:typing:start", typing.clone()).await;

    let refused = socket.heard("chat:error");
    let error = &refused[0];
    assert_eq!((&error["code"], &error["recoverable"]), (&json!("RATE_LIMITED"), &json!(true)));
    assert!(error["details"]["retryAfterMs"].as_u64().is_some_and(|it| it <= 100), "{error}");
    let sent = 60 - refused.len();
    // The join was an event as well.
    assert!((19..60).contains(&sent), "{sent}");
    for _ in 0..sent {
        socket.event("chat:message:received").await;
    }
    assert_eq!(stored(&ada, &room).await, sent, "a refused message is not stored");

    let (error, told) = flood(&mut socket, "chat:typing:start", &typing).await;
    assert_eq!(error["code"], "RATE_LIMITED");
    assert!(told >= 19, "{told}");
    // And another connection has its own limits, though the user is the same.
    ada.connect("/chat").await.say(&room, "from elsewhere").await;
}

#[tokio::test]
async fn session_events_are_refused_in_their_own_words() {
    let app = limited().await;
    let ada = app.register("Ada").await;
    let session = ada.session().await;
    let mut socket = ada.connect("/").await;
    let typing = json!({ "sessionId": session, "isTyping": true });

    let (error, _) = flood(&mut socket, "typing", &typing).await;

    assert_eq!(error["code"], "RATE_LIMITED");
    assert_eq!(socket.event("error").await, error);
    let message = json!({ "sessionId": session, "content": "typed" });
    socket.call("send_message", message).await;
}

async fn stored(user: &User, room: &str) -> usize {
    let pages = user.pages(&format!("/rooms/{room}/messages?limit=100")).await;
    pages.iter().map(Vec::len).sum()
}
