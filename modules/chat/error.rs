//! What can go wrong in chat, and how clients learn of it.

use database::StorageError;
use delivery::{AccessError, AppendError};
use hornero::ClientError;

/// Reason the chat service refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// The caller may not do this in the conversation.
    #[error(transparent)]
    Access(#[from] AccessError),

    /// The message could not be appended to the conversation.
    #[error(transparent)]
    Append(#[from] AppendError),

    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<ChatError> for ClientError {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::Access(error) => error.into(),
            ChatError::Append(error) => error.into(),
            ChatError::Storage(error) => error.into(),
        }
    }
}
