//! The schema, on the database that the other tests use.

use migrations::Migrator;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbErr, Statement, Value};
use sea_orm_migration::{MigratorTrait, SchemaManager};
use tempfile::TempDir;
use uuid::Uuid;

use crate::database::TestDatabase;

const TABLES: [&str; 11] = [
    "users",
    "conversations",
    "events",
    "sessions",
    "rooms",
    "messages",
    "logins",
    "refresh_tokens",
    "escalations",
    "escalations_told",
    "robot_runs",
];

#[tokio::test]
async fn every_step_can_be_undone_and_done_again() {
    let place = Place::new();
    let db = place.connect().await;
    migrations::migrate(&db).await.unwrap();
    assert_eq!(present(&db).await, TABLES);

    Migrator::down(&db, None).await.unwrap();
    assert_eq!(present(&db).await, [""; 0]);

    migrations::migrate(&db).await.unwrap();
    assert_eq!(present(&db).await, TABLES);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_once_migrate_one_after_the_other() {
    let place = Place::new();
    let mut processes = tokio::task::JoinSet::<Result<(), DbErr>>::new();
    for _ in 0..6 {
        let db = place.connect().await;
        processes.spawn(async move { migrations::migrate(&db).await });
    }
    for migrated in processes.join_all().await {
        migrated.unwrap();
    }
    assert_eq!(present(&place.connect().await).await, TABLES);
}

#[tokio::test]
async fn message_that_an_older_version_has_stored_is_not_stored_again() {
    let place = Place::new();
    let db = place.connect().await;
    // Until `index_only_messages_with_a_client_id`.
    Migrator::up(&db, Some(13)).await.unwrap();
    let room = Uuid::now_v7();
    insert(
        &db,
        "conversations",
        [
            ("id", room.into()),
            ("kind", "room".into()),
            ("epoch", Uuid::now_v7().into()),
            ("created_at", chrono::Utc::now().into()),
            ("last_activity_at", chrono::Utc::now().into()),
        ],
    )
    .await
    .unwrap();
    say(&db, room, 1, Some("one")).await.unwrap();
    say(&db, room, 2, None).await.unwrap();

    migrations::migrate(&db).await.unwrap();

    let repeated = say(&db, room, 3, Some("one")).await.unwrap_err();
    assert!(repeated.to_string().to_lowercase().contains("unique"), "{repeated}");
    say(&db, room, 3, None).await.unwrap();
    say(&db, room, 4, Some("two")).await.unwrap();
}

/// Stores a message of Ada's as the server does.
async fn say(
    db: &DatabaseConnection,
    room: Uuid,
    seq: i64,
    client_id: Option<&str>,
) -> Result<(), DbErr> {
    insert(
        db,
        "messages",
        [
            ("id", Uuid::now_v7().into()),
            ("conversation_id", room.into()),
            ("seq", seq.into()),
            ("event_seq", seq.into()),
            ("sender_id", "ada".into()),
            ("client_message_id", client_id.into()),
            ("role", "user".into()),
            ("type", "chat".into()),
            ("content", "hello".into()),
            ("formatting", "plain".into()),
            ("metadata", serde_json::json!({}).into()),
            ("created_at", chrono::Utc::now().into()),
        ],
    )
    .await
}

async fn insert<const N: usize>(
    db: &DatabaseConnection,
    table: &str,
    row: [(&str, Value); N],
) -> Result<(), DbErr> {
    let (columns, values): (Vec<_>, Vec<_>) = row.into_iter().unzip();
    let places: Vec<_> = (1..=N).map(|it| format!("${it}")).collect();
    let (columns, places) = (columns.join(", "), places.join(", "));
    let insert = format!("INSERT INTO {table} ({columns}) VALUES ({places})");
    let insert = Statement::from_sql_and_values(db.get_database_backend(), insert, values);
    db.execute_raw(insert).await.map(drop)
}

/// A database without anything in it.
struct Place {
    folder: TempDir,
    database: TestDatabase,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: TestDatabase::empty() }
    }

    async fn connect(&self) -> DatabaseConnection {
        let file = self.folder.path().join("hornero.db");
        let file = format!("sqlite://{}?mode=rwc", file.display());
        Database::connect(self.database.url().unwrap_or(file)).await.unwrap()
    }
}

/// Those of our tables that are there.
async fn present(db: &DatabaseConnection) -> Vec<&'static str> {
    let manager = SchemaManager::new(db);
    let mut present = Vec::new();
    for table in TABLES {
        if manager.has_table(table).await.unwrap() {
            present.push(table);
        }
    }
    present
}
