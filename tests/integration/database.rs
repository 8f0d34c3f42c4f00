//! The database of one test: a file in the test's folder, or a database of its own on the
//! PostgreSQL server that `HORNERO_TEST_DATABASE_URL` names.

use std::{
    env, process,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use database::{Database, DatabaseConfig};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// A database that nobody else uses. It is dropped with this.
pub(crate) struct TestDatabase {
    /// Its name on the server; none for a file.
    name: Option<String>,
}

impl TestDatabase {
    /// A database with the current schema, or a file that is not there yet.
    pub(crate) fn new() -> Self {
        static TEMPLATE: OnceLock<String> = OnceLock::new();
        if server().is_none() {
            return Self { name: None };
        }
        // To copy one is faster than to migrate one. It stays on the server, which is ours to
        // throw away.
        let template = TEMPLATE.get_or_init(|| {
            let template = empty("template");
            migrate(&address_of(&template));
            template
        });
        let name = unused_name("test");
        execute(format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Self { name: Some(name) }
    }

    /// A PostgreSQL database without anything in it, or a file that is not there yet.
    pub(crate) fn empty() -> Self {
        Self { name: server().map(|_| empty("empty")) }
    }

    /// Its address; none for a file.
    pub(crate) fn url(&self) -> Option<String> {
        self.name.as_deref().map(address_of)
    }

    /// What tells a server to use it.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        self.url().map(|url| ("DATABASE_URL".to_owned(), url)).into_iter().collect()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // The server under test may still be connected, or be about to be: PostgreSQL waits
            // for those who are being let in, and they come in or go only when the test has ended.
            let name = name.clone();
            thread::spawn(move || execute(format!("DROP DATABASE {name} WITH (FORCE)")));
        }
    }
}

/// The address of the server's own database.
pub(crate) fn server() -> Option<String> {
    env::var("HORNERO_TEST_DATABASE_URL").ok()
}

/// Lets the server do something.
pub(crate) fn execute(statement: String) {
    execute_in(server().unwrap(), statement);
}

/// Lets a server do something in the database of the address.
///
/// On a thread of its own: a `Drop` cannot wait for a future.
pub(crate) fn execute_in(address: String, statement: String) {
    on_a_thread(async move {
        let mut connection = PgConnection::connect(&address).await.unwrap();
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
        connection.close().await.unwrap();
    });
}

fn empty(what: &str) -> String {
    let name = unused_name(what);
    execute(format!("CREATE DATABASE {name}"));
    name
}

fn migrate(address: &str) {
    let config = DatabaseConfig { url: address.to_owned(), ..DatabaseConfig::default() };
    on_a_thread(async move {
        Database::open(Arc::new(config), Arc::default()).await.map(drop).unwrap();
    });
}

fn on_a_thread(future: impl Future<Output = ()> + Send + 'static) {
    let work = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(future);
    });
    work.join().unwrap();
}

/// Several runs may use one server.
fn unused_name(what: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("hornero_{what}_{}_{number}", process::id())
}

/// The address of another database on the same server.
fn address_of(name: &str) -> String {
    let server = server().unwrap();
    let (server, _) = server.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}
