//! The files that messages name. Who keeps them decides which may be named.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use auth::UserId;
use database::StorageError;
use delivery::ConversationId;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{error::ChatError, message::MessageType};

/// Field of a message's metadata that names a file.
const FILE_ID: &str = "fileId";

/// Knows files.
#[async_trait]
pub trait FileSource: Send + Sync {
    /// Whether `user` may name the file in a message there: it is the user's own, in this
    /// conversation, and known to be harmless. With `is_image`, it must be a picture.
    async fn may_attach(
        &self,
        file: Uuid,
        user: &UserId,
        conversation: ConversationId,
        is_image: bool,
    ) -> Result<bool, StorageError>;
}

/// Asks the feature that keeps files. Without one, no message names a file.
#[derive(Default)]
pub struct Attachments {
    source: RwLock<Option<Arc<dyn FileSource>>>,
}

impl Attachments {
    /// Makes `source` decide. For `on_init` hooks.
    pub fn set_source(&self, source: Arc<dyn FileSource>) {
        *self.source.write().unwrap_or_else(PoisonError::into_inner) = Some(source);
    }

    /// Refuses a message that should name a file and does not, or one that it may not name.
    pub(crate) async fn check(
        &self,
        user: &UserId,
        conversation: ConversationId,
        r#type: MessageType,
        metadata: &Map<String, Value>,
    ) -> Result<(), ChatError> {
        if !r#type.has_file() {
            return Ok(());
        }
        let source = self.source.read().unwrap_or_else(PoisonError::into_inner).clone();
        let named = metadata.get(FILE_ID).and_then(Value::as_str);
        let file = named.and_then(|it| Uuid::try_parse(it).ok()).zip(source);
        let (file, source) = file.ok_or(ChatError::NotAttachable)?;
        let is_image = r#type == MessageType::Image;
        if source.may_attach(file, user, conversation, is_image).await? {
            return Ok(());
        }
        Err(ChatError::NotAttachable)
    }
}
