//! The robot that answers in sessions, unasked.

use auth::UserType;
use serde_json::json;

use super::{
    server::{Reply, RobotServer, Then},
    with_robot,
};
use crate::util::{TestApp, User, text};

const ECHO: (&str, &str) = ("HORNERO__SESSIONS__ASSISTANT", "echo");

#[tokio::test]
async fn owner_of_a_session_is_answered_by_both_doors() {
    let app = TestApp::with(&[ECHO]).await;
    let ada = app.register("Ada").await;
    let session = ada.session().await;
    let mut socket = ada.connect("/").await;
    socket.join_session(&session).await;

    let said = json!({ "sessionId": session, "content": "Is it ready?" });
    let said = socket.call("send_message", said).await;

    assert_eq!(socket.event("new_message").await["id"], said["id"]);
    let delta = socket.event("assistant_delta").await;
    assert_eq!((&delta["sessionId"], &delta["index"]), (&json!(session), &json!(0)));
    assert!("Is it ready?".starts_with(delta["delta"].as_str().unwrap()), "{delta}");
    let message = socket.event("new_message").await;
    assert_eq!((&message["id"], &message["role"]), (&delta["messageId"], &json!("assistant")));
    assert_eq!(message["content"], "Is it ready?");

    let path = format!("/chat/sessions/{session}/messages");
    ada.post(&path, json!({ "content": "By post" })).await.expect(201);
    assert_eq!(socket.event("new_message").await["role"], "user");
    let message = socket.event("new_message").await;
    assert_eq!((&message["role"], &message["content"]), (&json!("assistant"), &json!("By post")));
}

#[tokio::test]
async fn only_the_owner_is_answered_and_only_in_sessions() {
    let app = TestApp::with(&[ECHO]).await;
    let (ada, guest) = (app.register("Ada").await, app.guest("Ben").await);
    let service = app.promoted("Bot", None, Some(UserType::Service)).await;
    let (session, room, of_guest) =
        (ada.session().await, ada.room("public").await, guest.session().await);
    let hello = json!({ "content": "hello" });
    let path = |session: &str| format!("/chat/sessions/{session}/messages");
    service.post(&path(&session), hello.clone()).await.expect(201);
    let as_system = json!({ "content": "hello", "role": "system", "type": "system" });
    service.post(&path(&session), as_system).await.expect(201);
    guest.post(&path(&of_guest), hello.clone()).await.expect(201);
    ada.post(&format!("/rooms/{room}/messages"), hello).await.expect(201);

    // Answered in its turn, so what came before has been looked at when the answer is there.
    let mut socket = ada.connect("/").await;
    socket.join_session(&session).await;
    ada.post(&path(&session), json!({ "content": "Ready?" })).await.expect(201);
    while socket.event("new_message").await["role"] != "assistant" {}

    for (user, path, count) in [
        (&ada, path(&session), 4),
        (&guest, path(&of_guest), 1),
        (&ada, format!("/rooms/{room}/messages"), 1),
    ] {
        let items = user.get(&path).await.expect(200)["items"].as_array().unwrap().len();
        assert_eq!(items, count, "{path}");
    }
}

#[tokio::test]
async fn what_is_said_while_it_answers_is_answered_next_and_together() {
    let robot = RobotServer::start().await;
    robot.reply(Reply::parts(&["one", "!"]).slowly(std::time::Duration::from_millis(150)));
    robot.reply(Reply::parts(&["two"]));
    let app = with_robot(&robot, &[("HORNERO__SESSIONS__ASSISTANT", "gpt")]).await;
    let ada = app.register("Ada").await;
    let session = ada.session().await;
    let mut socket = ada.connect("/").await;
    socket.join_session(&session).await;
    let path = format!("/chat/sessions/{session}/messages");

    ada.post(&path, json!({ "content": "a" })).await.expect(201);
    socket.event("assistant_delta").await;
    ada.post(&path, json!({ "content": "b" })).await.expect(201);
    ada.post(&path, json!({ "content": "c" })).await.expect(201);

    let mut said = Vec::new();
    while said.len() < 5 {
        said.push(text(&socket.event("new_message").await["content"]));
    }
    assert_eq!(said, ["a", "b", "c", "one!", "two"]);
    robot.request().await;
    let turns = robot.request().await.body["messages"].clone();
    assert_eq!(turns.as_array().unwrap().last().unwrap()["content"], "c");
    assert_eq!(robot.count().await, 0);
}

#[tokio::test]
async fn failure_is_told_in_the_words_of_sessions() {
    let robot = RobotServer::start().await;
    robot.reply(Reply::begun(&["It is"], Then::Cut));
    let app = with_robot(&robot, &[("HORNERO__SESSIONS__ASSISTANT", "gpt")]).await;
    let ada = app.register("Ada").await;
    let session = ada.session().await;
    let mut socket = ada.connect("/").await;
    socket.join_session(&session).await;
    let say = async || {
        let path = format!("/chat/sessions/{session}/messages");
        ada.post(&path, json!({ "content": "hello" })).await.expect(201);
    };

    say().await;
    assert_eq!(socket.event("assistant_delta").await["delta"], "It is");
    let failed = socket.event("assistant_delta").await;
    assert_eq!(failed["done"], true);
    assert_eq!(failed["error"]["message"], "The answer broke off");
    // Until it is let alone: four more failures, and then a refusal.
    let mut last = failed;
    for _ in 0..5 {
        say().await;
        last = socket.event("assistant_delta").await;
        assert_eq!(last["error"]["code"], "SERVER_ERROR", "{last}");
    }
    assert!(last["error"]["details"]["retryAfterMs"].as_u64().unwrap() > 20_000, "{last}");
}

#[tokio::test]
async fn assistant_is_silent_while_a_supervisor_has_the_session() {
    let robot = RobotServer::start().await;
    robot.reply(Reply::parts(&["one", "!"]).slowly(std::time::Duration::from_millis(150)));
    robot.reply(Reply::parts(&["two"]));
    let app = with_robot(&robot, &[("HORNERO__SESSIONS__ASSISTANT", "gpt")]).await;
    let ada = app.register("Ada").await;
    let grace = app.promoted("Grace", None, Some(UserType::Supervisor)).await;
    let session = ada.session().await;
    let path = format!("/chat/sessions/{session}/messages");
    let say = async |user: &User, words: &str| {
        user.post(&path, json!({ "content": words })).await.expect(201);
    };
    let form = json!({ "sessionId": session, "reason": "help" });
    let escalation = text(&ada.post("/escalations", form).await.expect(201)["id"]);
    let step = |step: &str| grace.post(&format!("/escalations/{escalation}/{step}"), json!({}));

    let mut socket = ada.connect("/").await;
    socket.join_session(&session).await;

    // While nobody has claimed it, it is the assistant's.
    say(&ada, "first").await;
    robot.request().await;
    // It waits for its turn, and is Grace's when that comes.
    say(&ada, "second").await;
    step("claim").await.expect(200);
    while socket.event("new_message").await["content"] != "one!" {}
    say(&ada, "third").await;
    say(&grace, "I am here").await;
    // Silence cannot be waited for otherwise.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    step("resolve").await.expect(200);
    say(&ada, "fourth").await;
    while socket.event("new_message").await["content"] != "two" {}

    let told = robot.request().await.body["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(told["content"], "fourth");
    assert_eq!(robot.count().await, 0, "nothing else was asked");
}
