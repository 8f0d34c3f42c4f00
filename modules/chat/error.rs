//! What can go wrong in chat, and how clients learn of it.

use database::StorageError;
use delivery::{AccessError, AppendError};
use hornero::{ClientError, ErrorKind};

/// Reason the chat service refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// The caller may not do this in the conversation.
    #[error(transparent)]
    Access(#[from] AccessError),

    /// The message could not be appended to the conversation.
    #[error(transparent)]
    Append(#[from] AppendError),

    /// There is no such message, or it was deleted, or the caller may not know of it.
    #[error("There is no such message, or it was deleted")]
    NoMessage,

    /// Neither content nor metadata is to be changed.
    #[error("must be given, or `metadata`")]
    NothingToChange,

    /// The message is sent as what the caller is not.
    #[error("Only services and admins may send messages of another role or type")]
    NotAPerson,

    /// Nothing is left of an HTML text.
    #[error("has nothing in it but HTML that is not allowed")]
    NothingHarmless,

    /// An object in a message that is no graph, or text in one that is.
    #[error("must be an object in a message of type graph, and text in all others")]
    OtherContent,

    /// Only its sender may change a message.
    #[error("Only its sender may change a message")]
    NotTheSender,

    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<ChatError> for ClientError {
    fn from(error: ChatError) -> Self {
        match error {
            ChatError::Access(error) => error.into(),
            ChatError::Append(error) => error.into(),
            ChatError::NoMessage => Self::new(ErrorKind::NotFound, error.to_string())
                .detail("reason", "message_not_found"),
            ChatError::NothingToChange => Self::field("content", "required", &error.to_string()),
            ChatError::NothingHarmless => Self::field("content", "html", &error.to_string()),
            ChatError::OtherContent => Self::field("content", "type", &error.to_string()),
            ChatError::NotAPerson | ChatError::NotTheSender => {
                Self::new(ErrorKind::Forbidden, error.to_string())
            }
            ChatError::Storage(error) => error.into(),
        }
    }
}
