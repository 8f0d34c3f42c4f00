//! Keys `auth.jwt.*`: who issues access tokens, and how they are checked.

use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};

use crate::config::{MAX_AGE, parse_duration};

/// Age at which the issuer's keys are fetched anew, unless configured.
const JWKS_MAX_AGE: Duration = Duration::from_secs(10 * 60);

/// Keys `auth.jwt.*`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JwtConfig {
    /// The one algorithm that tokens are signed with: `HS256`, or of another issuer `RS256`,
    /// `ES256` or `EdDSA`. Default `HS256`.
    pub algorithm: String,
    /// HS256 key, at least 32 bytes. Default: a random one kept in `server.dataDir`,
    /// except in the profile `production`, which needs one.
    pub secret: String,
    /// The other issuer's public key: PEM, in which `\n` may stand for line ends, or the path of
    /// a file that has it. Default none.
    pub public_key: String,
    /// Where the other issuer publishes its keys, as a JSON Web Key Set. Default none.
    pub jwks_url: String,
    /// Age at which published keys are fetched anew: a number with `s`, `m` or `h`, 1 second to
    /// 24 hours. Default `10m`.
    pub jwks_max_age: String,
    /// Whether the claims `role` and `user_type` of another issuer's tokens count. Default false:
    /// its users are what admins have made them here.
    pub trust_role: bool,
    /// `iss` of tokens. Default `dialog-gateway`.
    pub issuer: String,
    /// `aud` of tokens. Default `personal-assistant`.
    pub audience: String,
    /// Life of a token: a number with `s`, `m` or `h`, at most `1h`. Default `1h`.
    pub max_age: String,
}

impl Default for JwtConfig {
    fn default() -> Self {
        Self {
            algorithm: "HS256".to_owned(),
            secret: String::new(),
            public_key: String::new(),
            jwks_url: String::new(),
            jwks_max_age: "10m".to_owned(),
            trust_role: false,
            issuer: "dialog-gateway".to_owned(),
            audience: "personal-assistant".to_owned(),
            max_age: "1h".to_owned(),
        }
    }
}

impl JwtConfig {
    /// Whether tokens are issued elsewhere, and only checked here.
    pub fn is_external(&self) -> bool {
        self.algorithm() != Some(Algorithm::HS256)
    }

    /// Whether published keys come over a connection that others may change.
    pub fn fetches_in_the_clear(&self) -> bool {
        let url = self.jwks_url.parse::<reqwest::Url>();
        url.is_ok_and(|it| it.scheme() == "http" && !is_loopback(&it))
    }

    /// See [`Self::algorithm`](Self#structfield.algorithm).
    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        match self.algorithm.as_str() {
            "HS256" => Some(Algorithm::HS256),
            "RS256" => Some(Algorithm::RS256),
            "ES256" => Some(Algorithm::ES256),
            "EdDSA" => Some(Algorithm::EdDSA),
            _ => None,
        }
    }

    /// See [`Self::max_age`].
    pub(crate) fn life(&self) -> Duration {
        parse_duration(&self.max_age).unwrap_or(MAX_AGE)
    }

    /// See [`Self::jwks_max_age`].
    pub(crate) fn jwks_life(&self) -> Duration {
        parse_duration(&self.jwks_max_age).unwrap_or(JWKS_MAX_AGE)
    }

    /// What is wrong, by keys of the section `auth`.
    pub(crate) fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let mut problem = |key, text: &str| problems.push((key, text.to_owned()));
        if !self.secret.is_empty() && self.secret.len() < 32 {
            problem("jwt.secret", "must be at least 32 bytes");
        }
        if parse_duration(&self.max_age).is_none_or(|it| it.is_zero() || it > MAX_AGE) {
            problem("jwt.maxAge", "must be a number with s, m or h, at most 1h");
        }
        let day = 24 * MAX_AGE;
        if parse_duration(&self.jwks_max_age).is_none_or(|it| it.is_zero() || it > day) {
            problem("jwt.jwksMaxAge", "must be a number with s, m or h, from 1s to 24h");
        }
        if !self.jwks_url.is_empty() && !is_web_address(&self.jwks_url) {
            problem("jwt.jwksUrl", "must be an address like https://login.example.org/keys");
        }
        let Some(algorithm) = self.algorithm() else {
            problem("jwt.algorithm", "must be HS256, RS256, ES256 or EdDSA");
            return problems;
        };
        match algorithm {
            Algorithm::HS256 => {
                for (key, value) in
                    [("jwt.publicKey", &self.public_key), ("jwt.jwksUrl", &self.jwks_url)]
                {
                    if !value.is_empty() {
                        problem(key, "is for jwt.algorithm RS256, ES256 or EdDSA");
                    }
                }
            }
            _ if !self.secret.is_empty() => {
                problem("jwt.secret", "is for jwt.algorithm HS256 alone");
            }
            _ if self.public_key.is_empty() == self.jwks_url.is_empty() => {
                let text = "needs one of jwt.publicKey and jwt.jwksUrl, and not both";
                problem("jwt.algorithm", text);
            }
            _ => {}
        }
        problems
    }
}

fn is_web_address(text: &str) -> bool {
    let url = text.parse::<reqwest::Url>();
    url.is_ok_and(|it| matches!(it.scheme(), "http" | "https") && it.has_host())
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys_at_fault(change: impl FnOnce(&mut JwtConfig)) -> Vec<&'static str> {
        let mut config = JwtConfig::default();
        change(&mut config);
        config.problems().into_iter().map(|it| it.0).collect()
    }

    #[test]
    fn another_issuer_has_one_source_of_keys_and_we_have_none() {
        let url = || "https://login.example.org/keys".to_owned();
        assert!(keys_at_fault(|_| {}).is_empty());
        assert_eq!(keys_at_fault(|it| it.jwks_url = url()), ["jwt.jwksUrl"]);
        assert_eq!(keys_at_fault(|it| it.public_key = "key.pem".to_owned()), ["jwt.publicKey"]);
        let external = |change: fn(&mut JwtConfig)| {
            keys_at_fault(|it| {
                it.algorithm = "RS256".to_owned();
                it.jwks_url = url();
                change(it);
            })
        };
        assert!(external(|_| {}).is_empty());
        assert_eq!(external(|it| it.jwks_url.clear()), ["jwt.algorithm"]);
        assert_eq!(external(|it| it.public_key = "key.pem".to_owned()), ["jwt.algorithm"]);
        assert_eq!(external(|it| it.secret = "x".repeat(32)), ["jwt.secret"]);
        assert_eq!(external(|it| it.algorithm = "none".to_owned()), ["jwt.algorithm"]);
        assert_eq!(external(|it| it.jwks_max_age = "2d".to_owned()), ["jwt.jwksMaxAge"]);
        for wrong in ["login.example.org", "file:///keys", "https://"] {
            assert_eq!(keys_at_fault(|it| it.jwks_url = wrong.to_owned())[0], "jwt.jwksUrl");
        }
    }

    #[test]
    fn keys_in_the_clear_are_told_from_those_of_this_machine() {
        for (url, clear) in [
            ("https://login.example.org/keys", false),
            ("http://login.example.org/keys", true),
            ("http://127.0.0.1:9000/keys", false),
            ("http://[::1]:9000/keys", false),
            ("http://localhost/keys", false),
            ("http://localhost.example.org/keys", true),
        ] {
            let config = JwtConfig { jwks_url: url.to_owned(), ..JwtConfig::default() };
            assert_eq!(config.fetches_in_the_clear(), clear, "{url}");
        }
    }
}
