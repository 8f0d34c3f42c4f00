//! What chat asks of files: which a message may name, and that none is read once its message does not
//! name it any more.

use std::sync::Arc;

use async_trait::async_trait;
use auth::UserId;
use chat::FileSource;
use database::{StorageError, Transaction};
use delivery::ConversationId;
use uuid::Uuid;

use crate::{cleaning::Cleaning, file::FileId, repository::FileRepository};

/// The files that messages name.
pub(crate) struct NamedFiles {
    files: Arc<dyn FileRepository>,
    cleaning: Arc<Cleaning>,
}

impl NamedFiles {
    pub(crate) fn new(files: Arc<dyn FileRepository>, cleaning: Arc<Cleaning>) -> Self {
        Self { files, cleaning }
    }
}

#[async_trait]
impl FileSource for NamedFiles {
    async fn may_attach(
        &self,
        file: Uuid,
        user: &UserId,
        conversation: ConversationId,
        is_image: bool,
    ) -> Result<bool, StorageError> {
        let file = self.files.find(FileId(file)).await?;
        Ok(file.is_some_and(|it| {
            it.status.is_clean()
                && it.uploader == *user
                && it.conversation == conversation
                && (it.is_image() || !is_image)
        }))
    }

    async fn remove(
        &self,
        tx: &Transaction,
        files: &[Uuid],
        user: &UserId,
        conversation: ConversationId,
    ) -> Result<(), StorageError> {
        let files: Vec<_> = files.iter().copied().map(FileId).collect();
        self.files.give_up_all(tx, &files, user, conversation).await
    }

    fn removed(&self) {
        self.cleaning.wake();
    }
}
