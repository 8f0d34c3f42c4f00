//! What can go wrong with files, and how clients learn of it.

use auth::AuthError;
use chat::ChatError;
use database::StorageError;
use delivery::{AccessError, AppendError};
use hornero::{ClientError, ErrorKind};

use crate::{scanner::ScanError, storage::BytesError};

/// Reason the file service refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The caller may not do this there.
    #[error(transparent)]
    Access(#[from] AccessError),

    /// The caller may not do this at all.
    #[error(transparent)]
    Auth(#[from] AuthError),

    /// There is no such file, or the caller may not know of it, or nobody has looked through it.
    #[error("There is no such file")]
    NoFile,

    /// The file is larger than so many bytes.
    #[error("The file is too large: {0} bytes at most")]
    TooLarge(u64),

    /// The caller's files would take more than so many bytes together.
    #[error(
        "Your files would take more than {0} bytes: delete messages with files that you need no more"
    )]
    Quota(u64),

    /// The content is of none of these types.
    #[error("The content of the file is of no type that is taken here")]
    WrongType(Vec<String>),

    /// There is a virus in the file.
    #[error("The file is infected")]
    Infected,

    /// Nobody can look through the file right now.
    #[error("The file cannot be looked through right now")]
    Scan(#[from] ScanError),

    /// The bytes do not come or go.
    #[error("The server cannot reach its files right now")]
    Bytes(#[from] BytesError),

    /// Too many files are received at the same time.
    #[error("The server receives too many files at once: try again")]
    Busy,

    /// The client has not sent all of it in time.
    #[error("The file took too long to arrive")]
    Slow,

    /// The form has something else in it than it should.
    #[error("the form is refused: {0:?}")]
    Form(ClientError),

    /// The message that tells of the file could not be stored.
    #[error(transparent)]
    Chat(#[from] ChatError),

    /// The same.
    #[error(transparent)]
    Append(#[from] AppendError),

    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),

    /// The server failed, which is in the log.
    #[error("receiving a file was broken off")]
    Broken,
}

impl From<FileError> for ClientError {
    fn from(error: FileError) -> Self {
        let text = error.to_string();
        match error {
            FileError::Access(error) => error.into(),
            FileError::Auth(error) => error.into(),
            FileError::NoFile => {
                Self::new(ErrorKind::NotFound, text).detail("reason", "file_not_found")
            }
            FileError::TooLarge(most) => {
                Self::new(ErrorKind::TooLarge, text).detail("maxBytes", most)
            }
            FileError::Quota(most) => Self::new(ErrorKind::TooLarge, text)
                .detail("reason", "quota_exceeded")
                .detail("maxBytesPerUser", most),
            FileError::WrongType(types) => Self::new(ErrorKind::Unacceptable, text)
                .detail("reason", "type_not_allowed")
                .detail("allowedTypes", types),
            FileError::Infected => {
                Self::new(ErrorKind::Unacceptable, text).detail("reason", "infected")
            }
            FileError::Scan(error) => {
                tracing::error!(%error, "A file could not be looked through: {error}");
                Self::unavailable(text)
            }
            FileError::Bytes(error) => {
                tracing::error!(%error, "A file could not be stored or read: {error}");
                Self::unavailable(text)
            }
            FileError::Busy => Self::unavailable(text),
            FileError::Slow => Self::new(ErrorKind::Timeout, text),
            FileError::Form(error) => error,
            FileError::Chat(error) => error.into(),
            FileError::Append(error) => error.into(),
            FileError::Storage(error) => error.into(),
            FileError::Broken => Self::internal(),
        }
    }
}
