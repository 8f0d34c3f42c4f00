//! How often somebody was not let in.

use std::sync::Arc;

use hornero::{Counter, Metrics};

use crate::AuthError;

/// Counts failures by their reason.
pub(crate) struct Failures {
    bad_token: Counter,
    expired: Counter,
    ended: Counter,
    credentials: Counter,
}

impl Failures {
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        let counter = |reason| {
            let help = "Tokens and passwords that were refused";
            metrics.counter("gateway_auth_failures_total", help, &[("reason", reason)])
        };
        Self {
            bad_token: counter("bad_token"),
            expired: counter("expired"),
            ended: counter("ended"),
            credentials: counter("credentials"),
        }
    }

    pub(crate) fn count(&self, error: &AuthError) {
        match error {
            AuthError::BadToken | AuthError::UnknownKey => self.bad_token.increment(1),
            AuthError::Expired => self.expired.increment(1),
            AuthError::Ended | AuthError::Disabled => self.ended.increment(1),
            AuthError::WrongCredentials => self.credentials.increment(1),
            _ => {}
        }
    }
}
