//! What has changed in a conversation: messages in the order of their last event.

use database::{Database, StorageError};
use delivery::ConversationId;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use crate::{
    entity::{Column, Entity, Model},
    history::Change,
};

/// The messages behind a change, `limit` at most.
///
/// Those that are as they were sent stand in the order of their seqs, those that were changed in
/// an index of their own. One index for both would have to be written for every message.
pub(super) async fn behind(
    db: &Database,
    conversation: ConversationId,
    Change { event_seq, seq }: Change,
    limit: u64,
) -> Result<Vec<Model>, StorageError> {
    let those = |condition: Condition| {
        let rows = Entity::find().filter(Column::ConversationId.eq(conversation.0));
        rows.filter(condition).limit(limit)
    };
    let last = || Expr::col(Column::EventSeq);
    let sent = last().eq(Expr::col(Column::Seq)).and(Column::Seq.gt(event_seq));
    let behind = Expr::tuple([Column::EventSeq, Column::Seq].map(Expr::col))
        .gt(Expr::tuple([event_seq, seq].map(Expr::value)));
    let changed = last().gt(Expr::col(Column::Seq)).and(behind);

    let sent = those(Condition::all().add(sent)).order_by_asc(Column::Seq);
    let changed = those(Condition::all().add(changed));
    let changed = changed.order_by_asc(Column::EventSeq).order_by_asc(Column::Seq);
    let mut rows = sent.all(db.read()).await?;
    rows.extend(changed.all(db.read()).await?);
    rows.sort_unstable_by_key(|it| (it.event_seq, it.seq));
    rows.truncate(limit as usize);
    Ok(rows)
}
