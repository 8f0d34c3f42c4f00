//! Histories, most of which are read from their end, and most often by many at once.
//!
//! What is read is kept, and kept up to date by what the event log commits. On PostgreSQL
//! other processes store messages too, so there the number of the conversation's last event
//! is asked for each time; an SQLite file is this process's own.

use std::sync::Arc;

use database::StorageError;
use delivery::{ConversationId, ConversationKind, Conversations};

use crate::{
    history::Range,
    kept::Kept,
    listed::Listed,
    repository::MessageRepository,
    tail::{KEPT, Tail},
};

/// Reads histories, and keeps the newest messages of those that are read.
pub(crate) struct HistoryReader {
    messages: Arc<dyn MessageRepository>,
    conversations: Arc<Conversations>,
    kept: Arc<Kept>,
}

impl HistoryReader {
    pub(crate) fn new(
        messages: Arc<dyn MessageRepository>,
        conversations: Arc<Conversations>,
        kept: Arc<Kept>,
    ) -> Self {
        Self { messages, conversations, kept }
    }

    /// A part of a conversation's messages, and one more than its limit if there is.
    pub(crate) async fn read(
        &self,
        conversation: ConversationId,
        kind: ConversationKind,
        range: &Range,
    ) -> Result<Vec<Listed>, StorageError> {
        if !range.is_newest() {
            return self.ask(conversation, kind, range).await;
        }
        let wanted = range.limit as usize + 1;
        let shared = self.messages.is_shared();
        let head = if shared { Some(self.head(conversation).await?) } else { None };
        if let Some(kept) = self.kept.newest(conversation, wanted, head) {
            return Ok(kept);
        }
        let Some(reading) = self.kept.begin(conversation) else {
            return self.ask(conversation, kind, range).await;
        };
        // Before the messages: what comes in between is then known to be missed.
        let head = match head {
            Some(head) => head,
            None => self.head(conversation).await?,
        };
        let mut newest = self.ask(conversation, kind, &Range::newest(KEPT as u64 - 1)).await?;
        reading.end(Tail::new(head, &newest));
        newest.truncate(wanted);
        Ok(newest)
    }

    /// How many messages there are, without those that were deleted; `None` where there is no such
    /// conversation.
    pub(crate) async fn count(&self, id: ConversationId) -> Result<Option<i64>, StorageError> {
        Ok(self.conversations.find(id).await?.map(|it| it.message_count))
    }

    async fn ask(
        &self,
        conversation: ConversationId,
        kind: ConversationKind,
        range: &Range,
    ) -> Result<Vec<Listed>, StorageError> {
        let messages = self.messages.history(conversation, kind, range).await?;
        Ok(messages.into_iter().map(Listed::from).collect())
    }

    async fn head(&self, conversation: ConversationId) -> Result<i64, StorageError> {
        let conversation = self.conversations.find(conversation).await?;
        Ok(conversation.map_or(0, |it| it.last_seq))
    }
}
