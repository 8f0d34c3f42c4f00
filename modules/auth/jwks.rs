//! The keys that another issuer publishes, as a JSON Web Key Set: fetched, kept, fetched anew.
//!
//! ```text
//! at the start, by age, by an unknown `kid` ─> fetch ─> keys for the algorithm ─> kept
//!                                                └─> fails: what is kept stays
//! ```

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hornero::Stopping;
use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::{Client, Url, redirect::Policy};
use tokio::{sync::Mutex, time::sleep};

mod key_set;

use key_set::KeySet;

use crate::AuthError;

/// Longest time that an answer may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Largest answer, in bytes.
const MAX_SIZE: usize = 256 * 1024;

/// Shortest time between two fetches, however many tokens name keys that nobody knows.
const PAUSE: Duration = Duration::from_secs(3);

/// Time after which a fetch that has failed is tried again, though nobody asks.
const RETRY: Duration = Duration::from_secs(15);

/// What an issuer publishes.
pub(crate) struct Jwks {
    client: Client,
    url: Url,
    algorithm: Algorithm,
    max_age: Duration,
    kept: RwLock<Arc<KeySet>>,
    /// How often they were fetched.
    fetched: AtomicU64,
    /// Held by who fetches: the others wait, and have what they wait for then.
    last: Mutex<Option<Attempt>>,
}

/// A fetch.
#[derive(Clone, Copy)]
struct Attempt {
    at: Instant,
    failed: bool,
}

/// Why there are no new keys.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("{0}")]
    Http(reqwest::Error),
    #[error("it answered {0}")]
    Status(u16),
    #[error("its answer has more than {MAX_SIZE} bytes")]
    TooLarge,
    #[error("its answer is no JSON Web Key Set")]
    NoKeySet,
    #[error("it has no key for {0:?}")]
    NoKey(Algorithm),
}

impl Jwks {
    /// The keys at `url`. Nothing is fetched yet.
    ///
    /// # Errors
    ///
    /// If no HTTP client can be made, e.g. because the system has no certificates.
    pub(crate) fn new(url: &str, algorithm: Algorithm, max_age: Duration) -> Result<Self, String> {
        let client = Client::builder()
            .timeout(TIMEOUT)
            // What was configured is where the keys are.
            .redirect(Policy::none())
            .user_agent(concat!("hornero/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self {
            client: client.map_err(|error| error.to_string())?,
            url: url.parse().map_err(|_| "auth.jwt.jwksUrl is no address".to_owned())?,
            algorithm,
            max_age,
            kept: RwLock::default(),
            fetched: AtomicU64::default(),
            last: Mutex::default(),
        })
    }

    /// The keys that a token may be signed with that names this one.
    pub(crate) fn keys(&self, id: Option<&str>) -> Arc<[DecodingKey]> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).find(id)
    }

    /// How often the keys were fetched.
    pub(crate) fn fetched(&self) -> u64 {
        self.fetched.load(Ordering::Acquire)
    }

    /// Fetches the keys, unless that was done a moment ago.
    ///
    /// # Errors
    ///
    /// [`AuthError::NoKeys`] if it fails, or has a moment ago. What is kept stays.
    pub(crate) async fn fetch(&self) -> Result<(), AuthError> {
        let mut last = self.last.lock().await;
        if let Some(recent) = last.filter(|it| it.at.elapsed() < PAUSE) {
            return if recent.failed { Err(AuthError::NoKeys) } else { Ok(()) };
        }
        // Whoever gives up while it runs has tried, too.
        let attempt = last.insert(Attempt { at: Instant::now(), failed: true });
        let downloaded = self.download().await;
        // From the end on: whoever has waited for a slow one is not to begin another.
        *attempt = Attempt { at: Instant::now(), failed: downloaded.is_err() };
        match downloaded {
            Ok(keys) => {
                *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                self.fetched.fetch_add(1, Ordering::Release);
                Ok(())
            }
            Err(error) => {
                tracing::warn!(
                    %error,
                    "The issuer's keys cannot be fetched from {}: {error}; {}",
                    self.url.host_str().unwrap_or_default(),
                    if self.keys(None).is_empty() {
                        "its tokens cannot be checked until they are"
                    } else {
                        "those from before stay in use"
                    },
                );
                Err(AuthError::NoKeys)
            }
        }
    }

    /// Fetches the keys anew when they are old, again and again.
    pub(crate) async fn keep_current(&self, stopping: &Stopping) {
        loop {
            let due = match *self.last.lock().await {
                None => Duration::ZERO,
                Some(last) => {
                    let age = if last.failed { RETRY.min(self.max_age) } else { self.max_age };
                    age.max(PAUSE).saturating_sub(last.at.elapsed())
                }
            };
            if due.is_zero() {
                // A failure was told, and is tried again.
                self.fetch().await.ok();
                continue;
            }
            tokio::select! {
                () = stopping.wait() => return,
                () = sleep(due) => {}
            }
        }
    }

    async fn download(&self) -> Result<KeySet, FetchError> {
        // The address may hold a password, which is nothing for a log.
        let http = |error: reqwest::Error| FetchError::Http(error.without_url());
        let mut answer = self.client.get(self.url.clone()).send().await.map_err(http)?;
        if !answer.status().is_success() {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(http)? {
            if body.len() + chunk.len() > MAX_SIZE {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        let keys = KeySet::parse(&body, self.algorithm).ok_or(FetchError::NoKeySet)?;
        // An issuer that has just lost its keys would shut everybody out.
        if keys.is_empty() { Err(FetchError::NoKey(self.algorithm)) } else { Ok(keys) }
    }
}
