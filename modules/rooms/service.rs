//! The rules of rooms.

use std::sync::Arc;

use auth::Caller;
use chrono::{SubsecRound, Utc};
use delivery::{
    Access, AccessError, ConversationId, ConversationKind, Right, Subscriptions, Unread,
    UnreadCounter,
};
use serde_json::{Map, Value};

use crate::{
    error::RoomError,
    policy::RoomPolicy,
    repository::{RoomFilter, RoomRepository, members::MemberRepository},
    room::{ChangeRoom, Room, Visibility},
};

/// Makes, finds, changes and removes rooms.
pub struct RoomService {
    rooms: Arc<dyn RoomRepository>,
    members: Arc<dyn MemberRepository>,
    policy: Arc<RoomPolicy>,
    unread: Arc<UnreadCounter>,
    access: Arc<Access>,
    subscriptions: Arc<Subscriptions>,
}

impl RoomService {
    pub(crate) fn new(
        rooms: Arc<dyn RoomRepository>,
        members: Arc<dyn MemberRepository>,
        policy: Arc<RoomPolicy>,
        unread: Arc<UnreadCounter>,
        access: Arc<Access>,
        subscriptions: Arc<Subscriptions>,
    ) -> Self {
        Self { rooms, members, policy, unread, access, subscriptions }
    }

    /// Makes a room, whose owner is the caller.
    ///
    /// # Errors
    ///
    /// Guests are refused.
    pub async fn create(
        &self,
        caller: &Caller,
        name: &str,
        visibility: Visibility,
        metadata: Map<String, Value>,
    ) -> Result<Room, RoomError> {
        caller.require_account()?;
        let now = Utc::now().trunc_subsecs(3);
        let room = Room {
            id: ConversationId::generate(),
            name: name.trim().to_owned(),
            visibility,
            created_by: caller.user_id.clone(),
            metadata,
            unread: Unread::default(),
            member_count: 1,
            created_at: now,
            updated_at: now,
        };
        self.rooms.insert(&room).await?;
        Ok(room)
    }

    /// The room with this id, for those who may read it. What is said about a public room
    /// may be read by everybody.
    ///
    /// # Errors
    ///
    /// [`AccessError::Denied`] if there is no such room, or it is private.
    pub async fn get(&self, caller: &Caller, id: ConversationId) -> Result<Room, RoomError> {
        let room = self.rooms.find(id).await?.ok_or(AccessError::Denied)?;
        if room.visibility == Visibility::Private {
            self.access.require(caller, id, Right::Read).await?;
        }
        let rooms = self.with_unread(caller, vec![room]).await?;
        rooms.into_iter().next().ok_or_else(|| AccessError::Denied.into())
    }

    /// Changes a room.
    ///
    /// # Errors
    ///
    /// [`AccessError`] for those who may not, [`RoomError::NothingToChange`].
    pub async fn change(
        &self,
        caller: &Caller,
        id: ConversationId,
        mut change: ChangeRoom,
    ) -> Result<Room, RoomError> {
        self.require(caller, id, Right::Change).await?;
        if change.name.is_none() && change.visibility.is_none() && change.metadata.is_none() {
            return Err(RoomError::NothingToChange);
        }
        change.name = change.name.map(|it| it.trim().to_owned());
        self.rooms.update(id, change, Utc::now().trunc_subsecs(3)).await?;
        self.get(caller, id).await
    }

    /// Removes a room with all that was said there. Those who have joined it are told.
    ///
    /// # Errors
    ///
    /// [`AccessError`] for those who may not.
    pub async fn remove(&self, caller: &Caller, id: ConversationId) -> Result<(), RoomError> {
        self.require(caller, id, Right::Clear).await?;
        let (rooms, policy) = (Arc::clone(&self.rooms), Arc::clone(&self.policy));
        let subscriptions = Arc::clone(&self.subscriptions);
        // A task of its own: nobody must stay in a room that is gone because a request was given up.
        let removed = tokio::spawn(async move {
            let removed = rooms.remove(id).await;
            // Also after a failure: nobody may know what the database has made of it.
            policy.forget_all(id);
            if !removed? {
                return Err(AccessError::Denied.into());
            }
            subscriptions.end(id).await;
            Ok(())
        });
        removed.await.map_err(|error| RoomError::Lost(error.to_string()))?
    }

    async fn require(
        &self,
        caller: &Caller,
        id: ConversationId,
        right: Right,
    ) -> Result<(), RoomError> {
        if self.access.kind(id).await? != ConversationKind::Room {
            return Err(AccessError::Denied.into());
        }
        self.access.require(caller, id, right).await?;
        Ok(caller.require_account()?)
    }

    async fn with_unread(
        &self,
        caller: &Caller,
        mut rooms: Vec<Room>,
    ) -> Result<Vec<Room>, RoomError> {
        let ids: Vec<_> = rooms.iter().map(|it| it.id).collect();
        let read = self.members.last_read(&caller.user_id, &ids).await?;
        let unread = self.unread.count(&caller.user_id, &read).await?;
        for room in &mut rooms {
            room.unread = unread.get(&room.id).copied().unwrap_or_default();
        }
        Ok(rooms)
    }

    /// At most `limit` public rooms, newest first, from the one after `after`.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub async fn list_public(
        &self,
        caller: &Caller,
        after: Option<ConversationId>,
        limit: u64,
    ) -> Result<Vec<Room>, RoomError> {
        let rooms = self.rooms.list(&RoomFilter::Public, after, limit).await?;
        self.with_unread(caller, rooms).await
    }

    /// At most `limit` rooms of the caller, newest first, from the one after `after`.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub async fn list_mine(
        &self,
        caller: &Caller,
        after: Option<ConversationId>,
        limit: u64,
    ) -> Result<Vec<Room>, RoomError> {
        let mine = RoomFilter::OfMember(caller.user_id.clone());
        let rooms = self.rooms.list(&mine, after, limit).await?;
        self.with_unread(caller, rooms).await
    }
}
