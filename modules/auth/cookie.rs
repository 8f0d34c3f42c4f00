//! The cookies that carry tokens for pages of this server.

use std::time::Duration;

use axum::http::HeaderMap;
use axum_extra::extract::cookie::CookieJar;

/// Which token a cookie carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenCookie {
    /// The access token, for every route.
    Access,
    /// The refresh token, which is shown to `/auth/` only.
    Refresh,
}

impl TokenCookie {
    /// Name of the cookie. With a prefix, browsers accept it only over HTTPS, and with `__Host-`
    /// for this host and all paths alone; without HTTPS they would not accept it at all.
    pub(crate) fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Access, false) => "access_token",
            (Self::Access, true) => "__Host-access_token",
            (Self::Refresh, false) => "refresh_token",
            (Self::Refresh, true) => "__Secure-refresh_token",
        }
    }

    /// `Set-Cookie` that keeps `token` for as long as it is valid.
    pub(crate) fn keeping(self, token: &str, life: Duration, secure: bool) -> String {
        let (name, life) = (self.name(secure), life.as_secs());
        let path = match self {
            Self::Access => "/",
            Self::Refresh => "/auth/",
        };
        let secure = if secure { "; Secure" } else { "" };
        format!("{name}={token}; Path={path}; Max-Age={life}; HttpOnly; SameSite=Lax{secure}")
    }

    /// `Set-Cookie` that forgets the token.
    pub(crate) fn forgetting(self, secure: bool) -> String {
        self.keeping("", Duration::ZERO, secure)
    }

    /// The token in the cookie of a request.
    pub(crate) fn read(self, headers: &HeaderMap, secure: bool) -> Option<String> {
        let jar = CookieJar::from_headers(headers);
        Some(jar.get(self.name(secure))?.value().to_owned())
    }
}
