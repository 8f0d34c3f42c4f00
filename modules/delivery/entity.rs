//! The tables of the log, column by column.
//!
//! Private to this module: only the repository knows that rows exist.
#![allow(missing_docs, unreachable_pub, reason = "the derive makes undocumented public items")]

/// The table `conversations`.
pub mod conversation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "conversations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub kind: String,
        pub last_seq: i64,
        pub first_seq: i64,
        pub epoch: Uuid,
        pub created_at: DateTimeUtc,
        pub last_activity_at: DateTimeUtc,
        pub message_count: i64,
        pub ended_at: Option<DateTimeUtc>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The table `events`.
pub mod event {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "events")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub conversation_id: Uuid,
        pub seq: i64,
        pub kind: String,
        pub message_id: Option<Uuid>,
        pub payload: Option<Json>,
        pub created_at: DateTimeUtc,
        pub published_at: Option<DateTimeUtc>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
