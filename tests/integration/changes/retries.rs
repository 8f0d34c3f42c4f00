//! A message keeps the id that its client has given it, also when it says nothing any more.

use super::*;

#[tokio::test]
async fn deleted_message_that_is_sent_again_stays_deleted_and_nobody_hears_of_it() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let message = json!({ "content": "hello", "clientMessageId": "m-1" });
    let first = ada.post(&in_room(&room), message.clone()).await.expect(201);
    let (mut chat, mut words) = listeners(&ada, &room).await;
    delete(&ada, &first).await.expect(204);
    let deleted = chat.event("chat:message:deleted").await;
    words.event("message_deleted").await;

    let retried = ada.post(&in_room(&room), message.clone()).await;

    assert_eq!(retried.header("idempotent-replayed"), "true");
    let retried = retried.expect(200);
    let mut expected = first.clone();
    expected["content"] = json!("");
    expected["eventSeq"] = json!(2);
    expected["deletedAt"] = deleted["deletedAt"].clone();
    assert_eq!(retried, expected);
    let mut by_socket = message.clone();
    by_socket["roomId"] = json!(room);
    assert_eq!(chat.call("chat:message:send", by_socket).await, retried);
    let in_session = json!({ "sessionId": room, "content": "hello", "clientMessageId": "m-1" });
    let ack = words.call("send_message", in_session).await;
    assert_eq!((&ack["id"], &ack["content"]), (&first["id"], &json!("")));

    // Whoever listens hears what comes next, and nothing before it.
    let next = say(&ada, &room, "next").await;
    assert_eq!(chat.event("chat:message:received").await["id"], next["id"]);
    assert_eq!(words.event("new_message").await["id"], next["id"]);
    assert_eq!(ada.get(&in_room(&room)).await.expect(200)["items"], json!([next]));
}

#[tokio::test]
async fn edited_message_that_is_sent_again_is_answered_as_it_is_now() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let message = json!({ "content": "helo", "clientMessageId": "m-1" });
    let first = ada.post(&in_room(&room), message.clone()).await.expect(201);
    let edited = edit(&ada, &first, json!({ "content": "hello" })).await.expect(200);

    assert_eq!(ada.post(&in_room(&room), message).await.expect(200), edited);
}

#[tokio::test]
async fn deletions_that_race_are_announced_once() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;
    let message = socket.say(&room, "hello").await;

    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (ada, message) = (ada.clone(), message.clone());
        racing.spawn(async move { delete(&ada, &message).await.status });
    }
    let answers = racing.join_all().await;

    // Who comes first, and who came while it was not yet stored, has deleted it.
    assert!(answers.contains(&204) && answers.iter().all(|it| [204, 404].contains(it)));
    let next = socket.say(&room, "next").await;
    assert_eq!(next["seq"], 3);
    socket.event("chat:message:received").await;
    socket.event("chat:message:received").await;
    assert_eq!(socket.heard("chat:message:deleted").len(), 1);
}
