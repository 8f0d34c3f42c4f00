//! What can go wrong in delivery, and how clients learn of it.

use auth::AuthError;
use database::StorageError;
use hornero::{ClientError, ErrorKind};

use crate::batch::WriteError;

/// Reason a caller may not do something in a conversation.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The caller may not know whether there is such a conversation.
    #[error("There is no such conversation, or you have no access to it")]
    Denied,

    /// The room is public, but the caller is no member.
    #[error("Only members may do this: join the room first")]
    NotAMember,

    /// The caller's role there is not enough.
    #[error("Your role in the conversation does not allow this")]
    NotAllowed,

    /// The session is closed.
    #[error("The session is closed")]
    Closed,

    /// The socket has joined as many conversations as one may.
    #[error("This connection has joined too many conversations: leave one first")]
    TooManyJoined,

    /// The socket has left meanwhile.
    #[error("The connection is gone")]
    Gone,

    /// Users could not be looked up.
    #[error(transparent)]
    Auth(#[from] AuthError),

    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl AccessError {
    /// Whether the caller may not, and it is not that nobody knows.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Denied | Self::NotAMember | Self::NotAllowed | Self::Closed)
    }
}

impl From<AccessError> for ClientError {
    fn from(error: AccessError) -> Self {
        let (kind, reason) = match error {
            AccessError::Denied => (ErrorKind::NoAccess, None),
            AccessError::NotAMember => (ErrorKind::NotAMember, None),
            AccessError::NotAllowed => (ErrorKind::Forbidden, None),
            AccessError::Closed => (ErrorKind::Conflict, Some("session_closed")),
            AccessError::Gone => (ErrorKind::Unavailable, None),
            AccessError::TooManyJoined => (ErrorKind::Conflict, Some("too_many_joined")),
            AccessError::Auth(error) => return error.into(),
            AccessError::Storage(error) => return error.into(),
        };
        let refusal = Self::new(kind, error.to_string());
        match reason {
            Some(reason) => refusal.detail("reason", reason),
            None => refusal,
        }
    }
}

/// Reason an event was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The conversation does not exist, or not any more.
    #[error("There is no such conversation, or you have no access to it")]
    NoConversation,

    /// Its feature does not allow it.
    #[error("the event was refused: {0:?}")]
    Refused(ClientError),

    /// Too many events wait to be stored.
    #[error("The server stores too much at once: try again")]
    Busy,

    /// The database cannot be written to, which is in the log. Where it failed at the end
    /// of a commit, the event may be stored all the same.
    #[error("The server cannot reach its data right now")]
    Unavailable,

    /// The database failed on this event.
    #[error(transparent)]
    Storage(#[from] StorageError),

    /// There is nobody to store it.
    #[error("an event could not be stored: {0}")]
    Lost(String),
}

impl From<WriteError> for AppendError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Storage(error) => error.into(),
            error => Self::Lost(error.to_string()),
        }
    }
}

impl From<AppendError> for ClientError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::NoConversation => Self::new(ErrorKind::NoAccess, error.to_string()),
            AppendError::Refused(error) => error,
            AppendError::Busy | AppendError::Unavailable => Self::unavailable(error.to_string()),
            AppendError::Storage(error) => error.into(),
            AppendError::Lost(_) => {
                tracing::error!(%error, "A request failed: {error}");
                Self::internal()
            }
        }
    }
}
