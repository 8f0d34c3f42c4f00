//! Tokens, at both doors.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header::AUTHORIZATION, request::Parts},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use socketioxide::extract::{SocketRef, TryData};

use crate::App;

/// Tells whose a token is.
pub(crate) struct Tokens {
    key: DecodingKey,
    validation: Validation,
}

/// Who has sent something.
#[derive(Clone)]
pub(crate) struct User(pub(crate) Arc<str>);

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

/// The `auth` of a handshake.
#[derive(Deserialize)]
pub(crate) struct Auth {
    token: String,
}

impl Tokens {
    pub(crate) fn new(secret: &str) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&["dialog-gateway"]);
        validation.set_audience(&["personal-assistant"]);
        Self { key: DecodingKey::from_secret(secret.as_bytes()), validation }
    }

    fn user(&self, token: &str) -> Option<User> {
        let decoded = decode::<Claims>(token, &self.key, &self.validation).ok()?;
        Some(User(decoded.claims.sub.into()))
    }
}

/// Lets a socket in, and notes whose it is.
pub(crate) async fn admit(
    app: Arc<App>,
    socket: SocketRef,
    TryData(auth): TryData<Auth>,
) -> Result<(), &'static str> {
    let user = auth.ok().and_then(|it| app.tokens.user(&it.token)).ok_or("AUTH_FAILED")?;
    socket.extensions.insert(user);
    Ok(())
}

impl FromRequestParts<Arc<App>> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, StatusCode> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
        let token = header.and_then(|it| it.strip_prefix("Bearer "));
        token.and_then(|it| app.tokens.user(it)).ok_or(StatusCode::UNAUTHORIZED)
    }
}
