//! What can go wrong with rooms, and how clients learn of it.

use auth::AuthError;
use database::StorageError;
use delivery::AccessError;
use hornero::{ClientError, ErrorKind};

/// Reason the room service refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum RoomError {
    /// The caller may not do this there.
    #[error(transparent)]
    Access(#[from] AccessError),

    /// The caller may not do this at all.
    #[error(transparent)]
    Auth(#[from] AuthError),

    /// Nothing is to be changed.
    #[error("must be given, or `visibility`, or `metadata`")]
    NothingToChange,

    /// The user is no member of the room.
    #[error("The user is no member of the room")]
    NoSuchMember,

    /// A room without an owner could not be managed any more.
    #[error("The room's last owner must stay: make somebody else an owner first")]
    LastOwner,

    /// It could not be done to its end, which is in the log.
    #[error("a change of a room was lost: {0}")]
    Lost(String),

    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<RoomError> for ClientError {
    fn from(error: RoomError) -> Self {
        match error {
            RoomError::Access(error) => error.into(),
            RoomError::Auth(error) => error.into(),
            RoomError::NothingToChange => Self::field("name", "required", &error.to_string()),
            RoomError::NoSuchMember => Self::new(ErrorKind::NotFound, error.to_string())
                .detail("reason", "member_not_found"),
            RoomError::LastOwner => {
                Self::new(ErrorKind::Conflict, error.to_string()).detail("reason", "last_owner")
            }
            RoomError::Lost(_) => {
                tracing::error!(%error, "A request failed: {error}");
                Self::internal()
            }
            RoomError::Storage(error) => error.into(),
        }
    }
}
