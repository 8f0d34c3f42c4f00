//! The newest messages of one conversation, kept in memory.

use std::collections::VecDeque;

use crate::{
    listed::Listed,
    message::{Cleared, Deleted, Edited, Message},
};

/// Messages that are kept: the largest page, and the one that shows that there is another.
pub(crate) const KEPT: usize = 101;

/// Most bytes of text that are kept. Their words take about twice as much.
const MAX_BYTES: usize = 64 * 1024;

/// The newest messages of one conversation.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// Number of the last event that it has heard of.
    head: i64,
    /// Those that were not deleted, oldest first.
    messages: VecDeque<Listed>,
    /// Whether there are no others.
    complete: bool,
    bytes: usize,
    /// Whether some were dropped because all together were too long.
    full: bool,
}

/// Something has happened that the tail has not heard of: what it has may be wrong.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missed;

impl Tail {
    /// What there is after event `head`: the [`KEPT`] newest messages, or all, newest first.
    pub(crate) fn new(head: i64, newest: &[Listed]) -> Self {
        let mut tail = Self { head, complete: newest.len() < KEPT, ..Self::default() };
        for message in newest.iter().rev() {
            tail.push(message.clone());
        }
        tail
    }

    /// Number of the last event that it has heard of.
    pub(crate) fn head(&self) -> i64 {
        self.head
    }

    /// The `count` newest messages, or all if there are fewer, newest first; `None` if only the
    /// database knows them.
    pub(crate) fn newest(&self, count: usize) -> Option<Vec<Listed>> {
        let known = self.complete || self.messages.len() >= count;
        known.then(|| self.messages.iter().rev().take(count).cloned().collect())
    }

    /// Whether older messages are too long to be kept, too: to read them again is of no use.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    pub(crate) fn said(&mut self, message: &Message) -> Result<(), Missed> {
        // The database may have told of it before the log does.
        let newer = self.messages.back().is_none_or(|it| it.message().seq < message.seq);
        if self.advance(message.seq)? && newer {
            self.push(message.clone().into());
        }
        Ok(())
    }

    pub(crate) fn edited(&mut self, Edited(message): &Edited) -> Result<(), Missed> {
        if !self.advance(message.event_seq)? {
            return Ok(());
        }
        let older = |it: &&mut Listed| {
            it.message().id == message.id && it.message().event_seq < message.event_seq
        };
        if let Some(kept) = self.messages.iter_mut().find(older) {
            self.bytes -= bytes(kept.message());
            self.bytes += bytes(message);
            *kept = message.clone().into();
            self.full = false;
        }
        self.trim();
        Ok(())
    }

    pub(crate) fn deleted(&mut self, deleted: &Deleted) -> Result<(), Missed> {
        if !self.advance(deleted.event_seq)? {
            return Ok(());
        }
        let place = self.messages.iter().position(|it| it.message().id == deleted.id);
        if let Some(gone) = place.and_then(|it| self.messages.remove(it)) {
            self.bytes -= bytes(gone.message());
            self.full = false;
        }
        Ok(())
    }

    pub(crate) fn cleared(&mut self, cleared: &Cleared) -> Result<(), Missed> {
        if self.advance(cleared.seq)? {
            *self = Self { head: cleared.seq, complete: true, ..Self::default() };
        }
        Ok(())
    }

    /// Whether the event is the next one, and not one that the database had told already.
    fn advance(&mut self, seq: i64) -> Result<bool, Missed> {
        if seq > self.head + 1 {
            return Err(Missed);
        }
        let next = seq > self.head;
        self.head = self.head.max(seq);
        Ok(next)
    }

    fn push(&mut self, message: Listed) {
        self.bytes += bytes(message.message());
        self.messages.push_back(message);
        self.trim();
    }

    fn trim(&mut self) {
        while self.messages.len() > KEPT || self.bytes > MAX_BYTES {
            self.full |= self.messages.len() <= KEPT;
            let Some(oldest) = self.messages.pop_front() else { return };
            self.bytes -= bytes(oldest.message());
            self.complete = false;
        }
    }
}

/// What a message says. Its metadata is weighed as if it were written down.
fn bytes(message: &Message) -> usize {
    let metadata = if message.metadata.is_empty() {
        0
    } else {
        serde_json::to_vec(&*message.metadata).map_or(0, |it| it.len())
    };
    message.content.len() + metadata
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use delivery::{ConversationId, ConversationKind};

    use super::*;
    use crate::message::{Formatting, MessageId, MessageRole, MessageType};

    fn message(seq: i64, length: usize) -> Message {
        Message {
            id: MessageId::generate(),
            conversation: ConversationId::generate(),
            kind: ConversationKind::Room,
            seq,
            event_seq: seq,
            sender: auth::UserId::generate(),
            client_message_id: None,
            role: MessageRole::User,
            r#type: MessageType::Chat,
            content: "x".repeat(length).into(),
            formatting: Formatting::Plain,
            metadata: Default::default(),
            created_at: Utc::now(),
            edited_at: None,
            deleted_at: None,
        }
    }

    #[test]
    fn long_messages_fill_it_before_it_has_a_page() {
        let long = (1..=20).rev().map(|it| message(it, 10_000).into()).collect::<Vec<_>>();
        let mut tail = Tail::new(20, &long);
        assert!(tail.is_full());
        assert_eq!(tail.newest(6).unwrap().len(), 6);
        assert!(tail.newest(7).is_none());

        let gone = tail.newest(1).unwrap().remove(0);
        let Message { id, conversation, seq, ref sender, created_at: at, .. } = *gone.message();
        let deleted = Deleted { id, conversation, seq, event_seq: 21, by: sender.clone(), at };
        tail.deleted(&deleted).unwrap();
        assert!(!tail.is_full(), "there is room for one that was dropped");
    }

    #[test]
    fn short_messages_are_dropped_when_there_is_a_page_and_do_not_fill_it() {
        let mut tail = Tail::new(0, &[]);
        for seq in 1..=150 {
            tail.said(&message(seq, 10)).unwrap();
        }
        assert_eq!(tail.newest(KEPT).unwrap().len(), KEPT);
        assert!(tail.newest(KEPT + 1).is_none() && !tail.is_full());
    }
}
