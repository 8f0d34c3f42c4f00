//! The event `conversation.cleared`: all messages are taken back.

use std::sync::Arc;

use async_trait::async_trait;
use database::{StorageError, Transaction};
use delivery::{Decision, EventKind, LoggedEvent, Placed, Tally};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;

use crate::{
    entity::{Column, Entity},
    kept::Kept,
    message::{Cleared, Clearing},
};

/// Messages that one statement changes. SQLite keeps in memory what a statement may have to undo.
const AT_ONCE: usize = 5_000;

/// Takes back all that was said before.
pub(crate) struct Clear {
    kept: Arc<Kept>,
}

impl Clear {
    pub(crate) fn new(kept: Arc<Kept>) -> Self {
        Self { kept }
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
                let update = Entity::update_many()
                    .filter(Column::ConversationId.eq(draft.conversation.0))
                    .filter(Column::Seq.gt(after))
                    .filter(Column::Seq.lte(through))
                    .filter(Column::DeletedAt.is_null())
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
