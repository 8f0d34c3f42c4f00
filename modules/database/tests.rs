//! What the rest of the server may rely on, whatever keeps the data.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
    thread,
    time::Duration,
};

use hornero::{Config, ServerConfig};
use sea_orm::ConnectionTrait;

use super::*;

mod blocking;

#[test]
fn wiring() {
    hornero::App::of::<DatabaseModule>().check().unwrap();
}

#[test]
fn wrong_settings_are_told_and_passwords_are_not() {
    let variables = [
        ("DATABASE_URL", "postgres://ada:hunter2@db/chat?sslmod=require"),
        ("HORNERO__DATABASE__READERS", "0"),
        ("HORNERO__DATABASE__CONNECTIONS", "1"),
        ("HORNERO__DATABASE__CONNECT_TIMEOUT_MS", "3600001"),
    ];
    let told = config(&variables).section::<DatabaseConfig>().err().unwrap().to_string();
    assert_eq!(told.lines().count(), 5, "{told}");
    assert!(told.contains("database.url (set by DATABASE_URL) has a parameter"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn older_names_of_the_address_may_not_disagree() {
    let same = [("DATABASE_URL", "postgres://db/chat"), ("POSTGRES_DSN", "postgres://db/chat")];
    assert!(config(&same).section::<DatabaseConfig>().is_ok());
    let other = [("DATABASE_URL", "postgres://db/chat"), ("POSTGRES_DSN", "postgres://db/other")];
    let told = config(&other).section::<DatabaseConfig>().err().unwrap().to_string();
    assert!(told.contains("is set otherwise by DATABASE_URL"), "{told}");
}

#[tokio::test]
async fn dropped_transaction_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(folder.path()).await;
    assert_eq!(db.backend(), Backend::Sqlite);
    let tx = db.begin_alone("table").await.unwrap();
    tx.execute_unprepared("CREATE TABLE things (id INTEGER)").await.unwrap();
    drop(tx);
    assert!(db.read().execute_unprepared("SELECT * FROM things").await.is_err());
}

/// No release that old is at hand, so the first words of one are.
#[tokio::test]
async fn release_that_is_too_old_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 1024];
        stream.read_exact(&mut asked[..8]).unwrap();
        stream.write_all(b"N").unwrap(); // no TLS here
        assert!(stream.read(&mut asked).unwrap() > 8, "the client says who it is");
        let welcome = b"R\0\0\0\x08\0\0\0\0S\0\0\0\x19server_version\x0012.22\0Z\0\0\0\x05I";
        stream.write_all(welcome).unwrap();
        stream.read_to_end(&mut Vec::new()).ok();
    });
    let url = format!("postgres://ada:hunter2@127.0.0.1:{port}/chat");
    let config = DatabaseConfig { url, ..DatabaseConfig::default() };
    let told = config.examine(std::path::Path::new("")).await.unwrap_err().to_string();
    assert!(told.ends_with("/chat is PostgreSQL 12; the oldest that will do is 13"), "{told}");
    server.join().unwrap();
}

async fn open(folder: &std::path::Path) -> Database {
    let server = ServerConfig { data_dir: folder.join("data"), ..ServerConfig::default() };
    Database::open(Arc::default(), Arc::new(server)).await.unwrap()
}

fn config(variables: &[(&str, &str)]) -> Config {
    let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Config::load(std::path::Path::new("nowhere"), variables).unwrap()
}
