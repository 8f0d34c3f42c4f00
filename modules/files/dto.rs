//! The wire forms of files, field by field.
//!
//! These types are the contract with existing clients: renaming a field breaks them.
//! Unknown fields are ignored, since clients may be newer than the server.

use delivery::ConversationId;
use hornero::Binary;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::file::{File, FileId};

/// Body of `POST /files`, a form in several parts. Exactly one of `roomId` and `sessionId` is
/// needed.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only described: a form is read part by part")]
pub(crate) struct UploadForm {
    /// The file, with its name.
    #[schema(format = Binary)]
    file: String,
    /// The room it is for.
    #[schema(nullable = false)]
    room_id: Option<ConversationId>,
    /// The session it is for.
    #[schema(nullable = false)]
    session_id: Option<ConversationId>,
    /// Whether a message is to tell of it. Default true.
    #[schema(nullable = false, default = true)]
    message: Option<bool>,
}

/// Payload of `chat:file:upload`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UploadFile {
    /// The room, or any other conversation.
    pub(crate) room_id: ConversationId,
    /// 1 to 1,024 characters. A path, control characters and what is over 255 bytes are left out.
    #[validate(length(min = 1, max = 1_024))]
    #[schema(min_length = 1, max_length = 1024)]
    pub(crate) name: String,
    /// What the client takes it for, 1 to 255 characters. The server goes by the content.
    #[validate(length(min = 1, max = 255))]
    #[schema(min_length = 1, max_length = 255)]
    pub(crate) content_type: String,
    /// At most 900 KiB.
    pub(crate) data: Binary,
}

/// Answer to `chat:file:upload`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileAccepted {
    /// The file, which is stored.
    pub(crate) file_id: FileId,
    /// `batch-delay`: it is looked through before others see it.
    pub(crate) delivery_status: &'static str,
}

/// A file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileView {
    id: FileId,
    /// 1 to 255 bytes, without a path and control characters.
    name: String,
    /// In bytes.
    size: u64,
    /// What its content shows it to be.
    content_type: String,
    /// Of its bytes, in hexadecimal.
    sha256: String,
    conversation_id: ConversationId,
}

impl From<&File> for FileView {
    fn from(file: &File) -> Self {
        Self {
            id: file.id,
            name: file.name.clone(),
            size: file.size,
            content_type: file.content_type.clone(),
            sha256: file.sha256.clone(),
            conversation_id: file.conversation,
        }
    }
}
