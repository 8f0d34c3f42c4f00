//! The namespace of operators: who comes in, what they see, and what they may do.

use hornero::testing::{Handshake, Refused, TestSocket};
use serde_json::{Value, json};

use crate::util::{PASSWORD, TestApp, User};

/// Starts a server with the namespace on, and more variables.
async fn app(more: &[(&str, &str)]) -> TestApp {
    let hash = admin::hash_password(PASSWORD).unwrap();
    let ours =
        [("HORNERO__ADMIN__ENABLED", "true"), ("HORNERO__ADMIN__PASSWORD_HASH", hash.as_str())];
    TestApp::with(&[&ours, more].concat()).await
}

fn login(app: &TestApp, password: &str) -> Handshake {
    let auth = json!({ "username": "admin", "password": password });
    Handshake::new(app.address(), "/admin").auth(auth)
}

async fn operator(app: &TestApp) -> TestSocket {
    login(app, PASSWORD).connect().await.unwrap()
}

/// Connects with everything by which a client may show who it is.
async fn connect(user: &User) -> TestSocket {
    let handshake = Handshake::new(user.address, "/chat").auth(json!({ "token": user.token }));
    let bearer = format!("Bearer {}", user.token);
    let cookie = format!("access_token={}", user.token);
    let headers = [("authorization", &*bearer), ("cookie", &*cookie), ("user-agent", "Test/1")];
    handshake.query(&format!("token={}", user.token)).headers(&headers).connect().await.unwrap()
}

#[tokio::test]
async fn nobody_is_an_operator_by_default_or_with_a_users_token() {
    let (off, on) = (TestApp::start().await, app(&[]).await);
    for refused in [
        login(&off, PASSWORD),
        login(&off, ""),
        login(&on, "wrong horse"),
        Handshake::new(on.address(), "/admin"),
        Handshake::new(on.address(), "/admin").auth(json!({ "sessionId": "guessed" })),
        Handshake::new(on.address(), "/admin")
            .auth(json!({ "token": on.register("Ada").await.token })),
    ] {
        match refused.connect().await {
            Err(Refused::Connect(error)) => assert_eq!(error["data"]["code"], "AUTH_FAILED"),
            other => panic!("{other:?}"),
        }
    }
    let mut operator = operator(&on).await;
    let session = operator.event("session").await;
    let again = Handshake::new(on.address(), "/admin").auth(json!({ "sessionId": session }));
    again.connect().await.unwrap();
}

#[tokio::test]
async fn operator_sees_sockets_and_nothing_by_which_to_speak_as_them() {
    let app = app(&[]).await;
    let ada = app.register("Ada").await;
    let _socket = connect(&ada).await;
    let mut operator = operator(&app).await;

    let features = operator.event("config").await["supportedFeatures"].clone();
    assert_eq!(features, json!(["AGGREGATED_EVENTS", "ALL_EVENTS"]));
    let stats = operator.event("server_stats").await;
    assert_eq!(stats["clientsCount"], 2);
    let sockets = operator.event("all_sockets").await;
    let theirs = sockets.as_array().unwrap().iter().find(|it| it["nsp"] == "/chat").unwrap();
    assert_eq!(theirs["transport"], "websocket");
    assert_eq!(theirs["rooms"], json!([theirs["id"]]));
    assert_eq!(theirs["handshake"]["headers"]["user-agent"], "Test/1");
    assert_eq!(theirs["handshake"]["address"], "127.0.0.1");
    for secret in [&*ada.token, "authorization", "cookie", "sec-websocket-key"] {
        assert!(!sockets.to_string().contains(secret), "{secret} in {sockets}");
    }
}

#[tokio::test]
async fn operator_only_looks_unless_more_is_configured() {
    let app = app(&[]).await;
    let ada = app.register("Ada").await;
    let mut socket = connect(&ada).await;
    let mut operator = operator(&app).await;
    for asked in [
        json!(["emit", "/chat", null, "spoof", 1]),
        json!(["join", "/chat", "elsewhere"]),
        json!(["leave", "/chat", "elsewhere"]),
        json!(["_disconnect", "/chat", true]),
    ] {
        let answer = operator.emit_ack_with(asked).await;
        assert_eq!(answer["error"]["code"], "PERMISSION_DENIED", "{answer}");
    }
    socket.call("chat:room:create", json!({ "name": "Kitchen" })).await;
}

#[tokio::test]
async fn operator_does_what_is_configured() {
    let app = app(&[("HORNERO__ADMIN__READ_ONLY", "false")]).await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let (mut hers, mut his) = (connect(&ada).await, connect(&ben).await);
    let id = hers.event("chat:system:notification").await["socketId"].clone();
    let mut operator = operator(&app).await;
    for asked in [
        json!(["join", "/chat", "special", id]),
        json!(["emit", "/chat", "special", "special offer", { "price": 7 }]),
        json!(["emit", "/chat", null, "everybody", "hears"]),
    ] {
        assert_eq!(operator.emit_ack_with(asked).await["status"], "ok");
    }
    assert_eq!(hers.event("special offer").await, json!({ "price": 7 }));
    assert_eq!(his.event("everybody").await, "hears");
    for wrong in [json!(["emit"]), json!(["emit", "/nowhere", null, "a"]), json!(["join", "/chat"])]
    {
        let answer = operator.emit_ack_with(wrong).await;
        assert_eq!(answer["error"]["code"], "PROTOCOL_ERROR", "{answer}");
    }

    assert_eq!(
        operator.emit_ack_with(json!(["_disconnect", "/chat", false, id])).await["status"],
        "ok"
    );
    while !matches!(hers.next_packet().await, hornero::testing::Packet::Disconnect(_)) {}
    his.call("chat:room:create", json!({ "name": "Kitchen" })).await;
}

#[tokio::test]
async fn operator_hears_who_comes_and_goes() {
    let app = app(&[]).await;
    let mut operator = operator(&app).await;
    operator.event("all_sockets").await;
    let ada = app.register("Ada").await;
    let socket = connect(&ada).await;
    let come = loop {
        let come = operator.event("socket_connected").await;
        if come["nsp"] == "/chat" {
            break come;
        }
    };
    socket.disconnect().await;
    assert_eq!(operator.event("socket_disconnected").await, Value::from("/chat"));
    assert_ne!(come["id"], come["clientId"]);
}

#[tokio::test]
async fn server_without_a_password_does_not_start() {
    let app = hornero_server::app();
    let on = [("HORNERO__ADMIN__ENABLED", "true")];
    let error = hornero::testing::TestApp::try_start(app, &on).await.err().unwrap().to_string();
    assert!(error.contains("admin.passwordHash") && error.contains("hash-password"), "{error}");
}
