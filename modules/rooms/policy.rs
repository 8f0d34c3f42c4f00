//! Who may do what in a room.

use std::sync::Arc;

use async_trait::async_trait;
use auth::{Caller, UserId};
use chrono::{SubsecRound, Utc};
use database::StorageError;
use delivery::{
    AccessError, AccessPolicy, Claims, ConversationId, Descriptions, Joined, Participant, Right,
};
use hornero::Frame;

use crate::{
    dto::RoomJoined,
    repository::RoomRepository,
    roles::Roles,
    room::{MemberRole, Visibility},
};

/// The rules of rooms: members may all, others may join what is public, and supervisors what they
/// have claimed.
pub(crate) struct RoomPolicy {
    rooms: Arc<dyn RoomRepository>,
    claims: Arc<Claims>,
    descriptions: Arc<Descriptions>,
    roles: Roles,
}

impl RoomPolicy {
    pub(crate) fn new(
        rooms: Arc<dyn RoomRepository>,
        claims: Arc<Claims>,
        descriptions: Arc<Descriptions>,
    ) -> Self {
        let roles = Roles::new(rooms.is_shared());
        Self { rooms, claims, descriptions, roles }
    }

    /// Lets a change of what somebody is in a room count at once.
    pub(crate) fn forget(&self, room: ConversationId, user: &UserId) {
        self.roles.forget(room, user);
        self.descriptions.forget(room);
    }

    /// Lets the end of a room count at once.
    pub(crate) fn forget_all(&self, room: ConversationId) {
        self.roles.forget_all(room);
        self.descriptions.forget(room);
    }

    /// Whether the caller has the right as a supervisor who has claimed an escalation of the room.
    /// What every supervisor may, who is who and what the room is have nothing to do with it.
    async fn has_claimed(
        &self,
        caller: &Caller,
        room: ConversationId,
        right: Right,
    ) -> Result<bool, StorageError> {
        let needs_it = matches!(right, Right::Join | Right::Send | Right::Edit | Right::Moderate);
        Ok(needs_it && self.claims.has(caller, room).await?)
    }
}

#[async_trait]
impl AccessPolicy for RoomPolicy {
    async fn require(
        &self,
        caller: &Caller,
        room: ConversationId,
        right: Right,
    ) -> Result<&'static str, AccessError> {
        let user = &caller.user_id;
        // In a block, so that nothing is made of it where the role is known.
        let ask = async { self.rooms.role(room, user).await };
        if let Some(role) = self.roles.find(room, user, ask).await? {
            return if allows(role, right) {
                Ok(role.as_str())
            } else if self.has_claimed(caller, room, right).await? {
                Ok(MemberRole::Moderator.as_str())
            } else {
                Err(AccessError::NotAllowed)
            };
        }
        let visibility = self.rooms.visibility(room).await?.ok_or(AccessError::Denied)?;
        if !caller.administers() && self.has_claimed(caller, room, right).await? {
            return Ok(MemberRole::Moderator.as_str());
        }
        match (right, visibility) {
            (Right::Join, Visibility::Public) => {
                let now = Utc::now().trunc_subsecs(3);
                self.rooms.add_member(room, &caller.user_id, now).await?;
                self.descriptions.forget(room);
                Ok(MemberRole::Member.as_str())
            }
            _ if caller.administers() => Ok("admin"),
            (Right::Read, _) if caller.sees_everything() => Ok("supervisor"),
            (_, Visibility::Public) => Err(AccessError::NotAMember),
            (_, Visibility::Private) => Err(AccessError::Denied),
        }
    }

    async fn participants(
        &self,
        room: ConversationId,
        limit: u64,
    ) -> Result<(Vec<Participant>, u64), StorageError> {
        self.rooms.members(room, limit).await
    }

    async fn joined(
        &self,
        room: ConversationId,
        joined: Joined,
    ) -> Result<Option<Frame>, StorageError> {
        Ok(Frame::of(&RoomJoined::new(room, joined)))
    }
}

fn allows(role: MemberRole, right: Right) -> bool {
    match right {
        Right::Read | Right::Join | Right::Send | Right::Edit => true,
        Right::Moderate | Right::Change => role != MemberRole::Member,
        Right::Clear => role == MemberRole::Owner,
    }
}
