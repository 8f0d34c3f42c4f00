//! The Socket.IO door: announcements out to the sockets that have joined.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use auth::{Caller, UserId};
use hornero::{Broadcast, SocketIo, SocketRef};

use crate::{
    announcement::{Announcement, Vocabulary},
    audience::Audience,
    conversation::ConversationId,
    error::AccessError,
    hub::{Door, Event},
};

/// Namespaces in which conversations are heard.
pub const NAMESPACES: &[&str] = &["/", "/chat"];

/// Conversations that one socket may have joined.
const MAX_JOINED: usize = 1_000;

/// Knows who has joined what, and emits to them.
pub struct SocketIoDoor {
    io: Arc<SocketIo>,
    audience: Mutex<Audience>,
}

/// Identifies a socket. The id alone does not: a connection has the same one in every namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SocketKey {
    pub(crate) namespace: u8,
    id: socketioxide::socket::Sid,
}

impl SocketKey {
    fn of(socket: &SocketRef) -> Self {
        let position = NAMESPACES.iter().position(|it| *it == socket.ns());
        Self { namespace: position.unwrap_or_default() as u8, id: socket.id }
    }

    #[cfg(test)]
    pub(crate) fn of_test(namespace: u8, number: i64) -> Self {
        use std::str::FromStr;
        let id = format!("{number:0>16}");
        Self { namespace, id: socketioxide::socket::Sid::from_str(&id).unwrap() }
    }
}

impl SocketIoDoor {
    pub(crate) fn new(io: Arc<SocketIo>) -> Self {
        Self { io, audience: Mutex::default() }
    }

    /// Lets a socket hear a conversation; tells whether it is the user's first one there.
    pub(crate) fn join(
        &self,
        socket: &SocketRef,
        user: &UserId,
        conversation: ConversationId,
        vocabulary: Vocabulary,
    ) -> Result<bool, AccessError> {
        let key = SocketKey::of(socket);
        let (before, first) = {
            let mut audience = self.audience();
            if !audience.has_joined(key, conversation) && audience.count(key) >= MAX_JOINED {
                return Err(AccessError::TooManyJoined);
            }
            audience.join(key, user, conversation, vocabulary)
        };
        if let Some(before) = before.filter(|it| *it != vocabulary) {
            socket.leave(channel(conversation, before));
        }
        socket.join(channel(conversation, vocabulary));
        Ok(first)
    }

    /// Ends what [`Self::join`] began; tells whether it was the user's last socket there,
    /// or `None` if the socket had not joined.
    pub(crate) fn leave(&self, socket: &SocketRef, conversation: ConversationId) -> Option<bool> {
        let left = self.audience().leave(SocketKey::of(socket), conversation);
        let (vocabulary, last) = left?;
        socket.leave(channel(conversation, vocabulary));
        Some(last)
    }

    pub(crate) fn joined(&self, socket: &SocketRef) -> Vec<ConversationId> {
        self.audience().joined(SocketKey::of(socket))
    }

    /// Whether a user listens to a conversation.
    pub fn hears(&self, conversation: ConversationId, user: &UserId) -> bool {
        self.audience().hears(conversation, user)
    }

    /// How many users listen to a conversation.
    pub fn online(&self, conversation: ConversationId) -> usize {
        self.audience().online(conversation)
    }

    /// Tells everybody but `socket`. A listener that reads too slowly may miss it.
    ///
    /// It waits in the same queue as messages: socketioxide's volatile packets have a slot
    /// of their own, in which they replace each other and overtake what was sent before.
    pub async fn tell_others(
        &self,
        socket: &SocketRef,
        conversation: ConversationId,
        announcement: &dyn Announcement,
    ) {
        self.tell(conversation, announcement, Some(socket)).await;
    }

    async fn tell(
        &self,
        conversation: ConversationId,
        what: &dyn Announcement,
        except: Option<&SocketRef>,
    ) {
        for vocabulary in Vocabulary::ALL {
            let namespaces = self.listening(conversation, vocabulary);
            if namespaces.is_empty() {
                continue;
            }
            let Some(frame) = what.frame(vocabulary) else { continue };
            let channel = channel(conversation, vocabulary);
            for namespace in namespaces {
                let mut to = Broadcast::new(&self.io, namespace).to(channel.as_str());
                if let Some(socket) = except.filter(|it| it.ns() == namespace) {
                    to = to.except(socket.id.to_string());
                }
                to.emit(&frame).await;
            }
        }
    }

    fn listening(&self, conversation: ConversationId, vocabulary: Vocabulary) -> Vec<&'static str> {
        let audience = self.audience();
        let listened = |index: &usize| audience.listens(conversation, *index as u8, vocabulary);
        (0..NAMESPACES.len()).filter(listened).map(|it| NAMESPACES[it]).collect()
    }

    /// Nothing can panic under the lock and leave the audience half-changed.
    fn audience(&self) -> MutexGuard<'_, Audience> {
        self.audience.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Door for SocketIoDoor {
    async fn deliver(&self, event: &Event) {
        self.tell(event.conversation, event.body.as_ref(), None).await;
    }
}

/// Socket.IO room that carries a conversation in a vocabulary.
fn channel(conversation: ConversationId, vocabulary: Vocabulary) -> String {
    match vocabulary {
        Vocabulary::Chat => format!("{conversation}:chat"),
        Vocabulary::Session => format!("{conversation}:session"),
    }
}

/// The caller behind a socket, which the gateway of `auth` has let in.
pub(crate) fn user_of(socket: &SocketRef) -> Option<UserId> {
    socket.extensions.get::<Caller>().map(|it| it.user_id)
}
