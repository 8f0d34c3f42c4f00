//! The rules of who is a member, and of what members have read.

use std::{collections::HashMap, sync::Arc};

use auth::{AuthError, Caller, Presence, UserId, UserService};
use chrono::{DateTime, SubsecRound, Utc};
use delivery::{
    Access, AccessError, CROWD, ConversationId, ConversationKind, Conversations, Right,
    SocketIoDoor, Subscriptions,
};
use hornero::SocketRef;

use crate::{
    announcement::ReadNotice,
    error::RoomError,
    member::{Changer, Member},
    policy::RoomPolicy,
    repository::members::{ChangeMember, MemberRepository},
    room::MemberRole,
};

/// Members whose presence is told.
const MAX_PRESENT: u64 = 100;

/// Adds, changes and removes members.
pub struct MemberService {
    members: Arc<dyn MemberRepository>,
    policy: Arc<RoomPolicy>,
    access: Arc<Access>,
    conversations: Arc<Conversations>,
    users: Arc<UserService>,
    subscriptions: Arc<Subscriptions>,
    door: Arc<SocketIoDoor>,
}

/// A member, as others see the user.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownMember {
    /// The member.
    pub member: Member,
    /// How others see the user.
    pub display_name: String,
    /// Whether the user listens to the room.
    pub online: bool,
}

/// Who is there.
#[derive(Debug, Clone, PartialEq)]
pub struct RoomPresence {
    /// Users who listen to the room.
    pub online: usize,
    /// The newest 100 members.
    pub users: Vec<(UserId, Presence)>,
}

impl MemberService {
    pub(crate) fn new(
        members: Arc<dyn MemberRepository>,
        policy: Arc<RoomPolicy>,
        access: Arc<Access>,
        conversations: Arc<Conversations>,
        users: Arc<UserService>,
        subscriptions: Arc<Subscriptions>,
        door: Arc<SocketIoDoor>,
    ) -> Self {
        Self { members, policy, access, conversations, users, subscriptions, door }
    }

    /// At most `limit` members, newest first, from the one after `after`.
    ///
    /// # Errors
    ///
    /// [`AccessError`] for those who may not read the room.
    pub async fn list(
        &self,
        caller: &Caller,
        room: ConversationId,
        after: Option<(DateTime<Utc>, UserId)>,
        limit: u64,
    ) -> Result<Vec<KnownMember>, RoomError> {
        self.require(caller, room).await?;
        let members = self.members.list(room, after, limit).await?;
        let ids: Vec<_> = members.iter().map(|it| it.user_id.clone()).collect();
        let mut names = self.users.display_names(&ids).await?;
        let known = members.into_iter().map(|it| self.known(it, &mut names));
        Ok(known.collect())
    }

    /// Makes somebody a member, or changes what the member is. Tells whether it is a new one.
    ///
    /// # Errors
    ///
    /// [`AccessError`] for those who may not, [`AuthError::NoSuchUser`],
    /// [`RoomError::LastOwner`]. Nothing has changed then.
    pub async fn set(
        &self,
        caller: &Caller,
        room: ConversationId,
        user: &UserId,
        role: MemberRole,
    ) -> Result<(KnownMember, bool), RoomError> {
        let by = self.changer(caller, room, user).await?;
        let mut names = self.users.display_names(std::slice::from_ref(user)).await?;
        if names.is_empty() {
            return Err(AuthError::NoSuchUser.into());
        }
        let change = ChangeMember { room, user: user.clone(), role: Some(role), by };
        let (before, member) = self.change(change).await?;
        let member = member.ok_or(RoomError::NoSuchMember)?;
        Ok((self.known(member, &mut names), before.is_none()))
    }

    /// Ends a membership. The user's sockets hear the room no more.
    ///
    /// # Errors
    ///
    /// [`AccessError`] for those who may not, [`RoomError::NoSuchMember`],
    /// [`RoomError::LastOwner`]. Nothing has changed then.
    pub async fn remove(
        &self,
        caller: &Caller,
        room: ConversationId,
        user: &UserId,
    ) -> Result<(), RoomError> {
        let by = self.changer(caller, room, user).await?;
        let change = ChangeMember { room, user: user.clone(), role: None, by };
        self.change(change).await?;
        Ok(())
    }

