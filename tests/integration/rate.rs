//! How often a connection may send events, by default.

use std::net::SocketAddr;

use hornero::{RateLimitConfig, testing::Refused};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
};

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

/// A server with one limit.
async fn with_limit(key: &str, count: u32) -> TestApp {
    let key = format!("HORNERO__RATE_LIMIT__{key}");
    TestApp::with(&[(key.as_str(), count.to_string().as_str())]).await
}

#[tokio::test]
async fn requests_are_counted_by_user_and_else_by_address() {
    let app = with_limit("MAX_REQUESTS", RateLimitConfig::default().max_requests).await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);

    let first = ada.get("/auth/me").await;
    assert_eq!(first.header("x-ratelimit-limit"), "100");
    assert_eq!(first.header("x-ratelimit-remaining"), "99");
    assert_eq!(first.header("x-ratelimit-reset"), "1");
    let mut refused = ada.get("/rooms").await;
    for _ in 0..150 {
        if refused.status == 429 {
            break;
        }
        refused = ada.get("/rooms").await;
    }

    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    assert_eq!(refused.header("retry-after"), "1");
    let body = refused.clone().expect(429);
    assert_eq!(body["error_code"], "RATE_LIMITED");
    assert!(body["retry_after_ms"].as_u64().is_some_and(|it| (1..=600).contains(&it)), "{body}");
    assert_eq!(body["request_id"], refused.header("x-request-id"));
    // Others come from the same address, and have their own.
    ben.get("/auth/me").await.expect(200);
    // What is wrong with a token does not make it another user's.
    let bad = app.get("/auth/me").bearer("garbage").await;
    let left: u32 = bad.header("x-ratelimit-remaining").parse().unwrap();
    assert!(bad.status == 401 && left > 90, "{bad:?}");
    // Files and handshakes are not counted.
    assert!(ada.get("/").await.headers.get("x-ratelimit-limit").is_none());
    ada.connect("/chat").await;
}

#[tokio::test]
async fn attempts_to_come_in_are_counted_by_address() {
    let app = with_limit("CREDENTIALS", RateLimitConfig::default().credentials).await;
    for _ in 0..9 {
        app.guest("Ben").await;
    }
    let ada = app.register("Ada").await;

    let refused = app.post("/auth/guest").json(json!({})).await.expect(429);

    assert_eq!(refused["error_code"], "RATE_LIMITED");
    let form = json!({ "email": ada.email, "password": crate::util::PASSWORD });
    app.post("/auth/login").json(form).await.expect(429);
    // Who is in already goes on, and whoever is refused did not come in.
    ada.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn attempts_on_an_account_are_counted_wherever_they_come_from() {
    let app = with_limit("CREDENTIALS", 3).await;
    let form = |email: &str| json!({ "email": email, "password": "difference engine" });
    // All of this machine's addresses are the server's peers.
    let from = |address: [u8; 4], email: &str| {
        let (server, body) = (app.address(), form(email));
        async move { attempt(address, server, &body).await }
    };
    for (n, email) in ["a@b.org", "A@b.org", "a@B.org"].into_iter().enumerate() {
        assert_eq!(from([127, 0, 1, n as u8 + 1], email).await, 401);
    }

    assert_eq!(from([127, 0, 1, 9], "a@b.org").await, 429);
    assert_eq!(from([127, 0, 1, 9], "c@b.org").await, 401);
}

/// Tries to log in from this address of the machine, and gives the status of the answer.
async fn attempt(from: [u8; 4], server: SocketAddr, form: &Value) -> u16 {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((from, 0))).unwrap();
    let mut stream = socket.connect(server).await.unwrap();
    let body = form.to_string();
    let head = format!(
        "POST /auth/login HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len(),
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn handshakes_are_counted_by_address() {
    let app = with_limit("HANDSHAKES", 3).await;
    let ben = app.guest("Ben").await;
    let mut first = ben.connect("/chat").await;
    for _ in 0..2 {
        ben.connect("/").await;
    }

    let auth = json!({ "token": ben.token });
    for namespace in ["/chat", "/", "/chat"] {
        let refused = app.handshake(namespace).auth(auth.clone()).connect().await;
        let Err(Refused::Connect(error)) = refused else { panic!("it should be told why") };
        let data = &error["data"];
        assert_eq!((&error["message"], &data["code"]), (&json!("RATE_LIMITED"), &error["message"]));
        let after = data["details"]["retryAfterMs"].as_u64().unwrap();
        assert!((1..=20_000).contains(&after) && data["recoverable"] == true, "{error}");
    }
    // Whoever goes on is not told any more.
    let refused = app.handshake("/chat").auth(auth).connect().await.unwrap_err();
    assert_eq!(refused, Refused::Upgrade(429));
    let polling = app.get("/socket.io/?EIO=4&transport=polling").await;
    assert_eq!((polling.status, polling.header("retry-after")), (429, "20"));
    // What is connected goes on.
    first.emit_ack("typing", json!({})).await;
}

#[tokio::test]
async fn behind_a_proxy_everybody_has_an_address_of_their_own_at_both_doors() {
    let limits = [
        ("HORNERO__RATE_LIMIT__CREDENTIALS", "1"),
        ("HORNERO__RATE_LIMIT__MAX_REQUESTS", "2"),
        ("HORNERO__RATE_LIMIT__HANDSHAKES", "1"),
    ];
    let behind = [&limits[..], &[("HORNERO__SERVER__TRUSTED_PROXIES", "127.0.0.1, ::1")]].concat();
    let forwarded = "x-forwarded-for";
    let guest = async |app: &TestApp, from: &str| {
        app.post("/auth/guest").header(forwarded, from).json(json!({})).await.status
    };
    let opened = async |app: &TestApp, from: &str| {
        app.handshake("/chat").header(forwarded, from).open().await.map(drop)
    };

    let app = TestApp::with(&behind).await;
    assert_eq!(guest(&app, "198.51.100.1").await, 201);
    assert_eq!(guest(&app, "198.51.100.2").await, 201);
    assert_eq!(guest(&app, "6.6.6.6, 198.51.100.1").await, 429);
    let nobody = async |from: &str| app.get("/nowhere").header(forwarded, from).await.status;
    assert_eq!((nobody("198.51.100.3").await, nobody("198.51.100.3").await), (404, 404));
    assert_eq!((nobody("198.51.100.3").await, nobody("198.51.100.4").await), (429, 404));
    // As many again are let in to be told.
    for address in ["198.51.100.1", "2001:db8::1", "198.51.100.1", "2001:db8::2"] {
        opened(&app, address).await.unwrap();
    }
    assert_eq!(opened(&app, "198.51.100.1").await, Err(Refused::Upgrade(429)));
    assert_eq!(opened(&app, "2001:db8::3").await, Err(Refused::Upgrade(429)));

    // Whoever is no proxy may say what they like.
    let app = TestApp::with(&limits).await;
    assert_eq!(guest(&app, "198.51.100.1").await, 201);
    assert_eq!(guest(&app, "198.51.100.2").await, 429);
    for address in ["198.51.100.1", "198.51.100.2"] {
        opened(&app, address).await.unwrap();
    }
    assert_eq!(opened(&app, "198.51.100.3").await, Err(Refused::Upgrade(429)));
}
