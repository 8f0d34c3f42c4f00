//! Joining and leaving conversations by Socket.IO.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use auth::{Caller, UserId};
use hornero::{EmitEvent, QueueFull, Recoverable, SocketRef};
use uuid::Uuid;

use crate::{
    access::{Access, Right},
    acquaintance::tell_arrival,
    announcement::{Announcement, Vocabulary},
    conversation::{ConversationId, Conversations},
    description::{Describer, Description},
    error::AccessError,
    event_log::EventLog,
    history::EventHistory,
    hub::Hub,
    notice::{Direction, Left, LeftReason, Movement},
    replay::{Plan, Replay, Since},
    socketio_door::{SocketIoDoor, carried, user_of},
};

/// Lets sockets hear conversations.
pub struct Subscriptions {
    access: Arc<Access>,
    conversations: Arc<Conversations>,
    describer: Arc<Describer>,
    door: Arc<SocketIoDoor>,
    hub: Arc<Hub>,
    history: Arc<EventHistory>,
    log: Arc<EventLog>,
    /// How often somebody lost access.
    removals: AtomicU64,
}

/// What a client learns when it joins.
#[derive(Debug, Clone)]
pub struct Joined {
    /// The first 100 members, owners first.
    pub members: Vec<JoinedMember>,
    /// How many members there are.
    pub member_count: u64,
    /// How many users listen.
    pub online: usize,
    /// Number of the newest event; 0 before the first.
    pub last_seq: i64,
    /// Names one life of the log.
    pub epoch: Uuid,
    /// How many events are sent again.
    pub replayed: i64,
    /// What the caller is there.
    pub role: &'static str,
}

/// One of the members.
#[derive(Debug, Clone)]
pub struct JoinedMember {
    /// The user.
    pub user_id: UserId,
    /// How others see the user.
    pub display_name: String,
    /// What the user is there.
    pub role: &'static str,
    /// Whether the user listens.
    pub online: bool,
}

impl Subscriptions {
    pub(crate) fn new(
        access: Arc<Access>,
        conversations: Arc<Conversations>,
        describer: Arc<Describer>,
        door: Arc<SocketIoDoor>,
        hub: Arc<Hub>,
        history: Arc<EventHistory>,
        log: Arc<EventLog>,
    ) -> Self {
        let removals = AtomicU64::new(0);
        Self { access, conversations, describer, door, hub, history, log, removals }
    }

    /// Makes a socket join a conversation, and tells the others of a user who was not there
    /// before. The socket hears the conversation, in `vocabulary`, once the replay has run:
    /// what has happened since `since`, then what happens.
    ///
    /// # Errors
    ///
    /// [`AccessError`]; the socket has not joined then.
    pub async fn join(
        &self,
        socket: &SocketRef,
        caller: &Caller,
        to: (ConversationId, Vocabulary),
        since: Option<Since>,
    ) -> Result<(Joined, Replay), AccessError> {
        let (id, vocabulary) = to;
        let removals = self.removals.load(Ordering::Acquire);
        // Whoever lost the connection now would come back and never hear the conversation.
        let unfinished = socket.unfinished();
        let role = self.access.require(caller, id, Right::Join).await?;
        let listening = self.hub.listen(id);
        self.hub.open(&listening).await?;
        let description = self.describer.describe(id).await?;
        let kept = self.hub.listen(id);
        let join = |head| (head, self.door.join(socket, &caller.user_id, vocabulary, kept));
        let (head, first) = listening.at_head(join).await;
        let first = first?;
        if self.removals.load(Ordering::Acquire) != removals {
            // Perhaps it was this one who lost access, and was not yet there to be sent away.
            if let Err(error) = self.access.require(caller, id, Right::Join).await {
                self.door.leave(socket, id);
                return Err(error);
            }
        }
        // Nothing fails from here on: a socket that had joined before has not lost that.
        if first {
            self.tell_moved(socket, id, caller.user_id.clone(), Direction::Joined).await;
        }
        tell_arrival(&self.door, socket, id);
        let plan = Plan::of(since, &description.conversation, head);
        let joined = self.joined(&description, role, &plan, head);
        let (door, history) = (Arc::clone(&self.door), Arc::clone(&self.history));
        let (socket, conversation) = (socket.clone(), id);
        let replay = Replay {
            socket,
            conversation,
            vocabulary,
            plan,
            listening,
            door,
            history,
            _unfinished: unfinished,
        };
        Ok((joined, replay))
    }

    /// The first 100 who take part in a conversation, owners first.
    ///
    /// # Errors
    ///
    /// [`AccessError`] for those who may not read it.
    pub async fn participants(
        &self,
        caller: &Caller,
        id: ConversationId,
    ) -> Result<Vec<JoinedMember>, AccessError> {
        self.access.require(caller, id, Right::Read).await?;
        let description = self.describer.describe(id).await?;
        Ok(self.members(&description).collect())
    }

    /// Refuses unless a socket may join one more conversation.
    ///
    /// # Errors
    ///
    /// [`AccessError::TooManyJoined`].
    pub fn require_room(&self, socket: &SocketRef) -> Result<(), AccessError> {
        self.door.require_room(socket, ConversationId::generate())
    }

    fn joined(&self, it: &Description, role: &'static str, plan: &Plan, head: i64) -> Joined {
        Joined {
            members: self.members(it).collect(),
            member_count: it.count,
            online: self.door.online(it.conversation.id),
            last_seq: head,
            epoch: it.conversation.epoch,
            replayed: plan.count,
            role,
        }
    }

