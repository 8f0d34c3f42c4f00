//! Drafts of any kind in one queue, and in groups of one kind for the database.

use std::{any::Any, collections::HashMap, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use database::{StorageError, Transaction};
use tokio::sync::oneshot;

use crate::{
    announcement::Announcement,
    conversation::ConversationId,
    error::AppendError,
    event_log::{Appended, Decision, Draft, EventKind, Placed, Stored},
    hub::Event,
    repository::{ConversationRepository, EventRow},
};

/// Something in the writer's queue, whose type is forgotten.
pub(crate) trait Queued: Any + Send {
    /// Begins a group with it.
    fn begin(self: Box<Self>) -> Box<dyn Group>;
}

/// Drafts of one kind that follow each other, written together.
#[async_trait]
pub(crate) trait Group: Send {
    /// Adds a draft; gives it back if it has to be in another group.
    fn add(&mut self, queued: Box<dyn Queued>) -> Result<(), Box<dyn Queued>>;

    /// How many drafts there are.
    fn len(&self) -> usize;

    /// Whether [`write`](Self::write) does nothing with its transaction but run statements.
    fn writes_by_statements(&self, look: Look) -> bool;

    /// Decides and stores all of it within `tx`.
    async fn write(
        &mut self,
        tx: &Transaction,
        repository: &dyn ConversationRepository,
        look: Look,
        at: DateTime<Utc>,
    ) -> Result<(), WriteError>;

    /// Whether something was found to be stored before.
    fn has_repeats(&self) -> bool;

    /// Answers, now that the transaction is committed. Adds what is to be published to
    /// `events`, and what is to be done after that to `then`.
    fn committed(self: Box<Self>, events: &mut Vec<Event>, then: &mut Vec<oneshot::Sender<()>>);

    /// Conversations in which something was stored.
    fn conversations(&self) -> Vec<ConversationId>;

    /// The drafts, as if nothing had happened.
    fn into_queued(self: Box<Self>) -> Vec<Box<dyn Queued>>;

    /// Answers that nothing was stored.
    fn failed(self: Box<Self>, reason: &mut (dyn FnMut() -> AppendError + Send));
}

/// Whether to look for what is stored already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Only where a repeat would be stored again else.
    WhereNeeded,
    Everywhere,
}

/// Reason a group could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error(transparent)]
    Storage(#[from] StorageError),

    #[error("{kind} has decided {decided} of {drafts}")]
    Undecided { kind: &'static str, decided: usize, drafts: usize },

    #[error("{kind} has stored {stored} of {placed}")]
    Incomplete { kind: &'static str, stored: usize, placed: usize },

    #[error("a feature has panicked")]
    Panic,
}

impl WriteError {
    /// Whether what was to be stored may be stored already.
    pub(crate) fn is_duplicate(&self) -> bool {
        matches!(self, Self::Storage(error) if error.is_duplicate())
    }
}

/// A draft with its kind, and where the answer goes.
pub(crate) struct Entry<K: EventKind + ?Sized> {
    pub(crate) kind: Arc<K>,
    pub(crate) draft: K::Draft,
    pub(crate) answer: oneshot::Sender<Result<Appended<K::Stored>, AppendError>>,
}

impl<K: EventKind + ?Sized + 'static> Queued for Entry<K> {
    fn begin(self: Box<Self>) -> Box<dyn Group> {
        let kind = Arc::clone(&self.kind);
        Box::new(GroupOf { kind, entries: vec![*self], results: Vec::new() })
    }
}

struct GroupOf<K: EventKind + ?Sized> {
    kind: Arc<K>,
    entries: Vec<Entry<K>>,
    /// Empty, or one for each entry.
    results: Vec<Written<K::Stored>>,
}

enum Written<S> {
    Stored(S, i64),
    Repeated(S),
    Refused(AppendError),
}

impl<K: EventKind + ?Sized + 'static> GroupOf<K> {
    fn decides(&self, look: Look) -> bool {
        look == Look::Everywhere || !self.kind.repeats_break_a_constraint()
    }

    fn has_room_for(&self, entry: &Entry<K>) -> bool {
        entry.kind.name() == self.kind.name()
            && self.entries.len() < self.kind.batch()
            // A repeat finds what it repeats once that is stored, so in the next group.
            && !self.entries.iter().any(|it| entry.draft.repeats(&it.draft))
    }
}

