//! What is about the file of SQLite, and has no meaning on PostgreSQL.

use std::fs;

use database::Database;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use crate::{command::Folder, util::TestApp};

#[test]
fn data_folder_that_is_a_file_is_told() {
    let folder = Folder::new();
    fs::write(folder.path().join("data"), "a file").unwrap();

    let end = folder.run(&[], &[("HORNERO__SERVER__PORT", "0")]);

    assert_eq!(end.code, Some(1));
    let sentence = "cannot write to the data folder \"./data\"";
    assert!(end.errors.contains(sentence), "{}", end.errors);
    assert!(end.errors.contains("HORNERO__SERVER__DATA_DIR"), "{}", end.errors);
    assert_eq!(fs::read_to_string(folder.path().join("data")).unwrap(), "a file");
}

#[test]
fn database_that_is_damaged_is_told_and_left_alone() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("data")).unwrap();
    let file = folder.path().join("data/hornero.db");
    let damaged = "no database at all. ".repeat(500);
    fs::write(&file, &damaged).unwrap();

    let end = folder.run(&[], &[("HORNERO__SERVER__PORT", "0")]);

    assert_eq!(end.code, Some(1));
    let sentence = "\"./data/hornero.db\" is not an SQLite database or is damaged; restore it";
    assert!(end.errors.contains(sentence), "{}", end.errors);
    assert_eq!(fs::read_to_string(file).unwrap(), damaged);
}

#[test]
fn database_that_cannot_be_opened_is_told_with_what_to_do() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path().join("data/hornero.db")).unwrap();

    let end = folder.run(&[], &[("HORNERO__SERVER__PORT", "0")]);

    assert_eq!(end.code, Some(1));
    let sentence = "cannot open or make the database \"./data/hornero.db\"; let this process";
    assert!(end.errors.contains(sentence), "{}", end.errors);
    assert!(end.errors.contains("HORNERO__SERVER__DATA_DIR"), "{}", end.errors);
}

#[tokio::test]
async fn changes_are_found_by_indices_in_their_order() {
    let app = TestApp::start().await;
    let db = app.database().await;
    for (those, order, index) in [
        ("event_seq = seq AND seq > 6", "seq", "messages_conversation_id_seq"),
        ("event_seq > seq AND (event_seq, seq) > (6, 9)", "event_seq, seq", "messages_changed"),
    ] {
        let query = format!(
            "SELECT * FROM messages WHERE conversation_id = x'00' \
             AND ({those}) ORDER BY {order} LIMIT 51"
        );
        let steps = plan(&db, &query).await.unwrap();
        let index = format!("USING INDEX {index} (conversation_id=? AND");
        assert!(steps.len() == 1 && steps[0].contains(&index), "{steps:?}");
    }
}

#[tokio::test]
async fn repeats_are_found_by_an_index_of_messages_with_a_client_id() {
    let app = TestApp::start().await;
    let db = app.database().await;
    let index = "messages_conversation_id_sender_id_client_message_id";

    let repeat = "conversation_id = ? AND sender_id = ? AND client_message_id = ?";
    let steps = plan(&db, &format!("SELECT * FROM messages WHERE {repeat} OR {repeat}")).await;
    let steps = steps.unwrap();
    let found = format!("USING INDEX {index} (conversation_id=? AND sender_id=? AND");
    assert_eq!(steps.iter().filter(|it| it.contains(&found)).count(), 2, "{steps:?}");
    assert!(!steps.iter().any(|it| it.starts_with("SCAN")), "{steps:?}");

    // Others are not in it: in small rooms an entry would cost each a page.
    let all = plan(&db, &format!("SELECT id FROM messages INDEXED BY {index}")).await;
    assert!(all.unwrap_err().to_string().contains("no query solution"));
}

/// What SQLite does for a query, step by step.
async fn plan(db: &Database, query: &str) -> Result<Vec<String>, DbErr> {
    let plan = format!("EXPLAIN QUERY PLAN {query}");
    let plan = Statement::from_string(DbBackend::Sqlite, plan);
    let steps = db.read().query_all_raw(plan).await?;
    steps.iter().map(|it| it.try_get("", "detail")).collect()
}
