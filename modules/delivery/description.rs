//! What those who join a conversation are told of it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

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
pub struct Descriptions {
    kept: Cache<ConversationId, Arc<Description>>,
    /// How often something has changed: what was being read then is not remembered.
    changes: AtomicU64,
}

impl Default for Descriptions {
    fn default() -> Self {
        let kept = Cache::builder().max_capacity(REMEMBERED).time_to_live(MEMORY).build();
        Self { kept, changes: AtomicU64::new(0) }
    }
}

impl Descriptions {
    /// Lets a change of who takes part in a conversation count at once.
    pub fn forget(&self, id: ConversationId) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.kept.invalidate(&id);
    }

    fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Remembers what was read since there were so many `changes`, unless there are more.
    fn remember(&self, id: ConversationId, description: &Arc<Description>, changes: u64) {
        if self.changes() != changes {
            return;
        }
        self.kept.insert(id, Arc::clone(description));
        if self.changes() != changes {
            self.kept.invalidate(&id);
        }
    }
}

/// Reads descriptions.
pub(crate) struct Describer {
    access: Arc<Access>,
    conversations: Arc<Conversations>,
    users: Arc<UserService>,
    descriptions: Arc<Descriptions>,
}

impl Describer {
    pub(crate) fn new(
        access: Arc<Access>,
        conversations: Arc<Conversations>,
        users: Arc<UserService>,
        descriptions: Arc<Descriptions>,
    ) -> Self {
        Self { access, conversations, users, descriptions }
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
        if let Some(known) = self.descriptions.kept.get(&id) {
            return Ok(known);
        }
        let changes = self.descriptions.changes();
        let conversation = self.conversations.find(id).await?.ok_or(AccessError::Denied)?;
        let (participants, count) = self.access.participants(id, MAX_MEMBERS_TOLD).await?;
        let ids: Vec<_> = participants.iter().map(|it| it.user_id.clone()).collect();
        let names = self.users.display_names(&ids).await?;
        let description = Arc::new(Description { conversation, participants, count, names });
        self.descriptions.remember(id, &description, changes);
        Ok(description)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use uuid::Uuid;

    use super::*;
    use crate::conversation::ConversationKind;

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let (known, id, now) = (Descriptions::default(), ConversationId::generate(), Utc::now());
        let conversation = Conversation {
            id,
            kind: ConversationKind::Room,
            last_seq: 0,
            first_seq: 1,
            message_count: 0,
            epoch: Uuid::nil(),
            created_at: now,
            last_activity_at: now,
        };
        let (participants, names) = Default::default();
        let description = Arc::new(Description { conversation, participants, count: 0, names });
        known.remember(id, &description, known.changes());
        assert!(known.kept.get(&id).is_some());

        let before = known.changes();
        known.forget(id);
        known.remember(id, &description, before);
        assert!(known.kept.get(&id).is_none());
    }
}
