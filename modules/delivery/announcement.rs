//! What a door says, in the words of those who listen.

use hornero::Frame;

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