#[async_trait]
impl<K: EventKind + ?Sized + 'static> Group for GroupOf<K> {
    fn add(&mut self, queued: Box<dyn Queued>) -> Result<(), Box<dyn Queued>> {
        let fits = (&*queued as &dyn Any).downcast_ref().is_some_and(|it| self.has_room_for(it));
        if !fits {
            return Err(queued);
        }
        if let Ok(entry) = (queued as Box<dyn Any>).downcast() {
            self.entries.push(*entry);
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn writes_by_statements(&self, look: Look) -> bool {
        self.kind.stores_by_statements() && !self.decides(look)
    }

    async fn write(
        &mut self,
        tx: &Transaction,
        repository: &dyn ConversationRepository,
        look: Look,
        at: DateTime<Utc>,
    ) -> Result<(), WriteError> {
        let drafts: Vec<_> = self.entries.iter().map(|it| &it.draft).collect();
        let decisions = if self.decides(look) {
            self.kind.decide(tx, &drafts).await?
        } else {
            drafts.iter().map(|_| Decision::Append).collect()
        };
        if decisions.len() != drafts.len() {
            let (kind, decided) = (self.kind.name(), decisions.len());
            return Err(WriteError::Undecided { kind, decided, drafts: drafts.len() });
        }
        let mut counts = HashMap::<ConversationId, i64>::new();
        for (draft, decision) in drafts.iter().zip(&decisions) {
            if matches!(decision, Decision::Append) {
                *counts.entry(draft.conversation()).or_default() += 1;
            }
        }
        let mut next = repository.take_seqs(tx, &counts, self.kind.tally(), at).await?;

        // A draft for a conversation that does not exist has no place, and takes no seq.
        let mut placed = Vec::with_capacity(drafts.len());
        let mut place = |draft: &K::Draft| {
            let next = next.get_mut(&draft.conversation())?;
            *next += 1;
            Some(*next - 1)
        };
        let mut results = Vec::with_capacity(drafts.len());
        for (draft, decision) in drafts.into_iter().zip(decisions) {
            results.push(match decision {
                Decision::Repeat(stored) => Some(Written::Repeated(stored)),
                Decision::Refuse(error) => Some(Written::Refused(AppendError::Refused(error))),
                Decision::Append => match place(draft) {
                    None => Some(Written::Refused(AppendError::NoConversation)),
                    Some(seq) => {
                        placed.push(Placed { draft, seq, at });
                        None
                    }
                },
            });
        }
        let mut stored = Vec::new().into_iter();
        if !placed.is_empty() {
            let rows = self.kind.store(tx, &placed).await?;
            if rows.len() != placed.len() {
                let (kind, stored, placed) = (self.kind.name(), rows.len(), placed.len());
                return Err(WriteError::Incomplete { kind, stored, placed });
            }
            let row = |(placed, stored): (&Placed<'_, K::Draft>, &K::Stored)| EventRow {
                conversation: placed.draft.conversation(),
                seq: placed.seq,
                kind: self.kind.name(),
                message_id: stored.message_id(),
                payload: stored.payload(),
                at,
            };
            if !self.kind.is_kept_by_the_feature() {
                repository.insert_events(tx, placed.iter().zip(&rows).map(row).collect()).await?;
            }
            stored = rows.into_iter();
        }
        let mut seqs = placed.into_iter().map(|it| it.seq);
        let mut stored = || Some(Written::Stored(stored.next()?, seqs.next()?));
        self.results = results.into_iter().filter_map(|it| it.or_else(&mut stored)).collect();
        Ok(())
    }

    fn has_repeats(&self) -> bool {
        self.results.iter().any(|it| matches!(it, Written::Repeated(_)))
    }

    fn committed(self: Box<Self>, events: &mut Vec<Event>, _: &mut Vec<oneshot::Sender<()>>) {
        for (entry, written) in self.entries.into_iter().zip(self.results) {
            let result = match written {
                Written::Stored(stored, seq) => {
                    self.kind.committed(&stored);
                    let body: Arc<dyn Announcement> = Arc::new(stored.clone());
                    events.push(Event { conversation: entry.draft.conversation(), seq, body });
                    Ok(Appended { stored, repeated: false })
                }
                Written::Repeated(stored) => Ok(Appended { stored, repeated: true }),
                Written::Refused(error) => Err(error),
            };
            // Nobody may wait for it any more: it is stored all the same.
            let _ = entry.answer.send(result);
        }
    }

    fn conversations(&self) -> Vec<ConversationId> {
        self.entries.iter().map(|it| it.draft.conversation()).collect()
    }

    fn into_queued(self: Box<Self>) -> Vec<Box<dyn Queued>> {
        self.entries.into_iter().map(|it| Box::new(it) as Box<dyn Queued>).collect()
    }

    fn failed(self: Box<Self>, reason: &mut (dyn FnMut() -> AppendError + Send)) {
        for entry in self.entries {
            self.kind.failed(&entry.draft);
            let _ = entry.answer.send(Err(reason()));
        }
    }
}

/// Is told when whatever was queued before it is published.
pub(crate) struct Flush(pub(crate) oneshot::Sender<()>);

impl Queued for Flush {
    fn begin(self: Box<Self>) -> Box<dyn Group> {
        self
    }
}

#[async_trait]
impl Group for Flush {
    fn add(&mut self, queued: Box<dyn Queued>) -> Result<(), Box<dyn Queued>> {
        Err(queued)
    }

    fn len(&self) -> usize {
        1
    }

    fn writes_by_statements(&self, _: Look) -> bool {
        true
    }

    async fn write(
        &mut self,
        _: &Transaction,
        _: &dyn ConversationRepository,
        _: Look,
        _: DateTime<Utc>,
    ) -> Result<(), WriteError> {
        Ok(())
    }

    fn has_repeats(&self) -> bool {
        false
    }

    fn committed(self: Box<Self>, _: &mut Vec<Event>, then: &mut Vec<oneshot::Sender<()>>) {
        then.push(self.0);
    }

    fn conversations(&self) -> Vec<ConversationId> {
        Vec::new()
    }

    fn into_queued(self: Box<Self>) -> Vec<Box<dyn Queued>> {
        vec![self]
    }

    fn failed(self: Box<Self>, _: &mut (dyn FnMut() -> AppendError + Send)) {}
}
