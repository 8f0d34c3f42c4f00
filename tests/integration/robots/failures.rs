//! Robots that are not well.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{
    answer, ask,
    server::{Reply, RobotServer, Then, delta},
    with_robot,
};
use crate::util::{Socket, TestApp, User, text};

/// A room in which robots are asked.
struct Room {
    app: TestApp,
    ada: User,
    id: String,
    socket: Socket,
}

impl Room {
    async fn new(robot: &RobotServer, more: &[(&str, &str)]) -> Self {
        let app = with_robot(robot, more).await;
        let ada = app.register("Ada").await;
        let id = ada.room("public").await;
        let mut socket = ada.connect("/chat").await;
        socket.join(&id).await;
        Self { app, ada, id, socket }
    }

    /// Asks, and gives what was told in parts, what at the end, and what was stored.
    async fn ask(&mut self) -> (String, Value, Option<Value>) {
        let asked = ask(&mut self.socket, &self.id, "hello").await;
        let (content, done) = answer(&mut self.socket).await;
        assert_eq!(done["messageId"], asked["messageId"]);
        let stored = self.ada.get(&format!("/chat/messages/{}", text(&asked["messageId"]))).await;
        (content, done, (stored.status == 200).then_some(stored.body))
    }

    /// Asks, and gives the error of an answer of which nothing has come.
    async fn fail(&mut self) -> Value {
        let (content, done, stored) = self.ask().await;
        assert_eq!((&*content, &stored), ("", &None), "{done}");
        assert!(!done.to_string().contains("secret"), "{done}");
        assert_eq!(done["error"]["code"], "SERVER_ERROR");
        done["error"]["message"].clone()
    }
}

#[tokio::test]
async fn server_that_fails_is_asked_again_until_something_has_come() {
    let robot = RobotServer::start().await;
    for reply in [Reply::status(500), Reply::begun(&[], Then::Cut), Reply::parts(&["Yes"])] {
        robot.reply(reply);
    }
    let mut room = Room::new(&robot, &[("HORNERO__ROBOTS__NAMED__GPT__RETRIES", "2")]).await;

    let (content, done, _) = room.ask().await;

    assert_eq!((&*content, &done["content"]), ("Yes", &json!("Yes")));
    assert_eq!(robot.count().await, 3);

    for _ in 0..3 {
        robot.reply(Reply::status(503));
    }
    assert_eq!(room.fail().await, "The robot cannot be reached");
    assert_eq!(robot.count().await, 6, "and no more often than that");
}

#[tokio::test]
async fn server_that_refuses_is_not_asked_again() {
    let robot = RobotServer::start().await;
    let mut room = Room::new(&robot, &[("HORNERO__ROBOTS__NAMED__GPT__RETRIES", "2")]).await;
    let (refuses, busy) =
        ("The robot refuses to answer", "The robot is asked too much: try again later");
    for (status, error) in
        [(400, refuses), (401, refuses), (404, refuses), (307, refuses), (429, busy)]
    {
        robot.reply(Reply::status(status));
        assert_eq!(room.fail().await, error, "{status}");
        robot.request().await;
        assert_eq!(robot.count().await, 0, "{status}");
    }
}

#[tokio::test]
async fn answer_that_breaks_off_is_kept_as_far_as_it_came() {
    let robot = RobotServer::start().await;
    let mut room = Room::new(&robot, &[("HORNERO__ROBOTS__NAMED__GPT__RETRIES", "2")]).await;
    for (then, error) in [
        (Then::Cut, "The answer broke off"),
        // Without a word that this was all.
        (Then::End, "The answer broke off"),
    ] {
        robot.reply(Reply::begun(&["It is", " not"], then));
        let (content, done, stored) = room.ask().await;
        let stored = stored.unwrap();
        assert_eq!((&*content, &done["error"]["message"]), ("It is not", &json!(error)));
        assert_eq!(done["content"], Value::Null);
        assert_eq!(stored["content"], "It is not");
        assert_eq!(stored["metadata"]["incomplete"], true);
        robot.request().await;
        assert_eq!(robot.count().await, 0, "what has begun is not asked for again");
    }
}

#[tokio::test]
async fn answers_that_make_no_sense_are_refused() {
    let robot = RobotServer::start().await;
    let mut room = Room::new(&robot, &[]).await;
    let stream = |text: &str| Reply::Stream(vec![text.to_owned()], Duration::ZERO, Then::End);
    let garbled = "The robot's answer could not be understood";
    for (reply, error) in [
        (stream("data: {\"choices\":7}\n\n"), garbled),
        (stream("data: hello\n\n"), garbled),
        (stream(&format!("data: {}\n\n", "x".repeat(300_000))), garbled),
        (Reply::Body("application/json", "{".to_owned()), garbled),
    ] {
        robot.reply(reply);
        assert_eq!(room.fail().await, error);
    }
}

