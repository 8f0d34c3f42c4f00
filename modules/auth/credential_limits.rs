//! How often somebody may try to come in.

use std::{sync::Arc, time::Duration};

use hornero::{ClientAddress, Config, ConfigProblems, RateLimit, RateLimitConfig, TooMany};

/// Period of the limits.
const MINUTE: Duration = Duration::from_secs(60);

/// Limits of registering, entering as a guest and logging in: `rateLimit.credentials`.
pub(crate) struct CredentialLimits {
    by_address: RateLimit,
    by_account: RateLimit,
}

impl CredentialLimits {
    pub(crate) fn open(config: Arc<Config>) -> Result<Self, ConfigProblems> {
        let count = config.section::<RateLimitConfig>()?.credentials;
        let limit = || RateLimit::new(count, MINUTE);
        Ok(Self { by_address: limit(), by_account: limit() })
    }

    /// Counts an attempt to come in.
    pub(crate) fn attempt(&self, from: ClientAddress) -> Result<(), TooMany> {
        self.by_address.take(from).map(drop)
    }

    /// Counts an attempt to log in, also against the account: an attacker has many addresses.
    pub(crate) fn attempt_login(&self, from: ClientAddress, email: &str) -> Result<(), TooMany> {
        self.attempt(from)?;
        self.by_account.take(email.to_lowercase()).map(drop)
    }
}
