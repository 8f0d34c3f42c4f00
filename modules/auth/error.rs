//! What can go wrong in authentication, and how clients learn of it.

use std::path::PathBuf;

use database::StorageError;
use hornero::{ClientError, ErrorKind};

use crate::user::Scope;

/// Reason authentication refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The request carries no token.
    #[error("A token is needed: log in, or send it as Authorization: Bearer")]
    NoToken,

    /// The token is not ours, or is not what it should be.
    #[error("The token is not valid")]
    BadToken,

    /// The token is signed with a key that its issuer does not publish.
    #[error("The token is not valid")]
    UnknownKey,

    /// The issuer's keys cannot be had at the moment.
    #[error("Tokens cannot be checked at the moment: try again")]
    NoKeys,

    /// The token was valid once.
    #[error("The token has expired: log in again")]
    Expired,

    /// The login was revoked, or its user disabled.
    #[error("The login has ended: log in again")]
    Ended,

    /// The token is another user's than the socket.
    #[error("The token is not one of this socket's user")]
    OtherUser,

    /// The account is disabled.
    #[error("This account is disabled")]
    Disabled,

    /// A cookie came along with a request that a foreign page may have made.
    #[error("A cookie is not enough here: the request does not come from a page of this server")]
    ForeignCookie,

    /// Wrong e-mail address or password, and which of them is not told.
    #[error("E-mail address or password are wrong")]
    WrongCredentials,

    /// The e-mail address belongs to somebody.
    #[error("There is an account with this e-mail address already")]
    EmailTaken,

    /// What an operator said about a new user is not as it must be.
    #[error(
        "a user needs an e-mail address of at most 254 characters, a name of 1 to 80 on one line, \
         and a password of 12 to 128"
    )]
    BadForm,

    /// What an operator calls a service is no name.
    #[error(
        "a service's name is 1 to 64 letters, digits, dots, underscores and hyphens, all ASCII"
    )]
    BadServiceName,

    /// What an operator asks a token for is no scope.
    #[error("a scope is one or more of chat, tasks, email and docs, separated by single spaces")]
    BadScope,

    /// `auth.registration` is off.
    #[error("Registration is closed")]
    RegistrationClosed,

    /// `auth.jwt.algorithm` is one of another issuer.
    #[error("Tokens are issued elsewhere: this server only checks them")]
    IssuedElsewhere,

    /// The token is good for other things.
    #[error("The token lacks the scope `{}`", .0.as_str())]
    Scope(Scope),

    /// Guests may not do this.
    #[error("Guests may not do this: register first")]
    Guest,

    /// The caller is not one of those who may do this.
    #[error("Only {0} may do this")]
    Only(&'static str),

    /// There is no such user.
    #[error("There is no such user")]
    NoSuchUser,

    /// The production profile has no key to sign tokens with.
    #[error(
        "production needs a key to sign tokens with: set JWT_SECRET to at least 32 random bytes \
         (openssl rand -base64 48)"
    )]
    NoSecret,

    /// The generated key could not be kept.
    #[error(
        "cannot keep the token key in the data folder {folder:?}: {source}; make it writable, or \
         set JWT_SECRET"
    )]
    Secret {
        /// The data folder.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },

    /// `auth.jwt.publicKey` is not what it should be.
    #[error("auth.jwt.publicKey {0}")]
    PublicKey(String),

    /// What fetches the issuer's keys cannot be made.
    #[error("the keys of auth.jwt.jwksUrl cannot be fetched: {0}")]
    HttpClient(String),

    /// A token could not be signed.
    #[error("a token could not be signed: {0}")]
    Signing(String),

    /// A password could not be hashed.
    #[error("a password could not be hashed: {0}")]
    Hashing(String),

    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<AuthError> for ClientError {
    fn from(error: AuthError) -> Self {
        let kind = match error {
            AuthError::NoToken
            | AuthError::BadToken
            | AuthError::UnknownKey
            | AuthError::Ended
            | AuthError::OtherUser
            | AuthError::WrongCredentials => ErrorKind::Unauthorized,
            AuthError::Expired => ErrorKind::TokenExpired,
            AuthError::ForeignCookie
            | AuthError::Disabled
            | AuthError::RegistrationClosed
            | AuthError::IssuedElsewhere
            | AuthError::Guest
            | AuthError::Only(_)
            | AuthError::Scope(_) => ErrorKind::Forbidden,
            AuthError::EmailTaken => {
                return Self::new(ErrorKind::Conflict, error.to_string())
                    .detail("reason", "email_taken");
            }
            AuthError::BadForm | AuthError::BadServiceName | AuthError::BadScope => {
                ErrorKind::Invalid
            }
            AuthError::NoSuchUser => ErrorKind::NotFound,
            AuthError::NoKeys => return Self::unavailable(error.to_string()),
            AuthError::Storage(error) => return error.into(),
            AuthError::NoSecret
            | AuthError::Secret { .. }
            | AuthError::PublicKey(_)
            | AuthError::HttpClient(_)
            | AuthError::Signing(_)
            | AuthError::Hashing(_) => {
                tracing::error!(%error, "Authentication failed: {error}");
                return Self::internal();
            }
        };
        Self::new(kind, error.to_string())
    }
}
