//! Files are looked through before anybody sees them.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    PNG, VIRUS,
    clamd::{Clamd, Mood},
    events::upload,
    kept, kept_are, messages, posted, rows_are, to_room,
};
use crate::util::{TestApp, text};

async fn scanned_by(clamd: &Clamd) -> TestApp {
    TestApp::with(&[
        ("HORNERO__FILES__SCANNER__ADDRESS", &clamd.address),
        ("HORNERO__FILES__SCANNER__TIMEOUT_MS", "300"),
    ])
    .await
}

#[tokio::test]
async fn clean_file_is_taken_and_an_infected_one_is_not() {
    let clamd = Clamd::start(Mood::Honest).await;
    let app = scanned_by(&clamd).await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let long = "a clean text ".repeat(20_000);

    to_room(&ada, &room, "a.png", PNG).await.expect(201);
    to_room(&ada, &room, "a.txt", long.as_bytes()).await.expect(201);
    let refusal = to_room(&ada, &room, "v.txt", VIRUS.as_bytes()).await.expect(400);

    assert_eq!(refusal["error_code"], "INVALID_REQUEST");
    assert_eq!(refusal["details"]["reason"], "infected");
    assert!(clamd.seen()[1] == long.as_bytes(), "the scanner was sent something else");
    kept_are(&app, 2).await;
    rows_are(&app, 2).await;
    assert_eq!(messages(&ada, &room).await.len(), 2);
}

#[tokio::test]
async fn nobody_who_knows_is_no_yes() {
    let clamd = Clamd::start(Mood::Honest).await;
    let app = scanned_by(&clamd).await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    for mood in [Mood::Silent, Mood::Confused, Mood::Rude, Mood::Overwhelmed] {
        clamd.becomes(mood);
        let refusal = to_room(&ada, &room, "a.png", PNG).await.expect(503);
        assert_eq!(refusal["error_code"], "SERVICE_UNAVAILABLE", "{mood:?}");
        assert!(refusal["retry_after_ms"].is_u64(), "{mood:?}: {refusal}");
        let long = vec![b'a'; 5_000_000];
        to_room(&ada, &room, "a.txt", &long).await.expect(503);
    }
    drop(clamd);
    to_room(&ada, &room, "a.png", PNG).await.expect(503);
    kept_are(&app, 0).await;
    rows_are(&app, 0).await;
    assert_eq!(messages(&ada, &room).await, [] as [Value; 0]);
}

#[tokio::test]
async fn file_of_an_event_is_seen_by_nobody_before_it_is_looked_through() {
    let clamd = Clamd::start(Mood::Rude).await;
    let app = scanned_by(&clamd).await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;

    let clean = upload(&mut socket, &room, PNG).await;
    let infected = upload(&mut socket, &room, VIRUS.as_bytes()).await;

    let (clean, infected) = (text(&clean["data"]["fileId"]), text(&infected["data"]["fileId"]));
    for id in [&clean, &infected] {
        let refusal = ada.get(&format!("/files/{id}")).await.expect(404);
        assert_eq!(refusal["details"]["reason"], "file_not_found");
        let naming = json!({ "content": "x", "type": "file", "metadata": { "fileId": id } });
        ada.post(&format!("/rooms/{room}/messages"), naming).await.expect(403);
    }
    assert_eq!((messages(&ada, &room).await.len(), kept(&app).len()), (0, 2));

    // What was not looked through is, once the server is started anew.
    clamd.becomes(Mood::Honest);
    drop(socket);
    let app = app.restart().await;
    let ada = crate::util::User { address: app.address(), ..ada };
    kept_are(&app, 1).await;
    rows_are(&app, 1).await;
    let messages = messages(&ada, &room).await;
    assert_eq!((messages.len(), &messages[0]["metadata"]["fileId"]), (1, &json!(clean)));
    assert_eq!(ada.get(&format!("/files/{clean}")).await.status, 200);
    ada.get(&format!("/files/{infected}")).await.expect(404);
}

#[tokio::test]
async fn uploader_is_told_what_was_found() {
    let clamd = Clamd::start(Mood::Honest).await;
    let app = scanned_by(&clamd).await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let mut socket = ada.connect("/chat").await;

    let ack = upload(&mut socket, &room, VIRUS.as_bytes()).await;

    assert_eq!(ack["data"]["deliveryStatus"], "batch-delay");
    let error = socket.event("chat:error").await;
    assert_eq!(error["code"], "CLIENT_ERROR");
    assert_eq!(error["details"]["reason"], "infected");
    assert_eq!(error["details"]["fileId"], ack["data"]["fileId"]);
    kept_are(&app, 0).await;
    rows_are(&app, 0).await;
    assert_eq!(messages(&ada, &room).await, [] as [Value; 0]);

    let clean = upload(&mut socket, &room, PNG).await;
    let told = socket.event("chat:file:uploaded").await;
    assert_eq!(told["file"]["id"], clean["data"]["fileId"]);
}

#[tokio::test]
async fn file_that_no_message_tells_of_is_looked_through_too() {
    let clamd = Clamd::start(Mood::Honest).await;
    let app = scanned_by(&clamd).await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let silent = |bytes| {
        [("roomId", None, room.as_bytes()), ("message", None, b"false"), ("file", Some("a"), bytes)]
    };
    posted(&ada, &silent(VIRUS.as_bytes())).await.expect(400);
    posted(&ada, &silent(b"clean")).await.expect(201);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(messages(&ada, &room).await, [] as [Value; 0]);
}
