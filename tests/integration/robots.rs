//! Robots through the doors: who may ask, what is told while they answer, and what is stored.

mod assistant;
mod endings;
mod failures;
pub(crate) mod server;

use serde_json::{Value, json};

use self::server::{Reply, RobotServer};
use crate::util::{Socket, TestApp, text};

const RESPONSE: &str = "chat:robot:response";
const RECEIVED: &str = "chat:message:received";

/// A server whose robot `gpt`, the default one, is behind HTTP.
async fn with_robot(robot: &RobotServer, more: &[(&str, &str)]) -> TestApp {
    let url = robot.url();
    let mut variables = vec![
        ("HORNERO__ROBOTS__NAMED__GPT__URL", &*url),
        ("HORNERO__ROBOTS__NAMED__GPT__MODEL", "m-1"),
        ("HORNERO__ROBOTS__NAMED__GPT__API_KEY", "sk-secret"),
        ("HORNERO__ROBOTS__NAMED__GPT__RETRIES", "0"),
        ("HORNERO__ROBOTS__DEFAULT", "gpt"),
    ];
    variables.extend_from_slice(more);
    TestApp::with(&variables).await
}

async fn ask(socket: &mut Socket, room: &str, prompt: &str) -> Value {
    socket.call("chat:robot:interact", json!({ "roomId": room, "prompt": prompt })).await
}

/// The parts of an answer, put together, and what was told at its end.
async fn answer(socket: &mut Socket) -> (String, Value) {
    let mut content = String::new();
    for index in 0.. {
        let response = socket.event(RESPONSE).await;
        if response["done"] == true {
            return (content, response);
        }
        assert_eq!(
            (&response["index"], &response["deliveryStatus"]),
            (&json!(index), &json!("streaming")),
            "{response}"
        );
        content += response["delta"].as_str().unwrap();
    }
    unreachable!("parts are counted for ever")
}

#[tokio::test]
async fn echo_answers_in_parts_and_with_a_message_that_everybody_hears() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("public").await;
    let (mut asker, mut other) = (ada.connect("/chat").await, ben.connect("/").await);
    asker.join(&room).await;
    other.join(&room).await;

    let asked = ask(&mut asker, &room, "Is the bread\r\nready? 🍞").await;

    assert_eq!((&asked["roomId"], &asked["robotId"]), (&json!(room), &json!("echo")));
    for socket in [&mut asker, &mut other] {
        let prompt = socket.event(RECEIVED).await;
        assert_eq!((&prompt["id"], &prompt["senderId"]), (&asked["promptId"], &json!(ada.id)));
        assert_eq!((&prompt["type"], &prompt["role"]), (&json!("chat"), &json!("user")));
        let (content, done) = answer(socket).await;
        assert_eq!(content, "Is the bread\nready? 🍞");
        assert_eq!((&done["content"], &done["error"]), (&json!(content), &Value::Null));
        assert_eq!(done["messageId"], asked["messageId"]);
        // The message was told before the end was.
        let message = socket.event(RECEIVED).await;
        assert_eq!(message["id"], asked["messageId"]);
        assert_eq!((&message["role"], &message["type"]), (&json!("assistant"), &json!("robot")));
        assert_eq!(message["senderId"], "robot:echo");
        let metadata = json!({ "robotId": "echo", "promptId": asked["promptId"] });
        assert_eq!(message["metadata"], metadata);
    }
    let stored = ada.get(&format!("/chat/messages/{}", text(&asked["messageId"]))).await;
    assert_eq!(stored.expect(200)["content"], "Is the bread\nready? 🍞");
}

#[tokio::test]
async fn guests_and_strangers_do_not_ask_robots() {
    let app = TestApp::start().await;
    let (ada, guest, eve) =
        (app.register("Ada").await, app.guest("Ben").await, app.register("Eve").await);
    let room = ada.room("public").await;
    let private = ada.room("private").await;
    let mut of_guest = guest.connect("/chat").await;
    of_guest.join(&room).await;
    let mut of_eve = eve.connect("/chat").await;
    let mut of_ada = ada.connect("/chat").await;
    let prompt = |room: &str| json!({ "roomId": room, "prompt": "hello" });

    let refusal = of_guest.emit_ack("chat:robot:interact", prompt(&room)).await;
    assert_eq!(refusal["error"]["code"], "PERMISSION_DENIED");
    for room in [&room, &private] {
        let refusal = of_eve.emit_ack("chat:robot:interact", prompt(room)).await;
        assert_eq!(refusal["error"]["code"], "ROOM_ACCESS_DENIED");
    }
    let unknown = json!({ "roomId": room, "prompt": "hello", "robotId": "hal" });
    let refusal = of_ada.emit_ack("chat:robot:interact", unknown).await;
    assert_eq!(refusal["error"]["code"], "CLIENT_ERROR");
    assert_eq!(refusal["error"]["details"]["reason"], "robot_not_found");
    let messages = ada.get(&format!("/rooms/{room}/messages")).await.expect(200);
    assert_eq!(messages["items"], json!([]), "nothing of it is stored");
}

