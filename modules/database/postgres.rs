//! PostgreSQL: waiting for it at the start, and a pool of connections.

use std::time::Duration;

use sea_orm::DatabaseConnection;
use sqlx::{
    ConnectOptions, Connection, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::{Instant, sleep, timeout};

use crate::{address::place, postgres_error::PostgresError};

/// Longest time that a request waits for a connection. PostgreSQL can be away, and more
/// requests than it can serve are better told so than kept.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// Time after which a connection is asked whether it is still alive before it is used. A
/// busy one is not, which would cost each request a round trip.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// Longest time of one attempt to connect.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time between two attempts, and between two lines in the log about them.
const PAUSE: Duration = Duration::from_millis(500);
const LOG_EVERY: Duration = Duration::from_secs(5);

/// Waits until PostgreSQL answers, looks whether it fits, and migrates the database.
pub(crate) async fn open(
    options: &PgConnectOptions,
    connections: u32,
    patience: Duration,
) -> Result<DatabaseConnection, PostgresError> {
    let options = prepared(options);
    wait_for(&options, patience).await?.close().await.ok();
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, state| {
            Box::pin(async move {
                if state.idle_for >= TRUSTED_FOR {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options.clone());
    let pool = DatabaseConnection::from(pool);
    migrations::migrate(&pool).await.map_err(|error| PostgresError::migrating(error, &options))?;
    Ok(pool)
}

/// Connects once, and tells what is there: `PostgreSQL 15.14 at postgres://db:5432/chat`.
pub(crate) async fn examine(options: &PgConnectOptions) -> Result<String, PostgresError> {
    let options = prepared(options);
    let mut connection = wait_for(&options, Duration::ZERO).await?;
    let version = text(&mut connection, "SHOW server_version", &options).await?;
    connection.close().await.ok();
    Ok(format!("PostgreSQL {version} at {}", place(&options)))
}

fn prepared(options: &PgConnectOptions) -> PgConnectOptions {
    let options = options.clone().disable_statement_logging();
    match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("hornero"),
    }
}

/// Connects, and tries again for `patience` while PostgreSQL is not there yet: where all
/// services start at once, it needs longer than we do.
async fn wait_for(
    options: &PgConnectOptions,
    patience: Duration,
) -> Result<PgConnection, PostgresError> {
    let deadline = Instant::now() + patience;
    let mut told = None::<Instant>;
    loop {
        let attempt = timeout(ATTEMPT_TIMEOUT, PgConnection::connect_with(options)).await;
        let error = match attempt.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut)) {
            Ok(connection) => return fitting(connection, options).await,
            Err(error) => PostgresError::connecting(error, options),
        };
        if !error.is_temporary() || Instant::now() + PAUSE > deadline {
            return Err(error);
        }
        if told.is_none_or(|it| it.elapsed() >= LOG_EVERY) {
            told = Some(Instant::now());
            let seconds = deadline.duration_since(Instant::now()).as_secs();
            tracing::warn!(%error, seconds, "Waiting for PostgreSQL, at most {seconds} s: {error}");
        }
        sleep(PAUSE).await;
    }
}

/// Refuses a server that is too old, and a database that cannot hold every text.
async fn fitting(
    mut connection: PgConnection,
    options: &PgConnectOptions,
) -> Result<PgConnection, PostgresError> {
    let number = connection.server_version_num().unwrap_or(u32::MAX);
    if number / 10_000 < PostgresError::OLDEST {
        return Err(PostgresError::TooOld { place: place(options), version: number / 10_000 });
    }
    let encoding = text(&mut connection, "SHOW server_encoding", options).await?;
    if encoding != "UTF8" {
        return Err(PostgresError::Encoding { place: place(options), encoding });
    }
    Ok(connection)
}

async fn text(
    connection: &mut PgConnection,
    question: &'static str,
    options: &PgConnectOptions,
) -> Result<String, PostgresError> {
    let answer = sqlx::query_scalar(question).fetch_one(connection).await;
    answer.map_err(|error| PostgresError::connecting(error, options))
}
