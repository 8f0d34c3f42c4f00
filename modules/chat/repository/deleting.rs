//! The event `message.deleted`: a message is taken back, and the file that it names.

use std::sync::Arc;

use async_trait::async_trait;
use database::{StorageError, Transaction};
use delivery::{Decision, EventKind, Placed, Tally};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
use serde_json::json;

use super::row::{deleted_of, file_named_by};
use crate::{
    attachments::Attachments,
    entity::{Entity, Model},
    error::ChatError,
    kept::Kept,
    message::{Deleted, Deletion},
};

/// Takes messages back. What they said is blanked; that they were is not forgotten, so that
/// one that is sent again stays deleted.
pub(crate) struct Delete {
    kept: Arc<Kept>,
    attachments: Arc<Attachments>,
}

impl Delete {
    pub(crate) fn new(kept: Arc<Kept>, attachments: Arc<Attachments>) -> Self {
        Self { kept, attachments }
    }
}

#[async_trait]
impl EventKind for Delete {
    type Draft = Deletion;
    type Stored = Deleted;

    fn name(&self) -> &'static str {
        "message.deleted"
    }

    fn tally(&self) -> Tally {
        Tally::OneLess
    }

    fn committed(&self, deleted: &Deleted) {
        self.kept.deleted(deleted);
        self.attachments.committed();
    }

    fn failed(&self, draft: &Deletion) {
        self.kept.doubt(draft.conversation);
    }

    async fn decide(
        &self,
        tx: &Transaction,
        drafts: &[&Deletion],
    ) -> Result<Vec<Decision<Deleted>>, StorageError> {
        let mut decisions = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let row = find(tx, draft).await?;
            let deleted = row.as_ref().and_then(|it| deleted_of(it, it.event_seq));
            decisions.push(match (row, deleted) {
                (_, Some(deleted)) => Decision::Repeat(deleted),
                (Some(_), None) => Decision::Append,
                (None, None) => Decision::Refuse(ChatError::NoMessage.into()),
            });
        }
        Ok(decisions)
    }

    async fn store(
        &self,
        tx: &Transaction,
        batch: &[Placed<'_, Deletion>],
    ) -> Result<Vec<Deleted>, StorageError> {
        let mut deleted = Vec::with_capacity(batch.len());
        for Placed { draft, seq, at } in batch {
            let Some(row) = find(tx, draft).await? else { continue };
            if let Some(file) = file_named_by(&row) {
                let sender = row.sender_id.clone().into();
                self.attachments.remove(tx, &[file], &sender, draft.conversation).await?;
            }
            let mut row = row.into_active_model();
            row.content = Set(String::new());
            row.metadata = Set(json!({}));
            row.deleted_at = Set(Some(*at));
            row.deleted_by = Set(Some(draft.by.to_string()));
            row.event_seq = Set(*seq);
            deleted.extend(deleted_of(&row.update(tx).await?, *seq));
        }
        Ok(deleted)
    }
}

async fn find(tx: &Transaction, draft: &Deletion) -> Result<Option<Model>, StorageError> {
    let row = Entity::find_by_id(draft.id.0).one(tx).await?;
    Ok(row.filter(|it| it.conversation_id == draft.conversation.0))
}
