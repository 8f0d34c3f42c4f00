//! Joining and leaving conversations by Socket.IO.

use std::sync::Arc;

use auth::{Caller, UserId, UserService};
use hornero::SocketRef;
use uuid::Uuid;

use crate::{
    access::{Access, Right},
    announcement::Vocabulary,
    conversation::{ConversationId, Conversations},
    error::AccessError,
    notice::{Direction, Movement},
    socketio_door::{SocketIoDoor, user_of},
};

/// Members that a joining client is told of.
const MAX_MEMBERS_TOLD: u64 = 100;

/// Lets sockets hear conversations.
pub struct Subscriptions {
    access: Arc<Access>,
    conversations: Arc<Conversations>,
    users: Arc<UserService>,
    door: Arc<SocketIoDoor>,
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
        users: Arc<UserService>,
        door: Arc<SocketIoDoor>,
    ) -> Self {
        Self { access, conversations, users, door }
    }

    /// Lets a socket hear a conversation in `vocabulary`, and tells the others of a user
    /// who was not there before.
    ///
    /// # Errors
    ///
    /// [`AccessError`]; the socket has not joined then.
    pub async fn join(
        &self,
        socket: &SocketRef,
        caller: &Caller,
        id: ConversationId,
        vocabulary: Vocabulary,
    ) -> Result<Joined, AccessError> {
        let role = self.access.require(caller, id, Right::Join).await?;
        let entry = self.door.join(socket, &caller.user_id, id, vocabulary)?;
        if entry.first {
            self.tell_moved(socket, id, caller.user_id.clone(), Direction::Joined).await;
        }
        // Read after joining: what happens in between is heard, and not missed.
        let joined = self.describe(id, role).await;
        if joined.is_err() && !entry.again {
            self.leave(socket, id).await;
        }
        joined
    }

    /// Refuses unless a socket may join one more conversation.
    ///
    /// # Errors
    ///
    /// [`AccessError::TooManyJoined`].
    pub fn require_room(&self, socket: &SocketRef) -> Result<(), AccessError> {
        self.door.require_room(socket, ConversationId::generate())
    }

    async fn describe(
        &self,
        id: ConversationId,
        role: &'static str,
    ) -> Result<Joined, AccessError> {
        let conversation = self.conversations.find(id).await?.ok_or(AccessError::Denied)?;
        let (participants, member_count) = self.access.participants(id, MAX_MEMBERS_TOLD).await?;
        let ids: Vec<_> = participants.iter().map(|it| it.user_id.clone()).collect();
        let mut names = self.users.display_names(&ids).await?;
        let members = participants.into_iter().map(|it| JoinedMember {
            display_name: names.remove(&it.user_id).unwrap_or_default(),
            online: self.door.hears(id, &it.user_id),
            user_id: it.user_id,
            role: it.role,
        });
        Ok(Joined {
            members: members.collect(),
            member_count,
            online: self.door.online(id),
            last_seq: conversation.last_seq,
            epoch: conversation.epoch,
            role,
        })
    }

    /// Ends a socket's subscription. One that has not joined leaves without a word.
    pub async fn leave(&self, socket: &SocketRef, conversation: ConversationId) {
        let Some(last) = self.door.leave(socket, conversation) else { return };
        if let Some(user) = user_of(socket).filter(|_| last) {
            self.tell_moved(socket, conversation, user, Direction::Left).await;
        }
    }

    /// Ends all subscriptions of a socket that is gone.
    pub(crate) async fn leave_all(&self, socket: &SocketRef) {
        for conversation in self.door.joined(socket) {
            self.leave(socket, conversation).await;
        }
    }

    async fn tell_moved(
        &self,
        socket: &SocketRef,
        conversation: ConversationId,
        user: UserId,
        direction: Direction,
    ) {
        let movement = Movement { conversation, user, direction };
        self.door.tell_others(socket, conversation, &movement).await;
    }
}
