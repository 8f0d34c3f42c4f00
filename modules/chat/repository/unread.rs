//! How many messages a user has not read.

use std::{collections::HashMap, fmt::Write};

use async_trait::async_trait;
use auth::UserId;
use database::StorageError;
use delivery::{ConversationId, UnreadSource};
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use uuid::Uuid;

use super::SeaOrmMessageRepository;

#[async_trait]
impl UnreadSource for SeaOrmMessageRepository {
    async fn count_unread(
        &self,
        user: &UserId,
        behind: &[(ConversationId, i64)],
        most: u64,
    ) -> Result<HashMap<ConversationId, u64>, StorageError> {
        if behind.is_empty() {
            return Ok(HashMap::new());
        }
        // One statement for all, each of which stops at `most`: SeaORM's builder cannot say it.
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut values = vec![user.as_str().into(), most.into()];
        let mut wanted = String::new();
        for (id, seq) in behind {
            let separator = if wanted.is_empty() { "" } else { ", " };
            let first = values.len() + 1;
            let _ = write!(wanted, "{separator}(${first}, ${})", first + 1);
            values.extend([id.0.into(), (*seq).into()]);
        }
        let sql = format!(
            "SELECT wanted.column1 AS id, (SELECT count(*) FROM (SELECT 1 FROM messages \
             WHERE conversation_id = wanted.column1 AND seq > wanted.column2 \
             AND sender_id <> $1 AND deleted_at IS NULL LIMIT $2) AS unread) AS unread \
             FROM (VALUES {wanted}) AS wanted"
        );
        let db = self.db.read();
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        let counted = |row: QueryResult| {
            let (id, unread): (Uuid, i64) = (row.try_get("", "id")?, row.try_get("", "unread")?);
            Ok((ConversationId(id), unread.unsigned_abs()))
        };
        db.query_all_raw(statement).await?.into_iter().map(counted).collect()
    }
}
