//! Runs that end because the server does.

use chrono::Utc;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    RESPONSE, answer, ask,
    server::{Reply, RobotServer, Then},
    with_robot,
};
use crate::util::{TestApp, User, text};

#[tokio::test]
async fn server_that_stops_keeps_what_has_come_and_says_so() {
    let robot = RobotServer::start().await;
    robot.reply(Reply::begun(&["It is"], Then::Hang));
    let app = with_robot(&robot, &[]).await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;
    let asked = ask(&mut socket, &room, "hello").await;
    assert_eq!(socket.event(RESPONSE).await["delta"], "It is");

    let app = app.restart().await;

    let ada = User { address: app.address(), ..ada };
    let stored = ada.get(&format!("/chat/messages/{}", text(&asked["messageId"]))).await;
    let stored = stored.expect(200);
    assert_eq!(stored["content"], "It is");
    assert_eq!(stored["metadata"]["incomplete"], true);
    assert_eq!(runs(&app).await, 0);
    // There is a seat again.
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;
    robot.reply(Reply::parts(&["Yes"]));
    ask(&mut socket, &room, "again").await;
    assert_eq!(answer(&mut socket).await.0, "Yes");
}

#[tokio::test]
async fn run_of_a_server_that_was_killed_is_ended_by_the_next_one() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let (begun, silent) = (Uuid::now_v7(), Uuid::now_v7());
    // As a server leaves them that is killed.
    insert_run(&app, begun, &room, "It is").await;
    insert_run(&app, silent, &room, "").await;

    let app = app.restart().await;

    let ada = User { address: app.address(), ..ada };
    // A client that comes back is told by what is stored, and what has become of the others.
    let mut socket = ada.connect_to("/chat", json!({ &room: 0 })).await;
    let message = socket.event("chat:message:received").await;
    assert_eq!((&message["id"], &message["content"]), (&json!(begun), &json!("It is")));
    assert_eq!((&message["type"], &message["senderId"]), (&json!("robot"), &json!("robot:echo")));
    assert_eq!(message["metadata"]["incomplete"], true);
    for id in [begun, silent] {
        let failed = socket.event(RESPONSE).await;
        assert_eq!((&failed["messageId"], &failed["done"]), (&json!(id), &json!(true)));
        let text = "The answer was interrupted: the server failed";
        assert_eq!(failed["error"]["message"], text);
    }
    ada.get(&format!("/chat/messages/{silent}")).await.expect(404);
    assert_eq!(runs(&app).await, 0);
}

#[tokio::test]
async fn answer_that_was_stored_before_the_server_was_killed_is_not_stored_again() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;
    let asked = ask(&mut socket, &room, "hello").await;
    answer(&mut socket).await;
    insert_run(&app, text(&asked["messageId"]).parse().unwrap(), &room, "hel").await;

    let app = app.restart().await;

    let ada = User { address: app.address(), ..ada };
    let begun = std::time::Instant::now();
    while runs(&app).await > 0 {
        assert!(begun.elapsed().as_secs() < 5, "it is not forgotten");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let messages = ada.get(&format!("/rooms/{room}/messages")).await.expect(200);
    let contents: Vec<_> =
        messages["items"].as_array().unwrap().iter().map(|it| it["content"].clone()).collect();
    assert_eq!(contents, [Value::from("hello"), Value::from("hello")]);
}

/// Notes a run whose process was last heard of an hour ago.
async fn insert_run(app: &TestApp, id: Uuid, room: &str, content: &str) {
    let db = app.database().await;
    let tx = db.begin().await.unwrap();
    let room: Uuid = room.parse().unwrap();
    let at = Utc::now() - chrono::TimeDelta::hours(1);
    let values =
        [id.into(), room.into(), "echo".into(), Uuid::now_v7().into(), content.into(), at.into()];
    let sql = "INSERT INTO robot_runs \
               (message_id, conversation_id, robot, prompt_id, content, beat_at) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    tx.execute_raw(statement).await.unwrap();
    tx.commit().await.unwrap();
}

/// How many runs are noted.
async fn runs(app: &TestApp) -> usize {
    let db = app.database().await;
    let all = "SELECT message_id FROM robot_runs";
    let all = Statement::from_string(db.read().get_database_backend(), all);
    db.read().query_all_raw(all).await.unwrap().len()
}
