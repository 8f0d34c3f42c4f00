//! Histories, most of which are read from their end, and most often by many at once.
//!
//! What is read is kept, and kept up to date by what the event log commits. On PostgreSQL
//! other processes store messages too, so there the number of the conversation's last event
//! is asked for each time; an SQLite file is this process's own.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use database::StorageError;
use delivery::{ConversationId, ConversationKind, Conversations};
use moka::sync::Cache;

use crate::{
    history::Range,
    listed::Listed,
    message::{Cleared, Deleted, Edited, Message},
    repository::MessageRepository,
    tail::{KEPT, Missed, Tail},
};

/// Conversations whose newest messages are kept, of 64 KiB of text at most.
const CONVERSATIONS: u64 = 256;

/// Time after which what nobody reads is forgotten.
const IDLE: Duration = Duration::from_secs(300);

/// Reads histories, and keeps the newest messages of those that are read.
pub(crate) struct RecentMessages {
    messages: Arc<dyn MessageRepository>,
    conversations: Arc<Conversations>,
    kept: Arc<Kept>,
}

impl RecentMessages {
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

/// The newest messages of the conversations that were read last.
pub(crate) struct Kept(Cache<ConversationId, Slot>);

type Slot = Arc<Mutex<State>>;

#[derive(Debug)]
enum State {
    /// Whoever reads it next asks the database.
    Unknown,
    /// Somebody asks the database.
    Reading,
    /// The same, but something was committed meanwhile that may be in the answer or not.
    Spoiled,
    Known(Tail),
}

/// Somebody who asks the database for what is to be kept. There is one at a time.
struct Reading(Option<Slot>);

impl Kept {
    pub(crate) fn new() -> Self {
        Self(Cache::builder().max_capacity(CONVERSATIONS).time_to_idle(IDLE).build())
    }

    fn newest(
        &self,
        conversation: ConversationId,
        count: usize,
        head: Option<i64>,
    ) -> Option<Vec<Listed>> {
        let slot = self.0.get(&conversation)?;
        match &*lock(&slot) {
            State::Known(tail) if head.is_none_or(|it| it == tail.head()) => tail.newest(count),
            _ => None,
        }
    }

    /// `None` if somebody reads it already.
    fn begin(&self, conversation: ConversationId) -> Option<Reading> {
        let slot = self.0.get_with(conversation, || Arc::new(Mutex::new(State::Unknown)));
        let mut state = lock(&slot);
        if matches!(*state, State::Reading | State::Spoiled) {
            return None;
        }
        *state = State::Reading;
        drop(state);
        Some(Reading(Some(slot)))
    }

    pub(crate) fn said(&self, message: &Message) {
        self.change(message.conversation, |it| it.said(message));
    }

    pub(crate) fn edited(&self, edited: &Edited) {
        self.change(edited.0.conversation, |it| it.edited(edited));
    }

    pub(crate) fn deleted(&self, deleted: &Deleted) {
        self.change(deleted.conversation, |it| it.deleted(deleted));
    }

    pub(crate) fn cleared(&self, cleared: &Cleared) {
        self.change(cleared.conversation, |it| it.cleared(cleared));
    }

    /// Forgets a conversation in which something may have happened, and nobody knows.
    pub(crate) fn doubt(&self, conversation: ConversationId) {
        self.change(conversation, |_| Err(Missed));
    }

    fn change(
        &self,
        conversation: ConversationId,
        change: impl FnOnce(&mut Tail) -> Result<(), Missed>,
    ) {
        let Some(slot) = self.0.get(&conversation) else { return };
        let mut state = lock(&slot);
        match &mut *state {
            State::Known(tail) => {
                if change(tail).is_err() {
                    *state = State::Unknown;
                }
            }
            State::Reading => *state = State::Spoiled,
            State::Unknown | State::Spoiled => {}
        }
    }
}

impl Reading {
    /// Keeps the answer, unless something was committed since it was asked for.
    fn end(mut self, tail: Tail) {
        let Some(slot) = self.0.take() else { return };
        let mut state = lock(&slot);
        *state = match *state {
            State::Reading => State::Known(tail),
            _ => State::Unknown,
        };
    }
}

/// Who fails or gives up leaves it to the next one.
impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            *lock(&slot) = State::Unknown;
        }
    }
}

/// Nothing can panic under the lock and leave a tail half-changed.
fn lock(slot: &Mutex<State>) -> MutexGuard<'_, State> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
