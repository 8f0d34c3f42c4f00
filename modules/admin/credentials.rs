//! Who may come in: by name and password, or by a session that both have opened.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hornero::{ClientAddress, ClientError, ErrorKind, RateLimit};
use tokio::{sync::Semaphore, task::spawn_blocking};
use uuid::Uuid;

use crate::AdminConfig;

/// Attempts a minute of an address.
const ATTEMPTS: u32 = 10;
const MINUTE: Duration = Duration::from_secs(60);

/// Sessions that are remembered; the oldest is forgotten first.
const MAX_SESSIONS: usize = 100;

/// Checks who wants to come in.
pub(crate) struct Credentials {
    config: Arc<AdminConfig>,
    attempts: RateLimit,
    /// One password at a time: verifying takes a processor and much memory.
    slot: Semaphore,
    sessions: Mutex<VecDeque<String>>,
}

/// What somebody presents.
pub(crate) enum Login {
    Password { username: String, password: String },
    Session(String),
}

impl Credentials {
    pub(crate) fn new(config: Arc<AdminConfig>) -> Self {
        Self {
            config,
            attempts: RateLimit::new(ATTEMPTS, MINUTE),
            slot: Semaphore::new(1),
            sessions: Mutex::default(),
        }
    }

    /// Lets an operator in, and gives the session by which to come back without the password.
    ///
    /// # Errors
    ///
    /// In the same words where the namespace is off, the name, the password or the session wrong;
    /// too many attempts of the address.
    pub(crate) async fn admit(
        &self,
        login: Login,
        from: ClientAddress,
    ) -> Result<String, ClientError> {
        if !self.config.enabled {
            return Err(refused());
        }
        match login {
            Login::Session(session) if self.sessions().contains(&session) => Ok(session),
            Login::Session(_) => Err(refused()),
            Login::Password { username, password } => {
                self.attempts.take(from)?;
                // The password is verified in any case, so that time does not tell the name.
                let fits = self.verify(password).await?;
                if fits && username == self.config.username {
                    return Ok(self.open());
                }
                tracing::warn!("Somebody was refused by /admin");
                Err(refused())
            }
        }
    }

    async fn verify(&self, password: String) -> Result<bool, ClientError> {
        let _slot = self.slot.acquire().await.map_err(|_| ClientError::internal())?;
        let hash = self.config.password_hash.clone();
        let verified = spawn_blocking(move || fits(&password, &hash));
        verified.await.map_err(|_| ClientError::internal())
    }

    fn open(&self) -> String {
        // 244 bits: nobody guesses them, so they need not be compared in constant time.
        let bits = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
        let session = BASE64_URL_SAFE_NO_PAD.encode(bits);
        let mut sessions = self.sessions();
        if sessions.len() >= MAX_SESSIONS {
            sessions.pop_front();
        }
        sessions.push_back(session.clone());
        session
    }

    /// Nothing can panic under this lock and leave them half-changed.
    fn sessions(&self) -> std::sync::MutexGuard<'_, VecDeque<String>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused() -> ClientError {
    ClientError::new(ErrorKind::Unauthorized, "Invalid credentials")
}

fn fits(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

/// Hashes a password for `admin.passwordHash`, with a random salt.
///
/// # Errors
///
/// If the system has no random numbers.
pub fn hash_password(password: &str) -> Result<String, String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|it| it.to_string()).map_err(|error| error.to_string())
}
