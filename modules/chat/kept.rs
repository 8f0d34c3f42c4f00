//! The newest messages of the conversations that were read last, up to date with the event log.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use delivery::ConversationId;
use moka::sync::Cache;

use crate::{
    listed::Listed,
    message::{Cleared, Deleted, Edited, Message},
    tail::{Missed, Tail},
};

/// Conversations whose newest messages are kept, of 64 KiB of text at most.
const CONVERSATIONS: u64 = 256;

/// Time after which a conversation is forgotten in which nobody reads or writes.
const IDLE: Duration = Duration::from_secs(300);

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
pub(crate) struct Reading(Option<Slot>);

impl Kept {
    pub(crate) fn new() -> Self {
        Self(Cache::builder().max_capacity(CONVERSATIONS).time_to_idle(IDLE).build())
    }

    /// As [`Tail::newest`]; `None` also if the event `head` has not been heard of.
    pub(crate) fn newest(
        &self,
        conversation: ConversationId,
        count: usize,
        head: Option<i64>,
    ) -> Option<Vec<Listed>> {
        let slot = self.0.get(&conversation)?;
        let mut state = lock(&slot);
        let State::Known(tail) = &*state else { return None };
        if head.is_none_or(|it| it <= tail.head()) {
            return tail.newest(count);
        }
        *state = State::Unknown;
        None
    }

    /// `None` if somebody reads it already, or if no more of it would be kept than is.
    pub(crate) fn begin(&self, conversation: ConversationId) -> Option<Reading> {
        let slot = self.0.get_with(conversation, || Arc::new(Mutex::new(State::Unknown)));
        let mut state = lock(&slot);
        match &*state {
            State::Reading | State::Spoiled => return None,
            State::Known(tail) if tail.is_full() => return None,
            State::Known(_) | State::Unknown => *state = State::Reading,
        }
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
    pub(crate) fn end(mut self, tail: Tail) {
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
