//! The table `robot_runs`, column by column.
//!
//! Private to this module: only the repository knows that rows exist.
#![allow(missing_docs, unreachable_pub, reason = "the derive makes undocumented public items")]

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "robot_runs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: Uuid,
    pub conversation_id: Uuid,
    pub robot: String,
    pub prompt_id: Uuid,
    pub content: String,
    pub beat_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
