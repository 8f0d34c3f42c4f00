//! What uploaders are told.

use chat::MessageId;
use hornero::Event;
use serde::Serialize;
use utoipa::ToSchema;

use crate::dto::FileView;

/// A file may be read, and a message tells of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileUploaded {
    pub(crate) file: FileView,
    pub(crate) message_id: MessageId,
}

impl Event for FileUploaded {
    const NAME: &'static str = "chat:file:uploaded";
}
