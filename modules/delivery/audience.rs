//! Who listens to which conversation.

use std::collections::HashMap;

use auth::UserId;
use hornero::SocketRef;

use crate::{
    announcement::Vocabulary, conversation::ConversationId, hub::Listening,
    socket_keys::SocketKeys, socketio_door::SocketKey,
};

/// The sockets that have joined conversations.
#[derive(Default)]
pub(crate) struct Audience {
    listeners: HashMap<ConversationId, Listeners>,
    /// The same the other way round, so that a socket that leaves is found quickly.
    sockets: HashMap<SocketKey, Joins>,
}

#[derive(Default)]
struct Listeners {
    users: HashMap<UserId, SocketKeys>,
    /// How many sockets listen in each namespace and vocabulary.
    channels: HashMap<(u8, Vocabulary), usize>,
}

struct Joins {
    user: UserId,
    /// None in tests of this file.
    socket: Option<SocketRef>,
    /// By conversation. Most sockets are in few, for which a map has too much room.
    conversations: Vec<Join>,
}

struct Join {
    conversation: ConversationId,
    vocabulary: Vocabulary,
    /// Keeps the conversation's feed going.
    _listening: Option<Listening>,
}

/// A socket that joins.
pub(crate) struct Joiner<'a> {
    pub(crate) key: SocketKey,
    pub(crate) user: &'a UserId,
    pub(crate) socket: Option<&'a SocketRef>,
}

impl Audience {
    /// Adds a socket, or changes the vocabulary it hears the conversation in.
    /// Tells the vocabulary before, and whether it is the user's first socket there.
    pub(crate) fn join(
        &mut self,
        joiner: &Joiner<'_>,
        conversation: ConversationId,
        vocabulary: Vocabulary,
        listening: Option<Listening>,
    ) -> (Option<Vocabulary>, bool) {
        let (socket, user) = (joiner.key, joiner.user);
        let joins = self.sockets.entry(socket).or_insert_with(|| Joins {
            user: user.clone(),
            socket: joiner.socket.cloned(),
            conversations: Vec::new(),
        });
        let join = Join { conversation, vocabulary, _listening: listening };
        let before = joins.put(join).map(|it| it.vocabulary);
        let listeners = self.listeners.entry(conversation).or_default();
        if let Some(before) = before {
            listeners.uncount(socket.namespace, before);
        }
        *listeners.channels.entry((socket.namespace, vocabulary)).or_default() += 1;
        let sockets = listeners.users.entry(user.clone()).or_default();
        let first = sockets.is_empty();
        sockets.insert(socket);
        (before, first)
    }

    /// Removes a socket. Tells the vocabulary it heard, and whether it was the user's last.
    pub(crate) fn leave(
        &mut self,
        socket: SocketKey,
        conversation: ConversationId,
    ) -> Option<(Vocabulary, bool)> {
        let joins = self.sockets.get_mut(&socket)?;
        let vocabulary = joins.remove(conversation)?.vocabulary;
        let user = joins.user.clone();
        if joins.conversations.is_empty() {
            self.sockets.remove(&socket);
        }
        let listeners = self.listeners.get_mut(&conversation)?;
        listeners.uncount(socket.namespace, vocabulary);
        let sockets = listeners.users.get_mut(&user)?;
        sockets.remove(socket);
        let last = sockets.is_empty();
        if last {
            listeners.users.remove(&user);
        }
        self.forget_if_silent(conversation);
        Some((vocabulary, last))
    }

    /// Lets a conversation be told in a namespace and vocabulary as if somebody listened.
    pub(crate) fn hold(
        &mut self,
        conversation: ConversationId,
        namespace: u8,
        vocabulary: Vocabulary,
    ) {
        let listeners = self.listeners.entry(conversation).or_default();
        *listeners.channels.entry((namespace, vocabulary)).or_default() += 1;
    }

