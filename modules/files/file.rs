//! What a file is, to every layer of this module.

use auth::UserId;
use chrono::{DateTime, Utc};
use delivery::ConversationId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Identifies a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct FileId(pub Uuid);

impl FileId {
    /// A new id. Version 7, so ids sort by time.
    pub(crate) fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl std::fmt::Display for FileId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A file whose bytes are stored.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Identifies it.
    pub id: FileId,
    /// Where it belongs.
    pub conversation: ConversationId,
    /// Who has brought it.
    pub uploader: UserId,
    /// 1 to 255 bytes, without a path and control characters.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// What its content shows it to be, such as `image/png`.
    pub content_type: String,
    /// Of its bytes, in hexadecimal.
    pub sha256: String,
    /// How far it is.
    pub(crate) status: FileStatus,
    /// Whether a message is to tell of it.
    pub(crate) announce: bool,
    /// When its upload began.
    pub created_at: DateTime<Utc>,
}

impl File {
    /// Whether it is a picture.
    pub fn is_image(&self) -> bool {
        self.content_type.starts_with("image/")
    }
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileStatus {
    /// Its bytes are being received.
    Uploading,
    /// It is stored. Nobody has looked through it yet.
    Unscanned,
    /// It may be read. The message that tells of it is not stored yet.
    Unannounced,
    /// It may be read, and nothing is left to do.
    Done,
    /// It is gone, but for what is left of its bytes.
    Removed,
}

impl FileStatus {
    const ALL: [Self; 5] =
        [Self::Uploading, Self::Unscanned, Self::Unannounced, Self::Done, Self::Removed];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Uploading => "uploading",
            Self::Unscanned => "unscanned",
            Self::Unannounced => "unannounced",
            Self::Done => "done",
            Self::Removed => "removed",
        }
    }

    /// A status that this version does not know lets nobody read the file.
    pub(crate) fn parse(name: &str) -> Self {
        Self::ALL.into_iter().find(|it| it.as_str() == name).unwrap_or(Self::Unscanned)
    }

    /// Whether the file may be read.
    pub(crate) fn is_clean(self) -> bool {
        matches!(self, Self::Unannounced | Self::Done)
    }
}
