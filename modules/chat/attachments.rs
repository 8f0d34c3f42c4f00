//! The files that messages name. Who keeps them decides which may be named, and removes them with
//! their messages.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use auth::UserId;
use database::{StorageError, Transaction};
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

    /// Removes those of `files` that are `user`'s in this conversation: in the same transaction the
    /// messages that name them are deleted, or changed to name others.
    async fn remove(
        &self,
        tx: &Transaction,
        files: &[Uuid],
        user: &UserId,
        conversation: ConversationId,
    ) -> Result<(), StorageError>;

    /// Is told that a transaction that has [removed](Self::remove) files is committed. It must be quick.
    fn removed(&self);
}

/// Asks the feature that keeps files. Without one, no message names a file.
#[derive(Default)]
pub struct Attachments {
    source: RwLock<Option<Arc<dyn FileSource>>>,
    /// Whether files were removed since a commit was told of last. If that was undone, the source is
    /// told for nothing.
    has_removed: AtomicBool,
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
        let file = file_of(metadata).zip(self.source());
        let (file, source) = file.ok_or(ChatError::NotAttachable)?;
        let is_image = r#type == MessageType::Image;
        if source.may_attach(file, user, conversation, is_image).await? {
            return Ok(());
        }
        Err(ChatError::NotAttachable)
    }

    /// Removes files that messages of `sender`'s have named, and name no more.
    pub(crate) async fn remove(
        &self,
        tx: &Transaction,
        files: &[Uuid],
        sender: &UserId,
        conversation: ConversationId,
    ) -> Result<(), StorageError> {
        let Some(source) = self.source().filter(|_| !files.is_empty()) else { return Ok(()) };
        self.has_removed.store(true, Ordering::Relaxed);
        source.remove(tx, files, sender, conversation).await
    }

    /// Is told that a transaction is committed, which may have removed files.
    pub(crate) fn committed(&self) {
        if self.has_removed.swap(false, Ordering::Relaxed)
            && let Some(source) = self.source()
        {
            source.removed();
        }
    }

    fn source(&self) -> Option<Arc<dyn FileSource>> {
        self.source.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The file that a message with this metadata names, if its type is one that does.
pub(crate) fn file_of(metadata: &Map<String, Value>) -> Option<Uuid> {
    Uuid::try_parse(metadata.get(FILE_ID)?.as_str()?).ok()
}
