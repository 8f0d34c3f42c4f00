//! What a client hears that has missed changes: what became of the messages, event by event.

use super::*;

/// The events that a socket hears, up to and with the event `last`, by name and `eventSeq`.
async fn hear_until(socket: &mut Socket, last: i64) -> Vec<(String, Value)> {
    let mut heard = Vec::new();
    loop {
        let (event, data) = socket.next_event().await;
        let seq = data["eventSeq"].as_i64().or(data["seq"].as_i64());
        let done = seq == Some(last);
        if seq.is_some() {
            heard.push((event, data));
        }
        if done {
            return heard;
        }
    }
}

fn names(heard: &[(String, Value)]) -> Vec<(&str, i64)> {
    let seq = |data: &Value| data["eventSeq"].as_i64().or(data["seq"].as_i64()).unwrap();
    heard.iter().map(|(name, data)| (name.as_str(), seq(data))).collect()
}

#[tokio::test]
async fn edited_message_is_told_as_it_is_now_under_the_numbers_of_its_events() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let first = say(&ada, &room, "one").await;
    say(&ada, &room, "two").await;
    edit(&ada, &first, json!({ "content": "ONE" })).await.expect(200);
    let edited = edit(&ada, &first, json!({ "content": "won" })).await.expect(200);
    let mut socket = ada.connect("/chat").await;

    socket.emit("chat:room:join", json!({ "roomId": room, "lastSeq": 0 })).await;
    let heard = hear_until(&mut socket, 4).await;

    let (new, updated) = ("chat:message:received", "chat:message:updated");
    assert_eq!(names(&heard), [(new, 1), (new, 2), (updated, 3), (updated, 4)]);
    for (_, data) in [&heard[0], &heard[2], &heard[3]] {
        let expected = (&edited["content"], &edited["editedAt"], &json!(1));
        assert_eq!((&data["content"], &data["editedAt"], &data["seq"]), expected);
    }
}

#[tokio::test]
async fn deleted_message_is_told_as_deleted_and_its_words_never_again() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let first = say(&ada, &room, "SECRET one").await;
    let second = say(&ada, &room, "two").await;
    edit(&ada, &first, json!({ "content": "SECRET won" })).await.expect(200);
    delete(&ada, &first).await.expect(204);
    for (event, namespace, payload, deleted, new) in [
        (
            "chat:room:join",
            "/chat",
            json!({ "roomId": room, "lastSeq": 0 }),
            "chat:message:deleted",
            "chat:message:received",
        ),
        (
            "join_session",
            "/",
            json!({ "sessionId": room, "lastSeq": 0 }),
            "message_deleted",
            "new_message",
        ),
    ] {
        let mut socket = ada.connect(namespace).await;

        socket.emit(event, payload).await;
        let heard = hear_until(&mut socket, 4).await;

        assert_eq!(names(&heard), [(deleted, 1), (new, 2), (deleted, 3), (deleted, 4)]);
        assert!(!json!(heard).to_string().contains("SECRET"), "{heard:?}");
        for at in [0, 2, 3] {
            assert_eq!(heard[at].1["messageId"], first["id"]);
        }
        assert_eq!(heard[1].1["id"], second["id"]);
    }
}

#[tokio::test]
async fn clearing_is_told_again_and_so_is_what_came_after_it() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let session = ada.session().await;
    say_in_session(&ada, &session, "SECRET").await;
    clear(&ada, &session).await.expect(200);
    say_in_session(&ada, &session, "after").await;
    let mut socket = ada.connect("/").await;

    socket.emit("join_session", json!({ "sessionId": session, "lastSeq": 0 })).await;
    let heard = hear_until(&mut socket, 3).await;

    let expected = [("message_deleted", 1), ("conversation_cleared", 2), ("new_message", 3)];
    assert_eq!(names(&heard), expected);
    assert_eq!(heard[1].1["throughSeq"], 2);
    assert!(!json!(heard).to_string().contains("SECRET"));
    let mut socket = ada.connect("/chat").await;
    socket.emit("chat:room:join", json!({ "roomId": session, "lastSeq": 1 })).await;
    let heard = hear_until(&mut socket, 3).await;
    assert_eq!(heard[0].1["clearedBy"], json!(ada.id));
}

#[tokio::test]
async fn client_that_saw_the_message_hears_only_what_became_of_it() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let message = say(&ada, &room, "one").await;
    delete(&ada, &message).await.expect(204);
    let mut socket = ada.connect("/chat").await;

    socket.emit("chat:room:join", json!({ "roomId": room, "lastSeq": 1 })).await;

    assert_eq!(names(&hear_until(&mut socket, 2).await), [("chat:message:deleted", 2)]);
}
