//! Logins: from the proof of who somebody is to the last token that comes of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{refresh_token::RefreshToken, user::UserId};

/// Identifies a login; `sid` in its access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LoginId(pub Uuid);

/// Somebody is signed in. Its refresh tokens are one family: each is exchanged for the next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Login {
    pub(crate) id: LoginId,
    pub(crate) user_id: UserId,
}

/// A refresh token for a login, and its end.
#[derive(Debug, Clone)]
pub(crate) struct NextToken {
    pub(crate) token: RefreshToken,
    pub(crate) expires_at: DateTime<Utc>,
}

/// What becomes of a refresh token that is presented.
#[derive(Debug)]
pub(crate) enum Rotation {
    /// It was exchanged for this one.
    Next(Login, RefreshToken),
    /// It was used before, by another: the login is revoked now.
    Reused(Login),
    /// There is none, or it has ended, or its login has.
    Refused,
}
