//! The event `message.updated`: a message is changed. A file that it names no more is removed.

use std::sync::Arc;

use async_trait::async_trait;
use database::{StorageError, Transaction};
use delivery::{Decision, EventKind, Placed};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
use serde_json::{Map, Value};

use super::row::{file_named_by, message_of};
use crate::{
    attachments::{Attachments, file_of},
    entity::{Entity, Model},
    error::ChatError,
    kept::Kept,
    message::{Edit, Edited},
};

/// Changes what messages say.
pub(crate) struct EditContent {
    kept: Arc<Kept>,
    attachments: Arc<Attachments>,
}

impl EditContent {
    pub(crate) fn new(kept: Arc<Kept>, attachments: Arc<Attachments>) -> Self {
        Self { kept, attachments }
    }
}

#[async_trait]
impl EventKind for EditContent {
    type Draft = Edit;
    type Stored = Edited;

    fn name(&self) -> &'static str {
        "message.updated"
    }

    fn committed(&self, edited: &Edited) {
        self.kept.edited(edited);
        self.attachments.committed();
    }

    fn failed(&self, draft: &Edit) {
        self.kept.doubt(draft.conversation);
    }

    async fn decide(
        &self,
        tx: &Transaction,
        drafts: &[&Edit],
    ) -> Result<Vec<Decision<Edited>>, StorageError> {
        let mut decisions = Vec::with_capacity(drafts.len());
        for draft in drafts {
            decisions.push(match find(tx, draft).await? {
                Some(_) => Decision::Append,
                None => Decision::Refuse(ChatError::NoMessage.into()),
            });
        }
        Ok(decisions)
    }

    async fn store(
        &self,
        tx: &Transaction,
        batch: &[Placed<'_, Edit>],
    ) -> Result<Vec<Edited>, StorageError> {
        let mut edited = Vec::with_capacity(batch.len());
        for Placed { draft, seq, at } in batch {
            let Some(row) = find(tx, draft).await? else { continue };
            let file = file_named_by(&row).filter(|file| {
                draft.metadata.as_ref().is_some_and(|it| file_of(it).as_ref() != Some(file))
            });
            if let Some(file) = file {
                let sender = row.sender_id.clone().into();
                self.attachments.remove(tx, &[file], &sender, draft.conversation).await?;
            }
            let mut row = row.into_active_model();
            if let Some(content) = &draft.content {
                row.content = Set(content.to_string());
            }
            if let Some(metadata) = &draft.metadata {
                row.metadata = Set(Value::Object(Map::clone(metadata)));
            }
            row.edited_at = Set(Some(*at));
            row.event_seq = Set(*seq);
            edited.push(Edited(message_of(row.update(tx).await?, draft.kind)));
        }
        Ok(edited)
    }
}

async fn find(tx: &Transaction, draft: &Edit) -> Result<Option<Model>, StorageError> {
    let row = Entity::find_by_id(draft.id.0).one(tx).await?;
    Ok(row.filter(|it| it.deleted_at.is_none() && it.conversation_id == draft.conversation.0))
}