    /// Makes a change and lets it count. Gives what the user was before, and is now.
    async fn change(
        &self,
        change: ChangeMember,
    ) -> Result<(Option<MemberRole>, Option<Member>), RoomError> {
        let (members, policy) = (Arc::clone(&self.members), Arc::clone(&self.policy));
        let subscriptions = Arc::clone(&self.subscriptions);
        // A task of its own: whoever has been removed must not stay because a request was given up.
        let changed = tokio::spawn(async move {
            let (room, user, removed) = (change.room, change.user.clone(), change.role.is_none());
            let changed = members.change(change, now()).await;
            // Nobody knows what the database has made of what has failed there.
            let doubtful = matches!(changed, Err(RoomError::Storage(_)));
            if changed.is_ok() || doubtful {
                policy.forget(room, &user);
            }
            if removed && changed.is_ok() {
                subscriptions.remove(room, &user).await;
            } else if removed && doubtful {
                subscriptions.reconsider(room, &user).await;
            }
            changed
        });
        changed.await.map_err(|error| RoomError::Lost(error.to_string()))?
    }

    /// Notes up to which event the caller has read a conversation, and tells the others; gives
    /// the number back, which is that of the newest event at most.
    ///
    /// # Errors
    ///
    /// [`AccessError`] for those who may not read the conversation.
    pub async fn mark_read(
        &self,
        caller: &Caller,
        id: ConversationId,
        seq: i64,
        socket: Option<&SocketRef>,
    ) -> Result<i64, RoomError> {
        self.access.require(caller, id, Right::Read).await?;
        let conversation = self.conversations.find(id).await?.ok_or(AccessError::Denied)?;
        let seq = seq.min(conversation.last_seq);
        self.members.mark_read(id, &caller.user_id, seq).await?;
        let notice = ReadNotice { room: id, user: caller.user_id.clone(), seq };
        // In a crowd, only the reader's own sockets.
        let only = (self.door.sockets_in(id) > CROWD).then_some(&caller.user_id);
        self.door.tell_some(id, &notice, only, socket).await;
        Ok(seq)
    }

    /// Whether the newest 100 members are connected, and how many users listen to the room.
    ///
    /// # Errors
    ///
    /// [`AccessError`] for those who may not read the room.
    pub async fn presence(
        &self,
        caller: &Caller,
        room: ConversationId,
    ) -> Result<RoomPresence, RoomError> {
        self.require(caller, room).await?;
        let members = self.members.list(room, None, MAX_PRESENT).await?;
        let ids: Vec<_> = members.into_iter().map(|it| it.user_id).collect();
        let presence = self.users.presence(&ids).await?;
        let users = ids.into_iter().zip(presence).collect();
        Ok(RoomPresence { online: self.door.online(room), users })
    }

    fn known(&self, member: Member, names: &mut HashMap<UserId, String>) -> KnownMember {
        KnownMember {
            display_name: names.remove(&member.user_id).unwrap_or_default(),
            online: self.door.hears(member.room, &member.user_id),
            member,
        }
    }

    /// Refuses those who may not read the room, and tells what the caller is there.
    async fn require(
        &self,
        caller: &Caller,
        room: ConversationId,
    ) -> Result<&'static str, RoomError> {
        if self.access.kind(room).await? != ConversationKind::Room {
            return Err(AccessError::Denied.into());
        }
        Ok(self.access.require(caller, room, Right::Read).await?)
    }

    async fn changer(
        &self,
        caller: &Caller,
        room: ConversationId,
        user: &UserId,
    ) -> Result<Changer, RoomError> {
        let role = self.require(caller, room).await?;
        caller.require_account()?;
        Ok(match role {
            _ if caller.administers() => Changer::Owner,
            "owner" => Changer::Owner,
            "moderator" if *user != caller.user_id => Changer::Moderator,
            _ if *user == caller.user_id => Changer::Member,
            _ => Changer::Other,
        })
    }
}

fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
