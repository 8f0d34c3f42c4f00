//! Events of the past, in today's words.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use database::StorageError;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    access::Access,
    announcement::Announcement,
    conversation::{ConversationId, ConversationKind},
    error::AccessError,
    hub::Event,
    repository::ConversationRepository,
};

/// An event as the log has kept it: without words, which its feature keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedEvent {
    /// Where it happened.
    pub conversation: ConversationId,
    /// Its number there.
    pub seq: i64,
    /// Name of its kind, e.g. `message.new`.
    pub kind: String,
    /// Message that it is about.
    pub message_id: Option<Uuid>,
    /// What else the log has kept.
    pub payload: Option<Value>,
    /// When it happened.
    pub at: DateTime<Utc>,
}

/// Tells events of some kinds again.
#[async_trait]
pub trait EventSource: Send + Sync {
    /// What is announced of each event now, in the same order: a message that was edited
    /// since is told as it is, and a deleted one as deleted. `None` for an event of which
    /// there is nothing left to say.
    async fn recall(
        &self,
        kind: ConversationKind,
        events: &[LoggedEvent],
    ) -> Result<Vec<Option<Arc<dyn Announcement>>>, StorageError>;

    /// Removes at most `limit` rows of a conversation that has ended, and tells how many those
    /// were. Whatever is kept elsewhere must go when the conversation's row does.
    async fn forget(&self, _: ConversationId, _limit: u64) -> Result<u64, StorageError> {
        Ok(0)
    }
}

/// Reads events that a feature keeps instead of the log.
#[async_trait]
pub trait EventKeeper: Send + Sync {
    /// The events behind `after` up to `through`, each by its seq with what is announced of it
    /// now. As [`EventSource::recall`].
    async fn kept(
        &self,
        conversation: ConversationId,
        kind: ConversationKind,
        after: i64,
        through: i64,
    ) -> Result<Vec<(i64, Arc<dyn Announcement>)>, StorageError>;
}

/// Reads what has happened.
pub struct EventHistory {
    repository: Arc<dyn ConversationRepository>,
    access: Arc<Access>,
    sources: RwLock<HashMap<&'static str, Arc<dyn EventSource>>>,
    keepers: RwLock<Vec<Arc<dyn EventKeeper>>>,
}

impl EventHistory {
    pub(crate) fn new(repository: Arc<dyn ConversationRepository>, access: Arc<Access>) -> Self {
        Self { repository, access, sources: RwLock::default(), keepers: RwLock::default() }
    }

    /// Makes `source` tell events of the kind `kind`. For `on_init` hooks.
    pub fn set_source(&self, kind: &'static str, source: Arc<dyn EventSource>) {
        self.sources.write().unwrap_or_else(PoisonError::into_inner).insert(kind, source);
    }

    /// Has events read that `keeper` keeps. For `on_init` hooks.
    pub fn add_keeper(&self, keeper: Arc<dyn EventKeeper>) {
        self.keepers.write().unwrap_or_else(PoisonError::into_inner).push(keeper);
    }

    /// Number of a conversation's newest event.
    pub(crate) async fn head(&self, id: ConversationId) -> Result<i64, AccessError> {
        let found = self.repository.find_all(&[id]).await?.pop();
        Ok(found.ok_or(AccessError::Denied)?.last_seq)
    }

    /// The events behind `after` up to `through`, ascending. Those of which there is nothing
    /// to say are left out.
    pub(crate) async fn read(
        &self,
        conversation: ConversationId,
        after: i64,
        through: i64,
    ) -> Result<Vec<Event>, StorageError> {
        if through <= after {
            return Ok(Vec::new());
        }
        let kind = match self.access.kind(conversation).await {
            Ok(kind) => kind,
            Err(AccessError::Storage(error)) => return Err(error),
            Err(_) => return Ok(Vec::new()),
        };
        let mut events = Vec::new();
        for keeper in self.all_keepers() {
            let kept = keeper.kept(conversation, kind, after, through).await?;
            events.extend(kept.into_iter().map(|(seq, body)| Event { conversation, seq, body }));
        }
        let rows = self.repository.events(conversation, after, through).await?;
        let missing = (through - after) - (events.len() + rows.len()) as i64;
        if missing > 0 {
            tracing::error!(%conversation, after, through, "The log lacks {missing} events");
        }
        let mut by_source = HashMap::<String, Vec<LoggedEvent>>::new();
        for row in rows {
            by_source.entry(row.kind.clone()).or_default().push(row);
        }
        for (name, rows) in by_source {
            // A kind whose module was taken out has no words.
            let Some(source) = self.source(&name) else { continue };
            let bodies = source.recall(kind, &rows).await?;
            let told = rows
                .iter()
                .zip(bodies)
                .filter_map(|(row, body)| Some(Event { conversation, seq: row.seq, body: body? }));
            events.extend(told);
        }
        events.sort_unstable_by_key(|it| it.seq);
        Ok(events)
    }

    /// Removes at most `limit` rows that some feature keeps with a conversation that has ended.
    pub(crate) async fn forget(
        &self,
        conversation: ConversationId,
        limit: u64,
    ) -> Result<u64, StorageError> {
        for source in self.all_sources() {
            let removed = source.forget(conversation, limit).await?;
            if removed > 0 {
                return Ok(removed);
            }
        }
        Ok(0)
    }

    fn all_keepers(&self) -> Vec<Arc<dyn EventKeeper>> {
        self.keepers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn all_sources(&self) -> Vec<Arc<dyn EventSource>> {
        self.sources.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn source(&self, kind: &str) -> Option<Arc<dyn EventSource>> {
        self.sources.read().unwrap_or_else(PoisonError::into_inner).get(kind).cloned()
    }
}
