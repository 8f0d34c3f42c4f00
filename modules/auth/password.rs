//! Passwords: argon2id, off the threads that serve requests.

use std::{
    sync::{Arc, LazyLock},
    thread::available_parallelism,
};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier, phc::PasswordHash},
};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::AuthError;

/// Hash of a password that nobody has. Verifying against it takes as long as against
/// a real one, so that an answer's time does not tell whether an account exists.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nobody").unwrap_or_default());

/// Hashes and verifies passwords, no more at a time than there are processors.
pub(crate) struct PasswordHasher {
    slots: Arc<Semaphore>,
}

impl PasswordHasher {
    pub(crate) fn new() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        Self { slots: Arc::new(Semaphore::new(processors)) }
    }

    /// Hashes `password` with a random salt.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, AuthError> {
        let password = password.to_owned();
        self.run(move || hash(&password)).await
    }

    /// Whether `password` fits `known`. Takes the same time when there is no known hash.
    pub(crate) async fn verify(
        &self,
        password: &str,
        known: Option<&str>,
    ) -> Result<bool, AuthError> {
        let password = password.to_owned();
        let known = known.map(str::to_owned);
        self.run(move || {
            let fits = fits(&password, known.as_deref().unwrap_or(&NOBODY));
            Ok(fits && known.is_some())
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AuthError> + Send + 'static,
    ) -> Result<T, AuthError> {
        let failed = |error: &dyn std::fmt::Display| AuthError::Hashing(error.to_string());
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(|it| failed(&it))?;
        let done = spawn_blocking(move || {
            let result = work();
            drop(slot);
            result
        });
        done.await.map_err(|it| failed(&it))?
    }
}

fn hash(password: &str) -> Result<String, AuthError> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|it| it.to_string()).map_err(|error| AuthError::Hashing(error.to_string()))
}

fn fits(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let hasher = PasswordHasher::new();
        let hash = hasher.hash("correct horse").await.unwrap();

        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!hasher.verify("wrong horse", Some(&hash)).await.unwrap());
        assert!(!hasher.verify("nobody", None).await.unwrap());
    }
}
