//! The rules of rooms.

use std::sync::Arc;

use auth::Caller;
use chrono::{SubsecRound, Utc};
use delivery::{Access, AccessError, ConversationId, Right};
use serde_json::{Map, Value};

use crate::{
    error::RoomError,
    repository::{RoomFilter, RoomRepository},
    room::{Room, Visibility},
};

/// Makes and finds rooms.
pub struct RoomService {
    rooms: Arc<dyn RoomRepository>,
    access: Arc<Access>,
}

impl RoomService {
    pub(crate) fn new(rooms: Arc<dyn RoomRepository>, access: Arc<Access>) -> Self {
        Self { rooms, access }
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
        Ok(room)
    }

    /// At most `limit` public rooms, newest first, from the one after `after`.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub async fn list_public(
        &self,
        after: Option<ConversationId>,
        limit: u64,
    ) -> Result<Vec<Room>, RoomError> {
        Ok(self.rooms.list(&RoomFilter::Public, after, limit).await?)
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
        Ok(self.rooms.list(&mine, after, limit).await?)
    }
}