    fn members<'a>(&'a self, of: &'a Description) -> impl Iterator<Item = JoinedMember> + 'a {
        of.participants.iter().map(|it| JoinedMember {
            display_name: of.names.get(&it.user_id).cloned().unwrap_or_default(),
            online: self.door.hears(of.conversation.id, &it.user_id),
            user_id: it.user_id.clone(),
            role: it.role,
        })
    }

    /// Ends a socket's subscription. One that has not joined leaves without a word.
    pub async fn leave(&self, socket: &SocketRef, conversation: ConversationId) {
        if !self.door.has_joined(socket, conversation) {
            return;
        }
        // Between two deliveries, so that nothing is told behind the answer.
        let listening = self.hub.listen(conversation);
        let left = listening.at_head(|_| self.door.leave(socket, conversation)).await;
        let Some(last) = left else { return };
        if let Some(user) = user_of(socket).filter(|_| last) {
            self.tell_moved(socket, conversation, user, Direction::Left).await;
        }
    }

    /// Makes the sockets of a user leave a conversation to which the user has lost access.
    pub async fn remove(&self, conversation: ConversationId, user: &UserId) {
        let sockets = self.send_away(conversation, Some(user), LeftReason::Removed).await;
        let Some(last) = sockets.last() else { return };
        self.tell_moved(last, conversation, user.clone(), Direction::Left).await;
    }

    /// Makes the sockets of a user leave a conversation in which the user may not say anything any
    /// more, and tells them so. Whoever may is let alone, and so is the owner of a closed session.
    pub async fn reconsider(&self, conversation: ConversationId, user: &UserId) {
        // Whoever is just joining is looked at again.
        self.removals.fetch_add(1, Ordering::AcqRel);
        let sockets = self.door.sockets(conversation, Some(user));
        let Some(caller) = sockets.iter().find_map(|it| it.extensions.get::<Caller>()) else {
            return;
        };
        let refused = match self.access.require(&caller, conversation, Right::Send).await {
            Ok(_) | Err(AccessError::Closed) => false,
            Err(error) => error.is_refusal(),
        };
        if !refused {
            return;
        }
        let sockets = self.send_away(conversation, Some(user), LeftReason::Permission).await;
        let Some(last) = sockets.last() else { return };
        self.tell_moved(last, conversation, user.clone(), Direction::Left).await;
    }

    /// Makes all sockets leave a conversation that has [ended](Conversations::end), once they
    /// have been told what was stored before.
    pub async fn end(&self, conversation: ConversationId) {
        // It fails only where nobody is told anything any more.
        let _ = Arc::clone(&self.log).flush().await;
        self.send_away(conversation, None, LeftReason::Deleted).await;
        self.conversations.ended.notify_one();
    }

    /// Tells which sockets have left.
    async fn send_away(
        &self,
        conversation: ConversationId,
        user: Option<&UserId>,
        reason: LeftReason,
    ) -> Vec<SocketRef> {
        self.removals.fetch_add(1, Ordering::AcqRel);
        let why = Left { conversation, reason };
        let leave = |_| {
            let sockets = self.door.sockets(conversation, user);
            for socket in &sockets {
                self.door.send_away(socket, conversation, &why);
            }
            sockets
        };
        // Between two deliveries: what is told after the farewell would be one too many.
        self.hub.listen(conversation).at_head(leave).await
    }

    /// Lets a socket that has come back join again what these channels carry, and tells which of
    /// them it still hears. It leaves what its user may not read any more, and is told so.
    ///
    /// # Errors
    ///
    /// [`AccessError`] if there is no telling. What was joined until then is left when the
    /// socket goes.
    pub(crate) async fn take_up(
        &self,
        socket: &SocketRef,
        caller: &Caller,
        channels: Vec<String>,
    ) -> Result<Vec<String>, AccessError> {
        let mut heard = Vec::with_capacity(channels.len());
        for channel in channels {
            let Some((id, vocabulary)) = carried(&channel) else {
                heard.push(channel);
                continue;
            };
            match self.access.require(caller, id, Right::Read).await {
                Ok(_) => {
                    self.join_again(socket, caller, id, vocabulary).await?;
                    heard.push(channel);
                }
                Err(error) if error.is_refusal() => {
                    let lost = Left { conversation: id, reason: LeftReason::Permission };
                    // If it cannot be told, its queue is full, and it is given up.
                    let told = lost.frame(vocabulary).map(|it| socket.emit_frame(&it));
                    if told == Some(Err(QueueFull)) {
                        socket.disconnect_slow();
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(heard)
    }

    async fn join_again(
        &self,
        socket: &SocketRef,
        caller: &Caller,
        id: ConversationId,
        vocabulary: Vocabulary,
    ) -> Result<(), AccessError> {
        let listening = self.hub.listen(id);
        self.hub.open(&listening).await?;
        if self.door.join(socket, &caller.user_id, vocabulary, listening)? {
            self.tell_moved(socket, id, caller.user_id.clone(), Direction::Joined).await;
        }
        Ok(())
    }

    /// Whether a socket has joined a conversation.
    pub(crate) fn has_joined(&self, socket: &SocketRef, conversation: ConversationId) -> bool {
        self.door.has_joined(socket, conversation)
    }

    /// Ends all subscriptions of a socket that is gone, and tells which they were.
    pub(crate) async fn leave_all(&self, socket: &SocketRef) -> Vec<ConversationId> {
        let joined = self.door.joined(socket);
        for conversation in &joined {
            self.door.leave_behind(socket, self.hub.listen(*conversation));
            self.leave(socket, *conversation).await;
        }
        joined
    }

    async fn tell_moved(
        &self,
        socket: &SocketRef,
        conversation: ConversationId,
        user: UserId,
        direction: Direction,
    ) {
        self.door.tell_moved(socket, &Movement { conversation, user, direction }).await;
    }
}
