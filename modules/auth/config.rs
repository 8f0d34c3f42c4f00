//! Configuration section `auth`.

use std::time::Duration;

use hornero::ConfigSection;
use serde::{Deserialize, Serialize};

use crate::{jwt_config::JwtConfig, service_key::ServiceKeys, user::Scope};

/// Longest life of an access token.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(60 * 60);

/// Ten years: what adds to times must not leave the calendar.
const LONGEST: Duration = Duration::from_secs(87_600 * 60 * 60);

/// Life of a refresh token, unless configured.
const REFRESH_MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Life of a guest, unless configured.
const GUEST_MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Time to renew a socket, unless configured.
const SOCKET_GRACE: Duration = Duration::from_secs(30);

/// Who may come in, and with which tokens.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthConfig {
    /// Whether anybody may register. Default true.
    pub registration: bool,
    /// Scope of those who register, separated by spaces. Default `chat tasks email docs`.
    pub default_scope: String,
    /// Time after which one who has not refreshed must log in again: a number with `s`, `m` or
    /// `h`. Default `720h`, 30 days.
    pub refresh_max_age: String,
    /// Time after which a guest is removed who has neither come in nor refreshed: a number with
    /// `s`, `m` or `h`, not below `jwt.maxAge`. Default `24h`.
    pub guest_max_age: String,
    /// Time that a socket has to send `auth:refresh` when its token has ended: a number with `s`,
    /// `m` or `h`. Default `30s`.
    pub socket_grace: String,
    /// Programs that may come in by a key: name, SHA-256 of the key in hexadecimal digits and
    /// perhaps a scope, separated by colons, as in `billing:9f86d0..:chat tasks`. Without a scope,
    /// all of them. Default none; `hornero token key` makes one.
    pub service_keys: Vec<String>,
    /// Access tokens.
    pub jwt: JwtConfig,
    /// Cookies.
    pub cookies: CookieConfig,
}

/// Keys `auth.cookies.*`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CookieConfig {
    /// Whether cookies travel over HTTPS only. Default: true in the profile `production`.
    pub secure: Option<bool>,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            registration: true,
            default_scope: Scope::ALL.map(Scope::as_str).join(" "),
            refresh_max_age: "720h".to_owned(),
            guest_max_age: "24h".to_owned(),
            socket_grace: "30s".to_owned(),
            service_keys: Vec::new(),
            jwt: JwtConfig::default(),
            cookies: CookieConfig::default(),
        }
    }
}

impl AuthConfig {
    /// See [`Self::refresh_max_age`].
    pub(crate) fn refresh_life(&self) -> Duration {
        parse_duration(&self.refresh_max_age).unwrap_or(REFRESH_MAX_AGE)
    }

    /// See [`Self::guest_max_age`].
    pub(crate) fn guest_life(&self) -> Duration {
        parse_duration(&self.guest_max_age).unwrap_or(GUEST_MAX_AGE)
    }

    /// See [`Self::socket_grace`].
    pub(crate) fn socket_grace(&self) -> Duration {
        parse_duration(&self.socket_grace).unwrap_or(SOCKET_GRACE)
    }
}

impl ConfigSection for AuthConfig {
    const KEY: &'static str = "auth";
    const ALIASES: &'static [(&'static str, &'static str)] = &[("JWT_SECRET", "jwt.secret")];

    const SECRETS: &'static [&'static str] = &["jwt.secret"];

    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = self.jwt.problems();
        if parse_duration(&self.refresh_max_age).is_none_or(|it| it.is_zero() || it > LONGEST) {
            let text = "must be a number with s, m or h, at most 87600h";
            problems.push(("refreshMaxAge", text.to_owned()));
        }
        // A guest whose token still counts must be there.
        let guest = parse_duration(&self.guest_max_age);
        if guest.is_none_or(|it| it < self.jwt.life() || it > LONGEST) {
            let text = "must be a number with s, m or h, from jwt.maxAge to 87600h";
            problems.push(("guestMaxAge", text.to_owned()));
        }
        if parse_duration(&self.socket_grace).is_none_or(|it| it > MAX_AGE) {
            problems
                .push(("socketGrace", "must be a number with s, m or h, at most 1h".to_owned()));
        }
        if ServiceKeys::parse(&self.service_keys).is_none() {
            let text = "must be entries like billing:<SHA-256 in 64 hexadecimal digits>, as \
                        `hornero token key --service billing` prints them";
            problems.push(("serviceKeys", text.to_owned()));
        }
        let scopes = Scope::ALL.map(Scope::as_str);
        if self.default_scope.split(' ').any(|it| !scopes.contains(&it)) {
            let text = format!("must be out of {}, separated by spaces", scopes.join(", "));
            problems.push(("defaultScope", text));
        }
        problems
    }
}

/// A number with `s`, `m` or `h`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        _ => return None,
    };
    let number: u64 = text[..text.len() - 1].parse().ok()?;
    Some(Duration::from_secs(number.checked_mul(unit)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(parse_duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(parse_duration("1h"), Some(MAX_AGE));
        for text in ["", "h", "60", "1d", "-1h", "1.5h"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