#[tokio::test]
async fn answer_of_nothing_is_none() {
    let robot = RobotServer::start().await;
    let mut room = Room::new(&robot, &[]).await;
    robot.reply(Reply::parts(&[]));
    assert_eq!(room.fail().await, "The robot has said nothing");
    // Control characters show nothing either; they are no words of an answer.
    robot.reply(Reply::parts(&["\u{0}\r\u{1b}"]));
    assert_eq!(room.fail().await, "The robot has said nothing");
}

#[tokio::test]
async fn server_that_does_not_stream_is_understood() {
    let robot = RobotServer::start().await;
    let mut room = Room::new(&robot, &[]).await;
    let body = json!({ "choices": [{ "message": { "content": "Yes" }, "finish_reason": "stop" }] });
    robot.reply(Reply::Body("application/json; charset=utf-8", body.to_string()));
    let (content, done, _) = room.ask().await;
    assert_eq!((&*content, &done["content"]), ("Yes", &json!("Yes")));
}

#[tokio::test]
async fn answer_that_is_too_long_is_cut_and_one_that_never_ends_is_given_up() {
    let robot = RobotServer::start().await;
    let mut room = Room::new(&robot, &[("HORNERO__ROBOTS__NAMED__GPT__TIMEOUT_MS", "1500")]).await;

    let part = "é".repeat(1_000);
    robot.reply(Reply::begun(&[&*part; 12], Then::Hang));
    let (content, done, stored) = room.ask().await;
    let stored = stored.unwrap();
    assert_eq!(content.chars().count(), 10_000);
    assert_eq!((&done["content"], &stored["content"]), (&json!(content), &json!(content)));
    assert_eq!(stored["metadata"]["incomplete"], true);

    let begun = Instant::now();
    robot.reply(Reply::begun(&["So"], Then::Hang));
    let (content, done, stored) = room.ask().await;
    assert_eq!(content, "So");
    assert_eq!(done["error"]["message"], "The robot did not answer in time");
    assert_eq!(stored.unwrap()["metadata"]["incomplete"], true);
    robot.reply(Reply::Silent);
    assert_eq!(room.fail().await, "The robot did not answer in time");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn model_that_may_say_no_more_leaves_an_incomplete_answer() {
    let robot = RobotServer::start().await;
    let mut room = Room::new(&robot, &[]).await;
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n".to_owned();
    robot.reply(Reply::Stream(vec![delta("It is"), end], Duration::ZERO, Then::End));
    let (_, done, stored) = room.ask().await;
    assert_eq!(done["content"], "It is");
    assert_eq!(stored.unwrap()["metadata"]["incomplete"], true);
}

#[tokio::test]
async fn parts_that_come_fast_are_told_together_and_slow_ones_as_they_come() {
    let robot = RobotServer::start().await;
    let mut room = Room::new(&robot, &[]).await;
    let words = ["a "; 400];
    robot.reply(Reply::parts(&words));
    ask(&mut room.socket, &room.id, "hello").await;
    let mut told = 0;
    while room.socket.event("chat:robot:response").await["done"] != true {
        told += 1;
    }
    assert!(told < 40, "{told} events for 400 parts");

    robot.reply(Reply::parts(&["one", "two"]).slowly(Duration::from_millis(300)));
    ask(&mut room.socket, &room.id, "hello").await;
    assert_eq!(room.socket.event("chat:robot:response").await["delta"], "one");
    assert_eq!(room.socket.event("chat:robot:response").await["delta"], "two");
}

#[tokio::test]
async fn robot_that_fails_again_and_again_is_let_alone_and_health_says_so() {
    let robot = RobotServer::start().await;
    let mut room = Room::new(&robot, &[]).await;
    let health = room.app.get("/health").await.expect(200);
    assert_eq!(health["checks"]["robot:gpt"]["status"], "up");
    assert_eq!(health["checks"].get("robot:echo"), None);
    for _ in 0..5 {
        room.fail().await;
    }
    assert_eq!(robot.count().await, 5);

    let prompt = json!({ "roomId": room.id, "prompt": "hello" });
    let refusal = room.socket.emit_ack("chat:robot:interact", prompt).await;

    let error = &refusal["error"];
    assert_eq!((&error["code"], &error["recoverable"]), (&json!("SERVER_ERROR"), &json!(true)));
    let after = error["details"]["retryAfterMs"].as_u64().unwrap();
    assert!((20_000..=30_000).contains(&after), "{refusal}");
    assert_eq!(robot.count().await, 5, "it is not asked");
    let messages = room.ada.get(&format!("/rooms/{}/messages", room.id)).await.expect(200);
    assert_eq!(messages["items"].as_array().unwrap().len(), 5, "nor is the prompt stored");
    // It is told again for a second.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let health = room.app.get("/health").await.expect(200);
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["checks"]["robot:gpt"]["status"], "down");
    let echo = json!({ "roomId": room.id, "prompt": "hello", "robotId": "echo" });
    room.socket.call("chat:robot:interact", echo).await;
}
