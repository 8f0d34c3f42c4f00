//! Tokens that were verified before: a client shows the same one with each request.

use chrono::Utc;
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use crate::{AuthError, Caller, token::LEEWAY};

/// Tokens that are kept, at less than 1 KiB each.
const MAX_KEPT: u64 = 20_000;

/// What tokens say whose signatures were right. The tokens themselves are not kept, only what
/// SHA-256 makes of them.
pub(crate) struct Verified(Cache<[u8; 32], Known>);

#[derive(Clone)]
struct Known {
    caller: Caller,
    name: String,
    /// The keys' state by which the token was verified.
    keys: u64,
}

impl Default for Verified {
    fn default() -> Self {
        Self(Cache::new(MAX_KEPT))
    }
}

impl Verified {
    /// Who holds a token and what they are called: as it was kept, if the keys are what they were
    /// then, else as `read` says.
    ///
    /// # Errors
    ///
    /// [`AuthError::Expired`], or that of `read`.
    pub(crate) fn find(
        &self,
        token: &str,
        keys: u64,
        read: impl FnOnce() -> Result<(Caller, String), AuthError>,
    ) -> Result<(Caller, String), AuthError> {
        let hash = Sha256::digest(token).into();
        if let Some(known) = self.0.get(&hash).filter(|it| it.keys == keys) {
            if known.caller.expires_at < Utc::now().timestamp() - LEEWAY.cast_signed() {
                self.0.invalidate(&hash);
                return Err(AuthError::Expired);
            }
            return Ok((known.caller, known.name));
        }
        let (caller, name) = read()?;
        self.0.insert(hash, Known { caller: caller.clone(), name: name.clone(), keys });
        Ok((caller, name))
    }
}
