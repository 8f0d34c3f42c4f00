//! What a client has missed is sent when it comes back: in order, once, and then what happens.

use hornero::testing::TestSocket;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::util::{TestApp, User};

/// What the messages say that a socket has heard.
fn said(heard: Vec<Value>) -> Vec<String> {
    heard.iter().map(|it| it["content"].as_str().unwrap().to_owned()).collect()
}

fn numbers(range: std::ops::RangeInclusive<u32>) -> Vec<String> {
    range.map(|it| it.to_string()).collect()
}

async fn say_all(ada: &User, room: &str, range: std::ops::RangeInclusive<u32>) {
    for n in range {
        let body = json!({ "content": n.to_string() });
        ada.post(&format!("/rooms/{room}/messages"), body).await.expect(201);
    }
}

async fn hear(socket: &mut TestSocket, event: &str, count: usize) -> Vec<Value> {
    let mut heard = Vec::new();
    for _ in 0..count {
        heard.push(socket.event(event).await);
    }
    heard
}

#[tokio::test]
async fn join_sends_what_came_after_the_last_that_was_seen() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    say_all(&ada, &room, 1..=5).await;
    let mut socket = ada.connect("/chat").await;

    let joined = socket.call("chat:room:join", json!({ "roomId": room, "lastSeq": 2 })).await;

    assert_eq!((&joined["lastSeq"], &joined["replayed"]), (&json!(5), &json!(3)));
    say_all(&ada, &room, 6..=6).await;
    let heard = hear(&mut socket, "chat:message:received", 4).await;
    let seqs: Vec<_> = heard.iter().map(|it| it["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, [3, 4, 5, 6]);
    assert_eq!(said(heard), numbers(3..=6));
    assert!(socket.take_heard().iter().all(|it| it.1["type"] != "history_gap"));
}

#[tokio::test]
async fn answer_comes_before_what_was_missed() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    say_all(&ada, &room, 1..=1).await;
    let mut socket = ada.connect("/chat").await;
    socket.event("chat:system:notification").await;

    socket.emit("chat:room:join", json!({ "roomId": room, "lastSeq": 0 })).await;
    socket.event("chat:message:received").await;

    let before: Vec<_> = socket.take_heard().into_iter().map(|it| it.0).collect();
    assert_eq!(before, ["chat:room:joined"]);
}

#[tokio::test]
async fn session_is_replayed_in_its_own_words() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let session = ada.session().await;
    let path = format!("/chat/sessions/{session}/messages");
    ada.post(&path, json!({ "content": "one" })).await.expect(201);
    let mut socket = ada.connect("/").await;

    let joined = socket.call("join_session", json!({ "sessionId": session, "lastSeq": 0 })).await;

    assert_eq!(joined["replayed"], 1);
    let message = socket.event("new_message").await;
    assert_eq!((&message["content"], &message["sessionId"]), (&json!("one"), &json!(session)));
}

#[tokio::test]
async fn more_than_a_thousand_missed_are_a_gap_and_the_newest_thousand() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let mut writer = ada.connect("/chat").await;
    writer.join(&room).await;
    for n in 1..=1_010 {
        writer.emit("chat:message:send", json!({ "roomId": room, "content": n.to_string() })).await;
    }
    hear(&mut writer, "chat:message:received", 1_010).await;
    let mut socket = ada.connect("/chat").await;
    socket.event("chat:system:notification").await;

    let joined = socket.call("chat:room:join", json!({ "roomId": room, "lastSeq": 5 })).await;

    assert_eq!(joined["replayed"], 1_000);
    let gap = socket.event("chat:system:notification").await;
    let expected = json!({
        "type": "history_gap", "roomId": room, "fromSeq": 6, "toSeq": 10, "version": "1.0",
    });
    assert_eq!(gap, expected);
    let heard = said(hear(&mut socket, "chat:message:received", 1_000).await);
    assert_eq!(heard, numbers(11..=1_010));
}

#[tokio::test]
async fn another_epoch_resets_what_the_client_knows() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    say_all(&ada, &room, 1..=2).await;
    let mut socket = ada.connect("/chat").await;
    socket.event("chat:system:notification").await;
    for seen in [json!({ "lastSeq": 1, "epoch": Uuid::new_v4() }), json!({ "lastSeq": 3 })] {
        let mut join = seen.clone();
        join["roomId"] = json!(room);

        socket.call("chat:room:join", join).await;

        let gap = socket.event("chat:system:notification").await;
        assert_eq!((&gap["reset"], &gap["fromSeq"]), (&json!(true), &json!(1)), "{seen}");
        let heard = said(hear(&mut socket, "chat:message:received", 2).await);
        assert_eq!(heard, numbers(1..=2), "{seen}");
    }
}

#[tokio::test]
async fn seq_must_not_be_negative() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let mut socket = ada.connect("/chat").await;

    let ack = socket.emit_ack("chat:room:join", json!({ "roomId": room, "lastSeq": -1 })).await;

    assert_eq!(ack["error"]["code"], "PROTOCOL_ERROR");
    assert_eq!(ack["error"]["details"]["field"], "lastSeq");
}

#[tokio::test]
async fn conversations_of_a_handshake_are_joined_and_replayed() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (room, session) = (ada.room("public").await, ada.session().await);
    let foreign = app.register("Eve").await.room("private").await;
    say_all(&ada, &room, 1..=3).await;
    let auth = json!({
        "token": ada.token,
        "conversations": { &room: 1, &session: { "seq": 0 }, &foreign: 0 },
    });

    let mut socket = app.handshake("/chat").auth(auth).connect().await.unwrap();

    let joined = socket.event("chat:room:joined").await;
    assert_eq!((&joined["roomId"], &joined["replayed"]), (&json!(room), &json!(2)));
    let joined = socket.event("session_joined").await;
    assert_eq!((&joined["sessionId"], &joined["replayed"]), (&json!(session), &json!(0)));
    let refused = socket.event("chat:error").await;
    assert_eq!(refused["code"], "ROOM_ACCESS_DENIED");
    assert_eq!(refused["details"]["conversationId"], json!(foreign));
    say_all(&ada, &room, 4..=4).await;
    assert_eq!(said(hear(&mut socket, "chat:message:received", 3).await), numbers(2..=4));
}

#[tokio::test]
async fn handshake_with_odd_conversations_is_refused() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    for conversations in [json!(["kitchen"]), json!({ "kitchen": 1 })] {
        let auth = json!({ "token": ada.token, "conversations": conversations });
        let refused = app.handshake("/chat").auth(auth).connect().await.err();
        assert!(format!("{refused:?}").contains("PROTOCOL_ERROR"), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missed_or_doubled_while_others_go_on_writing() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let mut writer = ada.connect("/chat").await;
    writer.join(&room).await;
    let mut listeners = tokio::task::JoinSet::new();
    for round in 0..20 {
        for n in 1..=20 {
            let content = (round * 20 + n).to_string();
            writer.emit("chat:message:send", json!({ "roomId": room, "content": content })).await;
        }
        let (ada, room) = (ada.clone(), room.clone());
        listeners.spawn(async move {
            let mut socket = ada.connect("/chat").await;
            socket.call("chat:room:join", json!({ "roomId": room, "lastSeq": 0 })).await;
            said(hear(&mut socket, "chat:message:received", 400).await)
        });
    }
    hear(&mut writer, "chat:message:received", 400).await;

    for heard in listeners.join_all().await {
        assert_eq!(heard, numbers(1..=400));
    }
}
