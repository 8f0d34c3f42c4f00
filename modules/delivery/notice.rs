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
