//! The wire forms of authentication, field by field.

use hornero::{rules, timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::{
    service::SignedIn,
    user::{Role, Scope, Status, User, UserId, UserType},
    user_service::ChangeUser,
};

/// Body of `POST /auth/register`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Register {
    /// At most 254 characters; in any case, kept in lower case.
    #[validate(email, length(max = 254))]
    #[schema(format = Email, max_length = 254)]
    pub email: String,
    /// 12 to 128 characters.
    #[validate(length(min = 12, max = 128))]
    #[schema(format = Password, min_length = 12, max_length = 128)]
    pub password: String,
    /// How others see the user, 1 to 80 characters.
    #[validate(length(min = 1, max = 80), custom(function = "rules::single_line"))]
    #[schema(
        min_length = 1,
        max_length = 80,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub display_name: String,
}

/// Body of `POST /auth/login`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogIn {
    /// As registered, in any case.
    #[validate(length(min = 1, max = 254), custom(function = "rules::single_line"))]
    #[schema(
        min_length = 1,
        max_length = 254,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub email: String,
    /// As registered.
    #[validate(length(min = 1, max = 128))]
    #[schema(format = Password, min_length = 1, max_length = 128)]
    pub password: String,
}

/// Body of `POST /auth/guest`.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnterAsGuest {
    /// How others see the guest, 1 to 80 characters. Default `Guest`.
    #[validate(length(min = 1, max = 80), custom(function = "rules::single_line"))]
    #[schema(
        min_length = 1,
        max_length = 80,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub display_name: Option<String>,
}

/// Body of `POST /auth/refresh`.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refresh {
    /// The refresh token that was given last, 1 to 128 characters. Default: that in the cookie.
    #[validate(length(min = 1, max = 128))]
    #[schema(format = Password, min_length = 1, max_length = 128)]
    pub refresh_token: Option<String>,
}

/// Body of `PATCH /auth/users/{userId}`: what is left out stays as it is.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PatchUser {
    /// Kind of user.
    pub user_type: Option<UserType>,
    /// What the user may administer.
    pub role: Option<Role>,
    /// What the user's tokens are good for, out of `chat tasks email docs`, separated by spaces.
    #[validate(custom(function = "scopes"))]
    #[schema(pattern = r"^(chat|tasks|email|docs)( (chat|tasks|email|docs)){0,3}$")]
    pub scope: Option<String>,
    /// Whether the user may come in.
    pub status: Option<Status>,
}

impl From<PatchUser> for ChangeUser {
    fn from(body: PatchUser) -> Self {
        let PatchUser { user_type, role, scope, status } = body;
        Self { user_type, role, scope, status }
    }
}

/// One to four scopes.
pub(crate) fn scopes(text: &str) -> Result<(), ValidationError> {
    let mut count = 0;
    let known = text.split(' ').inspect(|_| count += 1).all(|it| Scope::parse(it).is_some());
    if known && count <= 4 {
        return Ok(());
    }
    let message = "one or more of chat, tasks, email and docs, separated by single spaces";
    Err(ValidationError::new("scope").with_message(message.into()))
}

/// Payload of `auth:refresh`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RenewSocket {
    /// An access token of the same user, with or without `Bearer `; 1 to 8,192 characters.
    #[validate(length(min = 1, max = 8192))]
    #[schema(format = Password, min_length = 1, max_length = 8192)]
    pub token: String,
}

/// Answer to `auth:refresh`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SocketRenewed {
    /// When the token ends: RFC 3339, UTC, milliseconds.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// Answer to registering, logging in, entering as a guest and refreshing.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignedInView {
    /// Who is signed in.
    pub user: UserView,
    /// Token to send as `Authorization: Bearer`, or as `auth.token` of a Socket.IO handshake.
    pub access_token: String,
    /// What `POST /auth/refresh` exchanges for the next two tokens, once.
    pub refresh_token: String,
    /// Seconds until the access token ends.
    pub expires_in: u64,
}

impl From<SignedIn> for SignedInView {
    fn from(signed_in: SignedIn) -> Self {
        Self {
            user: signed_in.user.into(),
            access_token: signed_in.access_token,
            refresh_token: signed_in.refresh_token.to_text(),
            expires_in: signed_in.life.as_secs(),
        }
    }
}

/// A user as the user sees itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserView {
    /// Identifies the user.
    pub id: UserId,
    /// Lower case; `null` for guests.
    #[schema(required)]
    pub email: Option<String>,
    /// How others see the user.
    pub display_name: String,
    /// Kind of user.
    pub user_type: UserType,
    /// What the user may administer.
    pub role: Role,
    /// What the user's tokens are good for, separated by spaces.
    pub scope: String,
    /// Whether the user may come in.
    pub status: Status,
    /// RFC 3339, UTC, milliseconds.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// RFC 3339, UTC, milliseconds.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            display_name: user.display_name,
            user_type: user.user_type,
            role: user.role,
            scope: user.scope,
            status: user.status,
            created_at: timestamp(user.created_at),
            updated_at: timestamp(user.updated_at),
        }
    }
}
