//! Removes what is left of conversations that have ended.

use std::{sync::Arc, time::Duration};

use database::StorageError;
use hornero::{BoxError, Stopping};

use crate::{
    conversation::{ConversationId, Conversations},
    history::EventHistory,
    repository::ConversationRepository,
};

/// Longest time between two looks for conversations that have ended: another process may have
/// ended one, or this one may have been stopped before it was removed.
const PERIOD: Duration = Duration::from_secs(60);

/// Rows that are removed together: nobody else writes to SQLite meanwhile.
const BATCH: u64 = 500;

/// Pause between two batches, for others to write.
const PAUSE: Duration = Duration::from_millis(20);

/// Removes a conversation's log, and what features keep with it, little by little.
pub(crate) struct Removal {
    repository: Arc<dyn ConversationRepository>,
    conversations: Arc<Conversations>,
    history: Arc<EventHistory>,
}

impl Removal {
    pub(crate) fn new(
        repository: Arc<dyn ConversationRepository>,
        conversations: Arc<Conversations>,
        history: Arc<EventHistory>,
    ) -> Self {
        Self { repository, conversations, history }
    }

    /// Removes again and again.
    pub(crate) async fn run(self: Arc<Self>, stopping: Arc<Stopping>) -> Result<(), BoxError> {
        loop {
            tokio::select! {
                () = stopping.wait() => return Ok(()),
                removed = self.remove_all() => if let Err(error) = removed {
                    tracing::warn!(%error, "Could not remove what has ended: {error}");
                },
            }
            tokio::select! {
                () = stopping.wait() => return Ok(()),
                () = self.conversations.ended.notified() => {}
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    }

    /// Removes all that have ended.
    async fn remove_all(&self) -> Result<(), StorageError> {
        while let Some(id) = self.repository.ended().await? {
            self.remove(id).await?;
        }
        Ok(())
    }

    async fn remove(&self, id: ConversationId) -> Result<(), StorageError> {
        // What features keep goes first: it would go all at once with the conversation.
        while self.history.forget(id, BATCH).await? > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        while self.conversations.forget(id, BATCH).await? > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        while self.repository.remove(id, BATCH).await? == BATCH {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}
