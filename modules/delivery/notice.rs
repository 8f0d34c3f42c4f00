//! Notices of who comes and goes. They are not stored.

use auth::UserId;
use hornero::{Event, Frame};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    announcement::{Announcement, Vocabulary},
    conversation::ConversationId,
};

/// A user's first socket has joined a conversation, or the last one has left it.
pub(crate) struct Movement {
    pub(crate) conversation: ConversationId,
    pub(crate) user: UserId,
    pub(crate) direction: Direction,
}

/// Which way a user goes.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) enum Direction {
    /// In.
    #[serde(rename = "user_joined")]
    Joined,
    /// Out.
    #[serde(rename = "user_left")]
    Left,
}

impl Announcement for Movement {
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        let user_id = self.user.clone();
        let who = || SessionUser { session_id: self.conversation, user_id: self.user.clone() };
        match (vocabulary, self.direction) {
            (Vocabulary::Chat, direction) => {
                Frame::of(&MovementNotification { direction, room_id: self.conversation, user_id })
            }
            (Vocabulary::Session, Direction::Joined) => Frame::of(&UserJoined(who())),
            (Vocabulary::Session, Direction::Left) => Frame::of(&UserLeft(who())),
        }
    }
}

/// A user comes or goes, in the chat vocabulary.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MovementNotification {
    #[serde(rename = "type")]
    direction: Direction,
    room_id: ConversationId,
    user_id: UserId,
}

impl Event for MovementNotification {
    const NAME: &'static str = "chat:system:notification";
}

/// A socket does not hear a conversation any more.
pub(crate) struct Left {
    pub(crate) conversation: ConversationId,
    pub(crate) reason: LeftReason,
}

/// Why a socket does not hear a conversation any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LeftReason {
    /// It has asked for it.
    Left,
    /// Its user is not a member any more.
    Removed,
    /// The conversation is deleted.
    Deleted,
    /// Its user may not read it any more, or not listen to it.
    Permission,
}

impl Announcement for Left {
    fn frame(&self, vocabulary: Vocabulary) -> Option<Frame> {
        let (id, reason) = (self.conversation, self.reason);
        match vocabulary {
            Vocabulary::Chat => Frame::of(&RoomLeft { room_id: id, reason }),
            Vocabulary::Session => Frame::of(&SessionLeft { session_id: id, reason }),
        }
    }
}

/// `chat:room:left`: the socket does not hear the conversation any more.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoomLeft {
    /// The room, or any other conversation.
    pub room_id: ConversationId,
    /// Why.
    pub reason: LeftReason,
}

impl Event for RoomLeft {
    const NAME: &'static str = "chat:room:left";
}

/// `session_left`: the socket does not hear the conversation any more.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionLeft {
    /// The session, or any other conversation.
    pub session_id: ConversationId,
    /// Why.
    pub reason: LeftReason,
}

impl Event for SessionLeft {
    const NAME: &'static str = "session_left";
}

/// A user of a session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionUser {
    session_id: ConversationId,
    user_id: UserId,
}

/// A user comes, in the session vocabulary.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
pub(crate) struct UserJoined(SessionUser);

impl Event for UserJoined {
    const NAME: &'static str = "user_joined";
}

/// A user goes, in the session vocabulary.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
pub(crate) struct UserLeft(SessionUser);

impl Event for UserLeft {
    const NAME: &'static str = "user_left";
}
