//! What those who join a conversation are told of it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use auth::{UserId, UserService};
use moka::sync::Cache;

use crate::{
    access::{Access, Participant},
    conversation::{Conversation, ConversationId, Conversations},
    error::AccessError,
};

/// Members that a joining client is told of.
const MAX_MEMBERS_TOLD: u64 = 100;

/// Conversations whose descriptions are remembered, at up to some 20 KiB each.
const REMEMBERED: u64 = 1_000;

/// Time for which one is remembered.
const MEMORY: Duration = Duration::from_secs(1);

/// What is read of a conversation that is joined.
pub(crate) struct Description {
    pub(crate) conversation: Conversation,
    /// The first 100, owners first.
    pub(crate) participants: Vec<Participant>,
    /// How many there are.
    pub(crate) count: u64,
    pub(crate) names: HashMap<UserId, String>,
}

/// Descriptions that were read a moment ago: after a restart all who were there come back at once.
///
/// Who takes part is as it was up to a second before, unless it is [forgotten](Self::forget).
pub struct Descriptions(Cache<ConversationId, Arc<Description>>);

impl Default for Descriptions {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(REMEMBERED).time_to_live(MEMORY).build())
    }
}

impl Descriptions {
    /// Lets a change of who takes part in a conversation count at once.
    pub fn forget(&self, id: ConversationId) {
        self.0.invalidate(&id);
    }
}

/// Reads descriptions.
pub(crate) struct Describer {
    access: Arc<Access>,
    conversations: Arc<Conversations>,
    users: Arc<UserService>,
    kept: Arc<Descriptions>,
}

impl Describer {
    pub(crate) fn new(
        access: Arc<Access>,
        conversations: Arc<Conversations>,
        users: Arc<UserService>,
        kept: Arc<Descriptions>,
    ) -> Self {
        Self { access, conversations, users, kept }
    }

    /// The description of a conversation.
    ///
    /// # Errors
    ///
    /// [`AccessError::Denied`] if there is no such conversation, or a failure of storage.
    pub(crate) async fn describe(
        &self,
        id: ConversationId,
    ) -> Result<Arc<Description>, AccessError> {
        if let Some(known) = self.kept.0.get(&id) {
            return Ok(known);
        }
        let conversation = self.conversations.find(id).await?.ok_or(AccessError::Denied)?;
        let (participants, count) = self.access.participants(id, MAX_MEMBERS_TOLD).await?;
        let ids: Vec<_> = participants.iter().map(|it| it.user_id.clone()).collect();
        let names = self.users.display_names(&ids).await?;
        let description = Arc::new(Description { conversation, participants, count, names });
        self.kept.0.insert(id, Arc::clone(&description));
        Ok(description)
    }
}
