//! The schema, on the database that the other tests use.

use migrations::Migrator;
use sea_orm::{Database, DatabaseConnection, DbErr};
use sea_orm_migration::{MigratorTrait, SchemaManager};
use tempfile::TempDir;

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
