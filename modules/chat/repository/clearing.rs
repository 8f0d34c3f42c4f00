//! The event `conversation.cleared`: all messages are taken back, and the files that they name.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use database::{StorageError, Transaction};
use delivery::{ConversationId, Decision, EventKind, LoggedEvent, Placed, Tally};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    attachments::{Attachments, file_of},
    entity::{Column, Entity},
    kept::Kept,
    message::{Cleared, Clearing, MessageType},
};

/// Messages that one statement changes. SQLite keeps in memory what a statement may have to undo, and
/// what names files is read before.
const AT_ONCE: usize = 1_000;

/// Takes back all that was said before.
pub(crate) struct Clear {
    kept: Arc<Kept>,
    attachments: Arc<Attachments>,
}

impl Clear {
    pub(crate) fn new(kept: Arc<Kept>, attachments: Arc<Attachments>) -> Self {
        Self { kept, attachments }
    }

    /// Removes the files that `messages` of a conversation name.
    async fn remove_files(
        &self,
        tx: &Transaction,
        conversation: ConversationId,
        messages: &Condition,
    ) -> Result<(), StorageError> {
        let types = MessageType::WITH_FILE.map(MessageType::as_str);
        let naming: Vec<(String, Value)> = Entity::find()
            .select_only()
            .columns([Column::SenderId, Column::Metadata])
            .filter(messages.clone())
            .filter(Column::Type.is_in(types))
            .into_tuple()
            .all(tx)
            .await?;
        let mut files = HashMap::<String, Vec<Uuid>>::new();
        for (sender, metadata) in naming {
            if let Some(file) = metadata.as_object().and_then(file_of) {
                files.entry(sender).or_default().push(file);
            }
        }
        for (sender, files) in files {
            self.attachments.remove(tx, &files, &sender.into(), conversation).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl EventKind for Clear {
    type Draft = Clearing;
    type Stored = Cleared;

    fn name(&self) -> &'static str {
        "conversation.cleared"
    }

    fn tally(&self) -> Tally {
        Tally::NoneLeft
    }

    fn committed(&self, cleared: &Cleared) {
        self.kept.cleared(cleared);
        self.attachments.committed();
    }

    fn failed(&self, draft: &Clearing) {
        self.kept.doubt(draft.conversation);
    }

    async fn decide(
        &self,
        _: &Transaction,
        drafts: &[&Clearing],
    ) -> Result<Vec<Decision<Cleared>>, StorageError> {
        Ok(drafts.iter().map(|_| Decision::Append).collect())
    }

    async fn store(
        &self,
        tx: &Transaction,
        batch: &[Placed<'_, Clearing>],
    ) -> Result<Vec<Cleared>, StorageError> {
        let mut cleared = Vec::with_capacity(batch.len());
        for Placed { draft, seq, at } in batch {
            let mut count = 0;
            for after in (0..*seq).step_by(AT_ONCE) {
                let through = after + AT_ONCE as i64;
                let those = Condition::all()
                    .add(Column::ConversationId.eq(draft.conversation.0))
                    .add(Column::Seq.gt(after))
                    .add(Column::Seq.lte(through))
                    .add(Column::DeletedAt.is_null());
                self.remove_files(tx, draft.conversation, &those).await?;
                let update = Entity::update_many()
                    .filter(those)
                    .col_expr(Column::Content, Expr::value(""))
                    .col_expr(Column::Metadata, Expr::value(json!({})))
                    .col_expr(Column::DeletedAt, Expr::value(*at))
                    .col_expr(Column::DeletedBy, Expr::value(draft.by.as_str()))
                    .col_expr(Column::EventSeq, Expr::value(*seq));
                count += update.exec(tx).await?.rows_affected;
            }
            let (conversation, by) = (draft.conversation, draft.by.clone());
            cleared.push(Cleared { conversation, seq: *seq, by, count });
        }
        Ok(cleared)
    }
}

/// What is told of the event when it is told again.
pub(super) fn cleared_of(event: &LoggedEvent) -> Option<Cleared> {
    let by = event.payload.as_ref()?.get("by")?.as_str()?.to_owned().into();
    Some(Cleared { conversation: event.conversation, seq: event.seq, by, count: 0 })
}
