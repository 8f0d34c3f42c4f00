//! What only PostgreSQL can do to us: be away, refuse us, and come back.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
};

use hornero::testing::soon;
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection};
use tokio::task::JoinSet;

use crate::{
    command::Folder,
    database::{self, TestDatabase, execute, execute_in},
    util::{TestApp, text},
};

mod mortal;

use mortal::Mortal;

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask test --only postgres"]
async fn outage_is_told_and_over_when_postgres_is_back() {
    let postgres = Mortal::take().await;
    let url = postgres.database("outage");
    let app = TestApp::with(&[("DATABASE_URL", &url)]).await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;
    socket.say(&room, "before").await;
    let messages = format!("/rooms/{room}/messages");

    postgres.kill();
    // Its processes end one after the other.
    soon(async { while ada.get(&messages).await.status == 200 {} }).await;

    for answer in [
        ada.get(&messages).await,
        ada.post(&messages, json!({ "content": "meanwhile" })).await,
        ada.get("/rooms?visibility=public").await,
    ] {
        let retry_after = answer.headers.get("retry-after").cloned();
        let body = answer.expect(503);
        assert_eq!(retry_after.unwrap(), "1");
        assert_eq!(body["error_code"], "SERVICE_UNAVAILABLE");
        assert_eq!(body["retry_after_ms"], 1000);
    }
    let send = json!({ "roomId": room, "content": "meanwhile" });
    let ack = socket.emit_ack("chat:message:send", send).await;
    assert_eq!(ack["error"]["code"], "SERVER_ERROR", "{ack}");
    assert_eq!(ack["error"]["recoverable"], true);
    assert_eq!(ack["error"]["details"]["retryAfterMs"], 1000);

    postgres.start();

    // Nothing was restarted, nobody has connected again.
    let after = json!({ "roomId": room, "content": "after", "clientMessageId": "after" });
    let stored = soon(async {
        loop {
            // The first connections may still find a server that is busy with its start.
            let ack = socket.emit_ack("chat:message:send", after.clone()).await;
            if ack["status"] == "ok" {
                break ack;
            }
        }
    });
    assert_eq!(stored.await["data"]["seq"], 2);
    let history = ada.get(&messages).await.expect(200);
    let contents: Vec<_> = history["items"].as_array().unwrap().iter().collect();
    assert_eq!(contents.len(), 2, "{history}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only postgres"]
async fn message_that_is_sent_until_acknowledged_is_stored_once_whatever_dies() {
    let postgres = Mortal::take().await;
    let url = postgres.database("dying");
    let app = TestApp::with(&[("DATABASE_URL", &url)]).await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let messages = format!("/rooms/{room}/messages");
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;

    let mut senders = JoinSet::new();
    for sender in 0..3 {
        let (ada, messages) = (ada.clone(), messages.clone());
        senders.spawn(async move {
            for number in 0..30 {
                let id = format!("{sender}-{number}");
                let form = json!({ "content": id, "clientMessageId": id });
                loop {
                    match ada.post(&messages, form.clone()).await.status {
                        503 => {}
                        status => break assert!(matches!(status, 200 | 201), "{status}"),
                    }
                }
            }
        });
    }
    for _ in 0..20 {
        socket.event("chat:message:received").await;
    }
    postgres.kill();
    postgres.start();
    senders.join_all().await;

    let history = ada.get(&format!("{messages}?limit=100&order=asc")).await.expect(200);
    let history = history["items"].as_array().unwrap();
    let seqs: Vec<_> = history.iter().map(|it| it["seq"].as_i64().unwrap()).collect();
    let contents: BTreeSet<_> = history.iter().map(|it| it["content"].as_str().unwrap()).collect();
    assert_eq!(seqs, (1..=90).collect::<Vec<_>>());
    assert_eq!(contents.len(), 90);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask test --only postgres"]
async fn server_that_starts_first_waits_for_postgres() {
    let postgres = Mortal::take().await;
    let url = postgres.database("waiting");
    postgres.kill();
    let folder = Folder::new();
    let variables = [("DATABASE_URL", url.as_str()), ("HORNERO__SERVER__PORT", "0")];
    let mut server = folder.command(&["serve"], &variables).spawn().unwrap();

    let mut errors = BufReader::new(server.stderr.take().unwrap()).lines();
    let waits = errors.find(|it| it.as_ref().unwrap().contains("Waiting for PostgreSQL"));
    assert!(!waits.unwrap().unwrap().contains("only"), "the password of the test's server");
    postgres.start();

    let mut output = BufReader::new(server.stdout.take().unwrap()).lines();
    let greeting = output.find(|it| it.as_ref().unwrap().contains("Database    postgres://"));
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(greeting.unwrap().unwrap().contains("/waiting_"));
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask test --only postgres"]
async fn more_than_postgres_can_serve_is_refused_and_not_kept() {
    let database = TestDatabase::new();
    let url = database.url().unwrap();
    let variables = [("DATABASE_URL", url.as_str()), ("HORNERO__DATABASE__CONNECTIONS", "2")];
    let app = TestApp::with(&variables).await;
    let ada = app.register("Ada").await;
    let mut other = PgConnection::connect(&url).await.unwrap();
    other.execute("BEGIN; LOCK TABLE users").await.unwrap();

    let mut requests = JoinSet::new();
    for _ in 0..6 {
        let ada = ada.clone();
        requests.spawn(async move { ada.get("/auth/me").await });
    }

    // Two have a connection, and wait for the table.
    for _ in 0..4 {
        let answer = requests.join_next().await.unwrap().unwrap();
        assert_eq!(answer.expect(503)["error_code"], "SERVICE_UNAVAILABLE");
    }
    other.execute("ROLLBACK").await.unwrap();
    for answer in requests.join_all().await {
        answer.expect(200);
    }
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test --only postgres"]
fn refusals_of_postgres_are_told_with_what_to_do() {
    let own = TestDatabase::empty();
    let own = own.url().unwrap();
    let name = own.rsplit_once('/').unwrap().1;
    let server = database::server().unwrap();
    let (user, place) = server.split_once("://").unwrap().1.split_once('@').unwrap();
    let place = place.split_once('/').unwrap().0;
    let latin = format!("latin_{}", std::process::id());
    let guest = format!("guest_{}", std::process::id());
    execute(format!("CREATE DATABASE {latin} ENCODING 'LATIN1' TEMPLATE template0"));
    execute(format!("CREATE ROLE {guest} LOGIN PASSWORD 'hunter2'"));
    execute_in(own.clone(), "REVOKE CREATE ON SCHEMA public FROM PUBLIC".to_owned());

    for (url, sentence) in [
        (format!("postgres://{guest}:hunter3@{place}/{name}"), "password authentication failed"),
        (format!("postgres://{user}@{place}/absent"), "create it: CREATE DATABASE \"absent\""),
        (format!("postgres://{guest}:hunter2@{place}/{name}"), "may not make tables"),
        (format!("postgres://{user}@{place}/{latin}"), "has the encoding LATIN1"),
        (format!("{own}?sslmode=require"), "TLS"),
    ] {
        let folder = Folder::new();
        for command in ["doctor", "serve"] {
            let variables = [("DATABASE_URL", url.as_str()), ("HORNERO__SERVER__PORT", "0")];
            let end = folder.run(&[command], &variables);
            let told = format!("{}{}", end.output, end.errors);
            assert_eq!(end.code, Some(1), "{url}: {told}");
            assert!(told.contains(sentence), "{url}: {told}");
            assert!(!told.contains("hunter") && !told.contains("only"), "{told}");
        }
    }
    execute(format!("DROP DATABASE {latin}"));
    execute(format!("DROP ROLE {guest}"));
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask test --only postgres"]
async fn history_that_a_server_has_read_before_has_what_another_one_has_stored() {
    let database = TestDatabase::new();
    let url = database.url().unwrap();
    let one = TestApp::with(&[("DATABASE_URL", &url)]).await;
    let other = TestApp::with(&[("DATABASE_URL", &url)]).await;
    let ada = one.register("Ada").await;
    let ada_there = other.login(ada.email.as_deref().unwrap()).await;
    let messages = format!("/rooms/{}/messages", ada.room("public").await);
    let read = async || -> Vec<String> {
        let page = ada.get(&messages).await.expect(200);
        page["items"].as_array().unwrap().iter().map(|it| text(&it["content"])).collect()
    };

    ada.post(&messages, json!({ "content": "one" })).await.expect(201);
    assert_eq!(read().await, ["one"]);
    let two = ada_there.post(&messages, json!({ "content": "two" })).await.expect(201);
    assert_eq!(read().await, ["two", "one"]);
    ada.post(&messages, json!({ "content": "three" })).await.expect(201);
    let path = format!("/chat/messages/{}", text(&two["id"]));
    ada_there.request("DELETE", &path).await.expect(204);
    assert_eq!(read().await, ["three", "one"]);
}
