//! What a door says, in the words of those who listen.

use hornero::{CONTRACT_VERSION, Event};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// Names of events and fields that a group of Socket.IO clients understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Vocabulary {
    /// `chat:message:received`, `roomId`.
    Chat,
    /// `new_message`, `sessionId`.
    Session,
}

impl Vocabulary {
    pub(crate) const ALL: [Self; 2] = [Self::Chat, Self::Session];
}

/// Something to be said to everybody who has joined a conversation.
pub trait Announcement: Send + Sync {
    /// The announcement in a vocabulary; `None` if that has no words for it.
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame>;
}

/// A server event, encoded once for all who get it.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Name of the event.
    pub event: &'static str,
    /// Its data, with the contract's version.
    pub data: Box<RawValue>,
}

impl Frame {
    /// Encodes an event, which must be a struct or map, and adds the contract's version.
    ///
    /// Gives `None`, and logs it, for one that is none of these.
    pub fn of<E: Event>(event: &E) -> Option<Self> {
        match to_raw_value(&Versioned { data: event, version: CONTRACT_VERSION }) {
            Ok(data) => Some(Self { event: E::NAME, data }),
            Err(error) => {
                tracing::error!(event = E::NAME, %error, "Could not encode {}: {error}", E::NAME);
                None
            }
        }
    }
}

#[derive(Serialize)]
struct Versioned<'a, T> {
    #[serde(flatten)]
    data: &'a T,
    version: &'static str,
}