    /// Ends what [`Self::hold`] began.
    pub(crate) fn release(
        &mut self,
        conversation: ConversationId,
        namespace: u8,
        vocabulary: Vocabulary,
    ) {
        if let Some(listeners) = self.listeners.get_mut(&conversation) {
            listeners.uncount(namespace, vocabulary);
        }
        self.forget_if_silent(conversation);
    }

    fn forget_if_silent(&mut self, conversation: ConversationId) {
        let silent = |it: &Listeners| it.users.is_empty() && it.channels.is_empty();
        if self.listeners.get(&conversation).is_some_and(silent) {
            self.listeners.remove(&conversation);
        }
    }

    /// The sockets that have joined a conversation: all, or those of one user.
    pub(crate) fn sockets(
        &self,
        conversation: ConversationId,
        user: Option<&UserId>,
    ) -> Vec<SocketRef> {
        let Some(listeners) = self.listeners.get(&conversation) else { return Vec::new() };
        let of_user = user.and_then(|it| listeners.users.get(it));
        let of_all = user.is_none().then(|| listeners.users.values());
        let keys = of_user.into_iter().chain(of_all.into_iter().flatten());
        keys.flat_map(SocketKeys::iter).filter_map(|it| self.socket(it)).collect()
    }

    /// Conversations that a socket has joined.
    pub(crate) fn joined(&self, socket: SocketKey) -> Vec<ConversationId> {
        let joins = self.sockets.get(&socket);
        joins
            .map(|it| it.conversations.iter().map(|it| it.conversation).collect())
            .unwrap_or_default()
    }

    /// The sockets of others than `user` that have joined a conversation, without those in `told`,
    /// where they are added, up to so many.
    pub(crate) fn acquaintances(
        &self,
        conversation: ConversationId,
        user: &UserId,
        told: &mut SocketKeys,
        most: usize,
    ) -> Vec<SocketRef> {
        let Some(listeners) = self.listeners.get(&conversation) else { return Vec::new() };
        let others = listeners.users.iter().filter(|it| it.0 != user).map(|it| it.1);
        let new = told.add_new(others.flat_map(SocketKeys::iter), most);
        new.into_iter().filter_map(|it| self.socket(it)).collect()
    }

    fn socket(&self, key: SocketKey) -> Option<SocketRef> {
        self.sockets.get(&key)?.socket.clone()
    }

    /// The vocabulary in which a socket hears a conversation, if it has joined it.
    pub(crate) fn vocabulary(
        &self,
        socket: SocketKey,
        conversation: ConversationId,
    ) -> Option<Vocabulary> {
        let joins = self.sockets.get(&socket)?;
        Some(joins.conversations[joins.find(conversation).ok()?].vocabulary)
    }

    /// How many conversations a socket has joined.
    pub(crate) fn count(&self, socket: SocketKey) -> usize {
        self.sockets.get(&socket).map_or(0, |it| it.conversations.len())
    }

    /// Whether a user listens.
    pub(crate) fn hears(&self, conversation: ConversationId, user: &UserId) -> bool {
        self.listeners.get(&conversation).is_some_and(|it| it.users.contains_key(user))
    }

    /// How many sockets listen.
    pub(crate) fn sockets_in(&self, conversation: ConversationId) -> usize {
        self.listeners.get(&conversation).map_or(0, |it| it.channels.values().sum())
    }

    /// How often a conversation is listened to by a socket, in all.
    pub(crate) fn joins(&self) -> usize {
        self.sockets.values().map(|it| it.conversations.len()).sum()
    }

    /// How many users listen.
    pub(crate) fn online(&self, conversation: ConversationId) -> usize {
        self.listeners.get(&conversation).map_or(0, |it| it.users.len())
    }

    /// Whether somebody listens in this namespace and vocabulary.
    pub(crate) fn listens(
        &self,
        conversation: ConversationId,
        namespace: u8,
        vocabulary: Vocabulary,
    ) -> bool {
        let listeners = self.listeners.get(&conversation);
        listeners.is_some_and(|it| it.channels.contains_key(&(namespace, vocabulary)))
    }
}

