//! What can go wrong with rooms, and how clients learn of it.

use auth::AuthError;
use database::StorageError;
use delivery::AccessError;
use hornero::ClientError;

/// Reason the room service refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum RoomError {
    /// The caller may not do this there.
    #[error(transparent)]
    Access(#[from] AccessError),

    /// The caller may not do this at all.
    #[error(transparent)]
    Auth(#[from] AuthError),

    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<RoomError> for ClientError {
    fn from(error: RoomError) -> Self {
        match error {
            RoomError::Access(error) => error.into(),
            RoomError::Auth(error) => error.into(),
            RoomError::Storage(error) => error.into(),
        }
    }
}
