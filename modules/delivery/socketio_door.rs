//! The Socket.IO door: announcements out to the sockets that have joined.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use auth::{Caller, UserId};
use hornero::{Broadcast, EmitEvent, Frame, Metrics, PublicId, Recoverable, SocketIo, SocketRef};
use uuid::Uuid;

use crate::{
    announcement::{Announcement, Vocabulary},
    audience::{Audience, Joiner},
    conversation::ConversationId,
    crowd::{CROWD, Change, CrowdNotice, Crowds},
    error::AccessError,
    hub::{Door, Event, Listening},
    notice::Movement,
    socket_keys::SocketKeys,
};

/// Namespaces in which conversations are heard.
pub const NAMESPACES: &[&str] = &["/", "/chat"];

/// Conversations that one socket may have joined.
const MAX_JOINED: usize = 1_000;

/// Knows who has joined what, and emits to them.
pub struct SocketIoDoor {
    io: Arc<SocketIo>,
    audience: Arc<Mutex<Audience>>,
    crowds: Crowds,
}

/// Somebody who was listening and may come back: the conversation goes on being told, so that
/// what is told meanwhile is kept.
pub(crate) struct Absent {
    audience: Arc<Mutex<Audience>>,
    namespace: u8,
    vocabulary: Vocabulary,
    listening: Listening,
}

impl Drop for Absent {
    fn drop(&mut self) {
        let conversation = self.listening.conversation();
        lock(&self.audience).release(conversation, self.namespace, self.vocabulary);
    }
}

/// Identifies a socket. Its id does not: a connection has the same one in every namespace,
/// and keeps it when it leaves a namespace and connects again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SocketKey {
    pub(crate) namespace: u8,
    number: u64,
}

/// A number that no other socket has, among a socket's extensions.
#[derive(Clone, Copy)]
struct SocketNumber(u64);

static SOCKETS: AtomicU64 = AtomicU64::new(0);

impl SocketKey {
    fn of(socket: &SocketRef) -> Self {
        let position = NAMESPACES.iter().position(|it| *it == socket.ns());
        let number = socket.extensions.get::<SocketNumber>().map_or(0, |it| it.0);
        Self { namespace: position.unwrap_or_default() as u8, number }
    }

    #[cfg(test)]
    pub(crate) fn of_test(namespace: u8, number: u64) -> Self {
        Self { namespace, number }
    }
}

impl SocketIoDoor {
    pub(crate) fn new(io: Arc<SocketIo>, metrics: Arc<Metrics>) -> Self {
        let audience = Arc::<Mutex<Audience>>::default();
        let help = "Sockets that listen, once for each conversation they have joined";
        let members = metrics.gauge("gateway_room_members", help, &[]);
        let watched = Arc::clone(&audience);
        metrics.sample(move || members.set(lock(&watched).joins() as f64));
        Self { io, audience, crowds: Crowds::default() }
    }

    /// Gives a socket its number. Before it is connected, so before it can join.
    pub(crate) fn number(socket: &SocketRef) {
        let number = SOCKETS.fetch_add(1, Ordering::Relaxed);
        socket.extensions.insert(SocketNumber(number));
    }

    /// Makes a socket one of those who have joined; tells whether it is the user's first one
    /// there. It hears nothing until it [enters](Self::enter), also if it did before.
    ///
    /// # Errors
    ///
    /// [`AccessError::Gone`] for a socket that has left: its id may be that of another one
    /// by now. [`AccessError::TooManyJoined`].
    pub(crate) fn join(
        &self,
        socket: &SocketRef,
        user: &UserId,
        vocabulary: Vocabulary,
        listening: Listening,
    ) -> Result<bool, AccessError> {
        let conversation = listening.conversation();
        self.require_room(socket, conversation)?;
        let key = SocketKey::of(socket);
        let joiner = Joiner { key, user, socket: Some(socket) };
        let joined = self.audience().join(&joiner, conversation, vocabulary, Some(listening));
        let (before, first) = joined;
        if let Some(before) = before {
            socket.leave(channel(conversation, before));
        }
        Ok(first)
    }

    /// Lets a socket that has joined hear what is told from now on.
    pub(crate) fn enter(&self, socket: &SocketRef, conversation: ConversationId) {
        let audience = self.audience();
        // One that is gone meanwhile is in no channel, but another may have its id.
        let vocabulary = audience.vocabulary(SocketKey::of(socket), conversation);
        if let Some(vocabulary) = vocabulary.filter(|_| socket.connected()) {
            socket.hear(channel(conversation, vocabulary));
        }
    }

