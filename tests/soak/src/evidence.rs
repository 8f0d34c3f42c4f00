//! What there is to be compared: acknowledged, stored, delivered.

use uuid::Uuid;

/// Everything that a run has left behind.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) logs: Vec<Log>,
    pub(crate) acknowledged: Vec<Acknowledged>,
    pub(crate) changed: Vec<Changed>,
    pub(crate) listeners: Vec<Listener>,
    /// What must not happen at all, as the clients saw it.
    pub(crate) faults: Vec<String>,
}

/// A message, as its ack told it.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    pub(crate) client_message_id: String,
    pub(crate) content: String,
    /// Number of the client, and of the message among the client's.
    pub(crate) client: usize,
    pub(crate) number: u64,
    pub(crate) id: Uuid,
    pub(crate) seq: i64,
    /// How often it was sent until the ack came.
    pub(crate) tries: u32,
    /// Whether the server has refused it once, so that later ones may have overtaken it.
    pub(crate) refused: bool,
}

/// A message that was edited or deleted, as the ack told it.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub(crate) conversation: Uuid,
    pub(crate) message: Uuid,
    pub(crate) change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The event, and what the message says since.
    Edited(i64, String),
    Deleted,
}

/// What one client has heard of its conversation, over all its connections.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub(crate) client: usize,
    pub(crate) conversation: Uuid,
    /// In the order of arrival.
    pub(crate) heard: Vec<Heard>,
    /// Events that the server said it would not send again: first and last.
    pub(crate) gaps: Vec<(i64, i64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) event_seq: i64,
    pub(crate) message: Uuid,
}

/// What the database has of a conversation.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub(crate) conversation: Uuid,
    pub(crate) last_seq: i64,
    /// In the order of their seqs, as the messages are.
    pub(crate) events: Vec<StoredEvent>,
    pub(crate) messages: Vec<StoredMessage>,
    /// Id and seq of what REST tells.
    pub(crate) history: Vec<(Uuid, i64)>,
}

#[derive(Clone, Debug)]
pub(crate) struct StoredEvent {
    pub(crate) seq: i64,
    pub(crate) kind: String,
    pub(crate) message: Option<Uuid>,
}

#[derive(Clone, Debug)]
pub(crate) struct StoredMessage {
    pub(crate) id: Uuid,
    pub(crate) seq: i64,
    /// The last event that was about it.
    pub(crate) event_seq: i64,
    pub(crate) sender: String,
    pub(crate) client_message_id: Option<String>,
    pub(crate) content: String,
    pub(crate) is_deleted: bool,
}