#[tokio::test]
async fn model_is_told_the_newest_messages_the_key_and_nothing_else() {
    let robot = RobotServer::start().await;
    robot.reply(Reply::parts(&["Yes", ", it", " is."]));
    let app = with_robot(
        &robot,
        &[
            ("HORNERO__ROBOTS__NAMED__GPT__SYSTEM_PROMPT", "Be brief"),
            ("HORNERO__ROBOTS__NAMED__GPT__FORMATTING", "markdown"),
            ("HORNERO__ROBOTS__HISTORY", "3"),
        ],
    )
    .await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;
    for content in ["one", "two", "three", "four"] {
        socket.say(&room, content).await;
    }
    let gone = socket.say(&room, "secret").await;
    socket.call("chat:message:delete", json!({ "messageId": gone["id"] })).await;

    let asked = ask(&mut socket, &room, "Is it?").await;

    let (content, done) = answer(&mut socket).await;
    assert_eq!((&*content, &done["content"]), ("Yes, it is.", &json!("Yes, it is.")));
    let request = robot.request().await;
    assert!(request.head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{request:?}");
    assert!(request.head.contains("authorization: Bearer sk-secret\r\n"), "{request:?}");
    let turn = |role: &str, content: &str| json!({ "role": role, "content": content });
    let turns = [
        turn("system", "Be brief"),
        turn("user", "three"),
        turn("user", "four"),
        turn("user", "Is it?"),
    ];
    assert_eq!(request.body, json!({ "model": "m-1", "messages": turns, "stream": true }));
    let stored = ada.get(&format!("/chat/messages/{}", text(&asked["messageId"]))).await;
    let stored = stored.expect(200);
    assert_eq!(
        (&stored["formatting"], &stored["senderId"]),
        (&json!("markdown"), &json!("robot:gpt"))
    );
}

#[tokio::test]
async fn history_is_bounded_in_characters_too_and_has_what_robots_have_said() {
    let robot = RobotServer::start().await;
    let app = with_robot(&robot, &[("HORNERO__ROBOTS__HISTORY_LENGTH", "12")]).await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;

    robot.reply(Reply::parts(&["four"]));
    ask(&mut socket, &room, "12345").await;
    answer(&mut socket).await;
    robot.request().await;
    robot.reply(Reply::parts(&["five"]));
    ask(&mut socket, &room, "1234").await;
    answer(&mut socket).await;

    let turns = json!([
        { "role": "assistant", "content": "four" },
        { "role": "user", "content": "1234" },
    ]);
    assert_eq!(robot.request().await.body["messages"], turns);
}

#[tokio::test]
async fn user_waits_for_two_answers_at_once_and_for_no_more() {
    let robot = RobotServer::start().await;
    let app = with_robot(&robot, &[]).await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("public").await;
    let (mut socket, mut other) = (ada.connect("/chat").await, ben.connect("/chat").await);
    socket.join(&room).await;
    other.join(&room).await;
    let prompt = json!({ "roomId": room, "prompt": "hello" });
    for _ in 0..3 {
        robot.reply(Reply::Silent);
    }

    ask(&mut socket, &room, "one").await;
    ask(&mut socket, &room, "two").await;
    let refusal = socket.emit_ack("chat:robot:interact", prompt.clone()).await;
    assert_eq!(refusal["error"]["code"], "RATE_LIMITED");
    assert!(refusal["error"]["details"]["retryAfterMs"].is_u64(), "{refusal}");
    // Another user has two of their own.
    ask(&mut other, &room, "three").await;
}

#[tokio::test]
async fn runs_and_failures_are_counted_by_robots_of_the_configuration() {
    let robot = RobotServer::start().await;
    robot.reply(Reply::status(400));
    let app = with_robot(&robot, &[]).await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;

    ask(&mut socket, &room, "hello").await;
    answer(&mut socket).await;
    let echo = json!({ "roomId": room, "prompt": "hello", "robotId": "echo" });
    socket.call("chat:robot:interact", echo).await;
    answer(&mut socket).await;

    let metrics = app.get("/metrics").await.text;
    for line in [
        r#"gateway_robot_runs_total{robot="gpt"} 1"#,
        r#"gateway_robot_runs_total{robot="echo"} 1"#,
        r#"gateway_robot_failures_total{robot="gpt",reason="refused"} 1"#,
        r#"gateway_robot_failures_total{robot="gpt",reason="down"} 0"#,
        r#"gateway_messages_total{role="assistant"} 1"#,
    ] {
        assert!(metrics.lines().any(|it| it == line), "no {line} in\n{metrics}");
    }
}
