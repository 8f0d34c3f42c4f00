//! What a member is, and who may make somebody what.

use auth::UserId;
use chrono::{DateTime, Utc};
use delivery::ConversationId;

use crate::{error::RoomError, room::MemberRole};

/// A member of a room.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The room.
    pub room: ConversationId,
    /// The user.
    pub user_id: UserId,
    /// What the user is there.
    pub role: MemberRole,
    /// When the user became a member.
    pub joined_at: DateTime<Utc>,
}

/// Who changes a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changer {
    /// An owner of the room, or an admin.
    Owner,
    /// A moderator.
    Moderator,
    /// The member, who can only leave.
    Member,
    /// Nobody of these.
    Other,
}

impl Changer {
    /// Lets a member become `to`, or leave if that is none. `from` is what the user is now, if
    /// a member, and `owners` how many owners the room has.
    pub(crate) fn require(
        self,
        from: Option<MemberRole>,
        to: Option<MemberRole>,
        owners: u64,
    ) -> Result<(), RoomError> {
        let ordinary = |it: Option<MemberRole>| it.is_none_or(|it| it == MemberRole::Member);
        let allowed = match self {
            Self::Owner => true,
            Self::Moderator => ordinary(from) && ordinary(to),
            Self::Member => to.is_none(),
            Self::Other => false,
        };
        if !allowed {
            return Err(delivery::AccessError::NotAllowed.into());
        }
        if from.is_none() && to.is_none() {
            return Err(RoomError::NoSuchMember);
        }
        let loses_owner = from == Some(MemberRole::Owner) && to != Some(MemberRole::Owner);
        if loses_owner && owners <= 1 {
            return Err(RoomError::LastOwner);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: Option<MemberRole> = Some(MemberRole::Owner);
    const MODERATOR: Option<MemberRole> = Some(MemberRole::Moderator);
    const MEMBER: Option<MemberRole> = Some(MemberRole::Member);

    #[test]
    fn moderators_manage_those_who_are_only_members() {
        for (from, to) in [(None, MEMBER), (MEMBER, MEMBER), (MEMBER, None)] {
            assert!(Changer::Moderator.require(from, to, 1).is_ok(), "{from:?} to {to:?}");
        }
        for (from, to) in [(None, MODERATOR), (MEMBER, OWNER), (MODERATOR, MEMBER), (OWNER, None)] {
            assert!(Changer::Moderator.require(from, to, 2).is_err(), "{from:?} to {to:?}");
        }
    }

    #[test]
    fn members_can_only_leave_and_others_can_nothing() {
        assert!(Changer::Member.require(MEMBER, None, 1).is_ok());
        assert!(Changer::Member.require(MEMBER, MODERATOR, 1).is_err());
        assert!(Changer::Other.require(MEMBER, None, 1).is_err());
    }

    #[test]
    fn last_owner_stays() {
        for to in [None, MEMBER, MODERATOR] {
            let refused = Changer::Owner.require(OWNER, to, 1);
            assert!(matches!(refused, Err(RoomError::LastOwner)), "to {to:?}");
            assert!(Changer::Owner.require(OWNER, to, 2).is_ok(), "to {to:?}");
        }
        assert!(Changer::Owner.require(OWNER, OWNER, 1).is_ok());
        assert!(matches!(Changer::Owner.require(None, None, 1), Err(RoomError::NoSuchMember)));
    }
}