    /// Whether a socket has joined a conversation.
    pub fn has_joined(&self, socket: &SocketRef, conversation: ConversationId) -> bool {
        self.audience().vocabulary(SocketKey::of(socket), conversation).is_some()
    }

    /// Refuses unless the socket may join one more conversation.
    pub(crate) fn require_room(
        &self,
        socket: &SocketRef,
        conversation: ConversationId,
    ) -> Result<(), AccessError> {
        if !socket.connected() {
            return Err(AccessError::Gone);
        }
        let (audience, key) = (self.audience(), SocketKey::of(socket));
        let joined = audience.vocabulary(key, conversation).is_some();
        if !joined && audience.count(key) >= MAX_JOINED {
            return Err(AccessError::TooManyJoined);
        }
        Ok(())
    }

    /// Ends what [`Self::join`] began; tells whether it was the user's last socket there,
    /// or `None` if the socket had not joined.
    pub(crate) fn leave(&self, socket: &SocketRef, conversation: ConversationId) -> Option<bool> {
        let left = self.audience().leave(SocketKey::of(socket), conversation);
        let (vocabulary, last) = left?;
        // One that is gone is in no channel any more, but another may have its id.
        if socket.connected() {
            socket.leave(channel(conversation, vocabulary));
        }
        Some(last)
    }

    /// The sockets that have joined a conversation: all, or those of one user.
    pub(crate) fn sockets(
        &self,
        conversation: ConversationId,
        user: Option<&UserId>,
    ) -> Vec<SocketRef> {
        self.audience().sockets(conversation, user)
    }

    /// Makes a socket leave that has not asked for it, and tells it why. It hears nothing of the
    /// conversation after that. As [`Self::leave`].
    pub(crate) fn send_away(
        &self,
        socket: &SocketRef,
        conversation: ConversationId,
        why: &dyn Announcement,
    ) -> Option<bool> {
        let vocabulary = self.audience().vocabulary(SocketKey::of(socket), conversation)?;
        let last = self.leave(socket, conversation);
        let told = why.frame(vocabulary).is_none_or(|it| socket.emit_frame(&it).is_ok());
        if !told {
            // It would go on believing that it hears the conversation.
            socket.disconnect_slow();
        }
        last
    }

