//! Clients get an id that others may know, and a reason when they are refused.

use serde_json::{Value, json};

use super::raw::{Polling, Websocket, inn, json_in};

/// The id in the answer to a CONNECT, in its usual form.
fn id_in(packet: &str) -> String {
    let connected = json_in(packet);
    assert_eq!(connected.as_object().unwrap().len(), 2, "{packet}");
    assert!(connected["pid"].is_string(), "{packet}");
    connected["sid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn polling_client_gets_an_id_that_is_not_its_sessions() {
    let app = inn(&[]).await;
    let client = Polling::open(&app).await;
    client.send("40").await;
    let id = id_in(&client.receive("40").await);
    assert_ne!(id, client.sid);

    client.send(r#"420["who"]"#).await;
    assert_eq!(json_in(&client.receive("430").await)[0]["data"], id);
}

#[tokio::test]
async fn websocket_client_gets_another_id_in_each_namespace_and_each_time() {
    let app = inn(&[]).await;
    let mut client = Websocket::open(&app, None).await.unwrap();
    let session = id_in_opening(&client.receive("0").await);

    let mut ids = vec![session];
    for _ in 0..2 {
        for prefix in ["", "/chat,"] {
            client.send(&format!("40{prefix}")).await;
            ids.push(id_in(&client.receive("40").await));
            client.send(&format!(r#"42{prefix}0["who"]"#)).await;
            let told = json_in(&client.receive("43").await)[0]["data"].clone();
            assert_eq!(told, ids[ids.len() - 1]);
            client.send(&format!("41{prefix}")).await;
        }
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

fn id_in_opening(packet: &str) -> String {
    json_in(packet)["sid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn upgraded_client_gets_its_ids_over_both_transports() {
    let app = inn(&[]).await;
    let polling = Polling::open(&app).await;
    polling.send("40").await;
    let id = id_in(&polling.receive("40").await);

    let mut client = Websocket::open(&app, Some(&polling.sid)).await.unwrap();
    client.send("2probe").await;
    client.receive("3probe").await;
    client.send("5").await;
    client.send(r#"420["who"]"#).await;
    assert_eq!(json_in(&client.receive("430").await)[0]["data"], id);
    client.send("40/chat,").await;
    assert_ne!(id_in(&client.receive("40/chat,").await), polling.sid);
}

#[tokio::test]
async fn public_id_gives_no_hold_on_the_connection() {
    let app = inn(&[]).await;
    let victim = Polling::open(&app).await;
    victim.send("40").await;
    let id = id_in(&victim.receive("40").await);

    let thief = Polling::claiming(&app, &id);
    assert_eq!(thief.post(r#"42["echo","forged"]"#).await.status, 400);
    assert_eq!(thief.poll().await.status, 400);
    assert_eq!(Websocket::open(&app, Some(&id)).await.err(), Some(400));
    // What has the form of a session's id, and is none.
    assert_eq!(Websocket::open(&app, Some(&id[..16])).await.err(), Some(400));

    // Nor can anybody join a connection that is a WebSocket.
    let mut open = Websocket::open(&app, None).await.unwrap();
    let session = id_in_opening(&open.receive("0").await);
    assert_eq!(Websocket::open(&app, Some(&session)).await.err(), Some(400));
    assert_eq!(Polling::claiming(&app, &session).poll().await.status, 400);

    victim.send(r#"421["echo","mine"]"#).await;
    assert_eq!(json_in(&victim.receive("431").await)[0]["data"], "mine");
}

fn refusal() -> Value {
    json!({
        "message": "PROTOCOL_ERROR",
        "data": {
            "code": "PROTOCOL_ERROR",
            "message": "`stranger`: must be known",
            "details": {
                "field": "stranger",
                "rule": "known",
                "fields": [{ "field": "stranger", "rule": "known", "message": "must be known" }],
            },
            "recoverable": true,
            "version": "1.0",
        },
    })
}

#[tokio::test]
async fn refused_handshake_is_told_why_over_polling_and_websocket() {
    let app = inn(&[]).await;
    let polling = Polling::open(&app).await;
    let mut websocket = Websocket::open(&app, None).await.unwrap();
    for prefix in ["", "/chat,"] {
        let connect = format!(r#"40{prefix}{{"stranger":true}}"#);
        polling.send(&connect).await;
        assert_eq!(json_in(&polling.receive("44").await), refusal());
        websocket.send(&connect).await;
        assert_eq!(json_in(&websocket.receive("44").await), refusal());
    }
    // Where nobody is to be refused by a gateway, there is no more to be told.
    let expected = json!({ "message": "Invalid namespace" });
    polling.send("40/nowhere,").await;
    assert_eq!(json_in(&polling.receive("44").await), expected);
    websocket.send("40/nowhere,").await;
    assert_eq!(json_in(&websocket.receive("44").await), expected);
}

#[tokio::test]
async fn session_whose_upgrade_comes_to_nothing_is_closed() {
    let app = inn(&[]).await;
    let client = Polling::open(&app).await;
    client.send("40").await;
    client.receive("40").await;

    drop(Websocket::open(&app, Some(&client.sid)).await.unwrap());

    hornero::testing::soon(async { while client.poll().await.status == 200 {} }).await;
    assert_eq!(client.poll().await.status, 400);
}

#[tokio::test]
async fn client_of_socket_io_2_is_answered_as_it_expects() {
    let app = inn(&[]).await;
    let answer = app.get("/socket.io/?EIO=3&transport=polling").await;
    let sid = id_in_opening(&answer.text[answer.text.find('{').unwrap()..]);
    let path = format!("/socket.io/?EIO=3&transport=polling&sid={sid}");
    let answer = app.get(&path).await;
    assert!(answer.text.contains("2:40"), "{}", answer.text);

    assert_eq!(app.post(&path).body("8:40/chat,".to_owned()).await.status, 200);
    let answer = app.get(&path).await;
    assert!(answer.text.contains("40/chat,"), "{}", answer.text);
    assert!(!answer.text.contains("sid"), "{}", answer.text);
}
