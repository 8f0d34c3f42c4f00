//! The table `messages`, column by column.
//!
//! Private to this module: only the repository knows that rows exist.
#![allow(missing_docs, unreachable_pub, reason = "the derive makes undocumented public items")]

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub conversation_id: Uuid,
    pub seq: i64,
    pub sender_id: String,
    pub client_message_id: Option<String>,
    pub role: String,
    pub r#type: String,
    #[sea_orm(column_type = "Text")]
    pub content: String,
    pub formatting: String,
    pub metadata: Json,
    pub created_at: DateTimeUtc,
    pub edited_at: Option<DateTimeUtc>,
    pub deleted_at: Option<DateTimeUtc>,
    pub event_seq: i64,
    pub deleted_by: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
