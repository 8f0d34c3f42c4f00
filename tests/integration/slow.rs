//! A client that reads too slowly is disconnected; the others notice nothing of it.

use serde_json::{Value, json};

use crate::util::TestApp;

/// More than the system keeps for a connection, in all.
const MOST: i64 = 3_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_that_never_reads_is_disconnected_and_can_catch_up() {
    let app = TestApp::with(&[
        ("HORNERO__WEBSOCKET__SEND_QUEUE_SIZE", "64"),
        ("HORNERO__SERVER__WRITE_TIMEOUT_MS", "1000"),
    ])
    .await;
    let (ada, eve) = (app.register("Ada").await, app.register("Eve").await);
    let room = ada.room("public").await;
    let mut reader = ada.connect("/chat").await;
    reader.join(&room).await;
    let mut sleeper = eve.connect("/chat").await;
    let joined = sleeper.join(&room).await;
    let is_gone = |it: &Value| it["type"] == "user_left" && it["userId"] == json!(eve.id);

    let content = "x".repeat(9_000);
    let mut sent = 0;
    let mut gone = false;
    while !gone {
        assert!(sent < MOST, "the server goes on writing to a client that does not read");
        for _ in 0..10 {
            sent += 1;
            let message = json!({ "roomId": room, "content": content });
            reader.emit("chat:message:send", message).await;
            assert_eq!(reader.event("chat:message:received").await["seq"], json!(sent));
        }
        gone = reader.heard("chat:system:notification").iter().any(is_gone);
        if sent > MOST / 2 {
            // It takes a second until the server gives the connection up.
            gone |= is_gone(&reader.event("chat:system:notification").await);
        }
    }

    // What it had been sent before is whole, and then the connection ends.
    let mut seen = joined["lastSeq"].as_i64().unwrap();
    sleeper.closed().await;
    for message in sleeper.heard("chat:message:received") {
        seen += 1;
        assert_eq!(message["seq"], json!(seen));
    }
    assert!(seen < sent, "it has read everything");
    let mut back = eve.connect("/chat").await;
    let joined =
        back.call("chat:room:join", json!({ "roomId": room, "lastSeq": sent - 100 })).await;
    assert_eq!(joined["replayed"], 100);
    for seq in sent - 99..=sent {
        assert_eq!(back.event("chat:message:received").await["seq"], json!(seq));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_that_never_reads_is_disconnected_long_before_its_queue_is_full() {
    let app = TestApp::with(&[("HORNERO__SERVER__WRITE_TIMEOUT_MS", "300")]).await;
    let (ada, eve) = (app.register("Ada").await, app.register("Eve").await);
    let room = ada.room("public").await;
    let mut reader = ada.connect("/chat").await;
    reader.join(&room).await;
    let mut sleeper = eve.connect("/chat").await;
    sleeper.join(&room).await;

    // More than the system keeps for a connection, and less than the queue holds.
    let content = "x".repeat(9_000);
    for seq in 1..=1_500 {
        reader.emit("chat:message:send", json!({ "roomId": room, "content": content })).await;
        assert_eq!(reader.event("chat:message:received").await["seq"], json!(seq));
    }

    let is_gone = |it: &Value| it["type"] == "user_left" && it["userId"] == json!(eve.id);
    let mut gone = reader.heard("chat:system:notification").iter().any(is_gone);
    while !gone {
        gone = is_gone(&reader.event("chat:system:notification").await);
    }
    sleeper.closed().await;
}