impl Joins {
    /// Where the join of a conversation is, or belongs.
    fn find(&self, conversation: ConversationId) -> Result<usize, usize> {
        self.conversations.binary_search_by_key(&conversation, |it| it.conversation)
    }

    /// Adds a join. Gives the one that it replaces.
    fn put(&mut self, join: Join) -> Option<Join> {
        match self.find(join.conversation) {
            Ok(there) => Some(std::mem::replace(&mut self.conversations[there], join)),
            Err(place) => {
                if self.conversations.is_empty() {
                    self.conversations.reserve_exact(1);
                }
                self.conversations.insert(place, join);
                None
            }
        }
    }

    fn remove(&mut self, conversation: ConversationId) -> Option<Join> {
        Some(self.conversations.remove(self.find(conversation).ok()?))
    }
}

impl Listeners {
    fn uncount(&mut self, namespace: u8, vocabulary: Vocabulary) {
        let channel = (namespace, vocabulary);
        if let Some(count) = self.channels.get_mut(&channel) {
            *count -= 1;
            if *count == 0 {
                self.channels.remove(&channel);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(namespace: u8, number: u64) -> SocketKey {
        SocketKey::of_test(namespace, number)
    }

    fn joiner(key: SocketKey, user: &UserId) -> Joiner<'_> {
        Joiner { key, user, socket: None }
    }

    #[test]
    fn first_and_last_socket_of_a_user_are_told() {
        let mut audience = Audience::default();
        let (room, ada) = (ConversationId::generate(), UserId::generate());
        let (tab, phone) = (socket(0, 1), socket(1, 2));

        assert_eq!(audience.join(&joiner(tab, &ada), room, Vocabulary::Chat, None), (None, true));
        assert_eq!(
            audience.join(&joiner(phone, &ada), room, Vocabulary::Chat, None),
            (None, false)
        );
        assert_eq!(audience.online(room), 1);
        assert_eq!(audience.leave(tab, room), Some((Vocabulary::Chat, false)));
        assert_eq!(audience.leave(tab, room), None);
        assert_eq!(audience.leave(phone, room), Some((Vocabulary::Chat, true)));
        assert!(!audience.hears(room, &ada));
    }

    #[test]
    fn last_join_decides_the_vocabulary() {
        let mut audience = Audience::default();
        let (room, ada) = (ConversationId::generate(), UserId::generate());
        let tab = socket(0, 1);
        audience.join(&joiner(tab, &ada), room, Vocabulary::Chat, None);

        let again = audience.join(&joiner(tab, &ada), room, Vocabulary::Session, None);

        assert_eq!(again, (Some(Vocabulary::Chat), false));
        assert!(audience.listens(room, 0, Vocabulary::Session));
        assert!(!audience.listens(room, 0, Vocabulary::Chat));
    }

    #[test]
    fn conversation_is_told_for_who_may_come_back() {
        let mut audience = Audience::default();
        let (room, ada) = (ConversationId::generate(), UserId::generate());
        audience.join(&joiner(socket(0, 1), &ada), room, Vocabulary::Chat, None);
        audience.hold(room, 0, Vocabulary::Chat);
        audience.leave(socket(0, 1), room);

        assert!(audience.listens(room, 0, Vocabulary::Chat));
        assert!(!audience.hears(room, &ada));
        audience.release(room, 0, Vocabulary::Chat);
        assert!(audience.listeners.is_empty());
    }

    #[test]
    fn nothing_is_left_when_all_have_left() {
        let mut audience = Audience::default();
        for number in 0..100 {
            let user = UserId::generate();
            for _ in 0..3 {
                let room = ConversationId::generate();
                audience.join(&joiner(socket(0, number), &user), room, Vocabulary::Chat, None);
            }
        }
        for number in 0..100 {
            for room in audience.joined(socket(0, number)) {
                audience.leave(socket(0, number), room);
            }
        }
        assert!(audience.listeners.is_empty() && audience.sockets.is_empty());
    }
}
