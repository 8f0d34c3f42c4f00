//! The cookie that carries the access token for pages of this server.

use std::time::Duration;

use axum::http::HeaderMap;
use axum_extra::extract::cookie::CookieJar;

/// Name of the cookie. With the prefix, browsers accept it only over HTTPS and for this
/// host alone; without HTTPS they would not accept it at all.
pub(crate) fn name(secure: bool) -> &'static str {
    if secure { "__Host-access_token" } else { "access_token" }
}

/// `Set-Cookie` that keeps `token` for as long as it is valid.
pub(crate) fn keeping(token: &str, life: Duration, secure: bool) -> String {
    let (name, life) = (name(secure), life.as_secs());
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={token}; Path=/; Max-Age={life}; HttpOnly; SameSite=Lax{secure}")
}

/// The token in the cookie of a request.
pub(crate) fn read(headers: &HeaderMap, secure: bool) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    Some(jar.get(name(secure))?.value().to_owned())
}
