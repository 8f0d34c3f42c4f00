//! What operators' programs see.

use serde_json::json;

use crate::util::TestApp;

#[tokio::test]
async fn healthy_server_says_so_without_a_token() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let socket = ada.connect("/chat").await;

    let health = app.get("/health").await.expect(200);

    assert_eq!(health["status"], "healthy");
    for name in ["database", "auth_service", "chat_service"] {
        let check = &health["checks"][name];
        assert_eq!(check["status"], "up", "{name}: {health}");
        assert!(check["response_time_ms"].is_u64() && check["last_check"].is_string());
    }
    assert_eq!(health["checks"]["websocket_connections"], 1);
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(app.get("/health/live").await.expect(200), json!({ "status": "up" }));
    assert_eq!(app.get("/health/ready").await.expect(200), json!({ "status": "up" }));
    socket.disconnect().await;
}

#[tokio::test]
async fn metrics_count_what_has_happened() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;
    for _ in 0..3 {
        socket.say(&room, "hello").await;
    }
    ada.get("/rooms/no-id").await.expect(400);
    ada.get("/nowhere").await.expect(404);
    app.get("/auth/me").bearer("no token").await.expect(401);

    let answer = app.get("/metrics").await;

    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = &answer.text;
    let value = |series: &str| value(text, series);
    assert_eq!(value(r#"gateway_messages_total{role="user"}"#), 3.0);
    assert_eq!(value(r#"gateway_connections{door="socketio"}"#), 1.0);
    assert_eq!(value("gateway_room_members"), 1.0);
    assert_eq!(value(r#"gateway_queue_depth{queue="event_log"}"#), 0.0);
    assert_eq!(value(r#"gateway_auth_failures_total{reason="bad_token"}"#), 1.0);
    assert_eq!(value(r#"gateway_errors_total{code="INVALID_REQUEST"}"#), 2.0);
    assert_eq!(value(r#"gateway_response_time_seconds_count{path="/rooms"}"#), 1.0);
    assert_eq!(value(r#"gateway_response_time_seconds_count{path="/rooms/{roomId}"}"#), 1.0);
    assert!(value(r#"gateway_response_time_seconds_bucket{path="/rooms",le="10"}"#) >= 1.0);
    assert!(value(r#"gateway_messages_in_total{door="socketio"}"#) >= 5.0);
    assert!(value(r#"gateway_deliveries_total{door="socketio"}"#) >= 8.0);
    for secret in [&*room, &*ada.id, &*ada.token] {
        assert!(!text.contains(secret), "no label holds an id");
    }
    socket.disconnect().await;
}

#[tokio::test]
async fn metrics_can_be_closed_and_neither_they_nor_health_are_counted_as_requests() {
    let app = TestApp::with(&[
        ("HORNERO__HEALTH__METRICS", "false"),
        ("HORNERO__RATE_LIMIT__MAX_REQUESTS", "2"),
    ])
    .await;
    app.get("/metrics").await.expect(404);
    for _ in 0..5 {
        app.get("/health").await.expect(200);
    }
    app.get("/auth/me").await.expect(401);
}

/// The value of a series in Prometheus' text format.
#[track_caller]
pub(crate) fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|it| it.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in\n{text}")).parse().unwrap()
}

#[tokio::test]
async fn metrics_count_what_sockets_are_refused() {
    let app = TestApp::with(&[
        ("HORNERO__RATE_LIMIT__EVENTS", "1"),
        ("HORNERO__RATE_LIMIT__EVENTS_BURST", "2"),
        ("HORNERO__RATE_LIMIT__HANDSHAKES", "2"),
    ])
    .await;
    let ada = app.register("Ada").await;
    assert!(app.handshake("/chat").auth(json!({ "token": "bad" })).connect().await.is_err());
    let mut socket = ada.connect("/chat").await;
    socket.emit_ack("chat:nonsense", json!({})).await;
    let nowhere = json!({ "roomId": uuid::Uuid::new_v4() });
    socket.emit_ack("chat:room:join", nowhere.clone()).await;
    assert_eq!(socket.emit_ack("chat:room:join", nowhere).await["error"]["code"], "RATE_LIMITED");
    assert!(app.handshake("/chat").connect().await.is_err());

    let text = app.get("/metrics").await.text;

    for (code, count) in [
        ("AUTH_FAILED", 1.0),
        ("PROTOCOL_ERROR", 1.0),
        ("ROOM_ACCESS_DENIED", 1.0),
        ("RATE_LIMITED", 2.0),
        ("SERVER_ERROR", 0.0),
    ] {
        let series = format!("gateway_errors_total{{code=\"{code}\"}}");
        assert_eq!(value(&text, &series), count, "{code}");
    }
}