    /// Keeps a conversation that a socket has joined being told for as long as it may come back.
    pub(crate) fn leave_behind(&self, socket: &SocketRef, listening: Listening) {
        let (conversation, key) = (listening.conversation(), SocketKey::of(socket));
        let mut audience = self.audience();
        let Some(vocabulary) = audience.vocabulary(key, conversation) else { return };
        audience.hold(conversation, key.namespace, vocabulary);
        drop(audience);
        let (audience, namespace) = (Arc::clone(&self.audience), key.namespace);
        socket.leave_behind(Absent { audience, namespace, vocabulary, listening });
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

    /// How many sockets listen to a conversation.
    pub fn sockets_in(&self, conversation: ConversationId) -> usize {
        self.audience().sockets_in(conversation)
    }

    /// Tells everybody, or the sockets of one user, but not `except`. As [`Self::tell_others`].
    pub async fn tell_some(
        &self,
        conversation: ConversationId,
        announcement: &dyn Announcement,
        only: Option<&UserId>,
        except: Option<&SocketRef>,
    ) {
        if only.is_none() {
            return self.tell(conversation, announcement, except).await;
        }
        let except = except.map(SocketKey::of);
        for socket in self.sockets(conversation, only) {
            let key = SocketKey::of(&socket);
            if Some(key) == except {
                continue;
            }
            let vocabulary = self.audience().vocabulary(key, conversation);
            let frame = vocabulary.and_then(|it| announcement.frame(it));
            if frame.is_some_and(|it| socket.emit_frame(&it).is_err()) {
                socket.disconnect_slow();
            }
        }
    }

    /// Tells everybody but `socket`. A listener that reads too slowly may miss it.
    ///
    /// It waits in the same queue as messages: volatile packets may overtake what was sent before, and
    /// replace each other.
    pub async fn tell_others(
        &self,
        socket: &SocketRef,
        conversation: ConversationId,
        announcement: &dyn Announcement,
    ) {
        self.tell(conversation, announcement, Some(socket)).await;
    }

    /// Tells the others that somebody types, or does not any more. In a crowd, notices are gathered.
    pub async fn tell_typing(
        self: &Arc<Self>,
        socket: &SocketRef,
        (conversation, user): (ConversationId, &UserId),
        is_typing: bool,
        notice: &dyn Announcement,
    ) {
        if !self.gather(conversation, user, Change::Types(is_typing)) {
            self.tell_others(socket, conversation, notice).await;
        }
    }

    /// Tells the others that somebody comes or goes. In a crowd, notices are gathered.
    pub(crate) async fn tell_moved(self: &Arc<Self>, socket: &SocketRef, movement: &Movement) {
        let Movement { conversation, user, direction } = movement;
        if !self.gather(*conversation, user, Change::Moved(*direction)) {
            self.tell_others(socket, *conversation, movement).await;
        }
    }

    fn gather(
        self: &Arc<Self>,
        conversation: ConversationId,
        user: &UserId,
        change: Change,
    ) -> bool {
        let gathers = self.crowds.gathers(conversation, self.sockets_in(conversation));
        if gathers {
            self.crowds.gather(self, conversation, user.clone(), change);
        }
        gathers
    }

    pub(crate) fn crowds(&self) -> &Crowds {
        &self.crowds
    }

    pub(crate) async fn tell_everybody(&self, notice: &CrowdNotice) {
        self.tell(notice.conversation(), notice, None).await;
    }

    /// The sockets of others than `user` that have joined a conversation, unless that is a crowd,
    /// and without those in `told`, where they are added, up to so many.
    pub(crate) fn acquaintances(
        &self,
        conversation: ConversationId,
        user: &UserId,
        told: &mut SocketKeys,
        most: usize,
    ) -> Vec<SocketRef> {
        let audience = self.audience();
        if audience.sockets_in(conversation) > CROWD {
            return Vec::new();
        }
        audience.acquaintances(conversation, user, told, most)
    }

    async fn tell(
        &self,
        conversation: ConversationId,
        what: &dyn Announcement,
        except: Option<&SocketRef>,
    ) {
        self.tell_all(conversation, except, |it| what.frame(it).into_iter().collect()).await;
    }

    /// Tells what `words` has to say in each vocabulary that is listened to.
    async fn tell_all(
        &self,
        conversation: ConversationId,
        except: Option<&SocketRef>,
        words: impl Fn(Vocabulary) -> Vec<Frame>,
    ) {
        for vocabulary in Vocabulary::ALL {
            let namespaces = self.listening(conversation, vocabulary);
            if namespaces.is_empty() {
                continue;
            }
            let frames = words(vocabulary);
            if frames.is_empty() {
                continue;
            }
            let channel = channel(conversation, vocabulary);
            for namespace in namespaces {
                let mut to = Broadcast::new(&self.io, namespace).to(channel.as_str());
                if let Some(socket) = except.filter(|it| it.ns() == namespace) {
                    to = to.except(PublicId::of(socket));
                }
                // Whoever hears the next event must have heard these. A slow socket hears nothing
                // any more, though it may take a while until it is told so.
                for slow in to.emit_all(&frames).await {
                    slow.disconnect_slow();
                }
            }
        }
    }

    fn listening(&self, conversation: ConversationId, vocabulary: Vocabulary) -> Vec<&'static str> {
        let audience = self.audience();
        let listened = |index: &usize| audience.listens(conversation, *index as u8, vocabulary);
        (0..NAMESPACES.len()).filter(listened).map(|it| NAMESPACES[it]).collect()
    }

    fn audience(&self) -> MutexGuard<'_, Audience> {
        lock(&self.audience)
    }
}

/// Nothing can panic under the lock and leave the audience half-changed.
fn lock(audience: &Mutex<Audience>) -> MutexGuard<'_, Audience> {
    audience.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Door for SocketIoDoor {
    async fn deliver(&self, conversation: ConversationId, events: &[Event]) {
        let words = |vocabulary| events.iter().filter_map(|it| it.frame(vocabulary)).collect();
        self.tell_all(conversation, None, words).await;
    }
}

/// Socket.IO room that carries a conversation in a vocabulary.
fn channel(conversation: ConversationId, vocabulary: Vocabulary) -> String {
    match vocabulary {
        Vocabulary::Chat => format!("{conversation}:chat"),
        Vocabulary::Session => format!("{conversation}:session"),
    }
}

/// What a Socket.IO room carries; `None` if it is not one of ours.
pub(crate) fn carried(channel: &str) -> Option<(ConversationId, Vocabulary)> {
    let (conversation, vocabulary) = channel.split_once(':')?;
    let vocabulary = match vocabulary {
        "chat" => Vocabulary::Chat,
        "session" => Vocabulary::Session,
        _ => return None,
    };
    Some((ConversationId(Uuid::try_parse(conversation).ok()?), vocabulary))
}

/// The caller behind a socket, which the gateway of `auth` has let in.
pub(crate) fn user_of(socket: &SocketRef) -> Option<UserId> {
    socket.extensions.get::<Caller>().map(|it| it.user_id)
}
