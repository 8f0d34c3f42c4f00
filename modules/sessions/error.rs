//! What can go wrong with sessions, and how clients learn of it.

use database::StorageError;
use delivery::AccessError;
use hornero::{ClientError, ErrorKind};

/// Reason the session service refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The caller may not do this there.
    #[error(transparent)]
    Access(#[from] AccessError),

    /// Nothing is to be changed.
    #[error("must be given, or `status`, or `metadata`")]
    NothingToChange,

    /// The guest has an open session already.
    #[error("Guests may have one open session: go on in the one you have, or register")]
    OneForGuests,

    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<SessionError> for ClientError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Access(error) => error.into(),
            SessionError::NothingToChange => Self::field("title", "required", &error.to_string()),
            SessionError::OneForGuests => Self::new(ErrorKind::Forbidden, error.to_string()),
            SessionError::Storage(error) => error.into(),
        }
    }
}
