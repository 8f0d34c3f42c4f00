//! The tables of escalations, column by column.
//!
//! Private to this module: only the repository knows that rows exist.
#![allow(missing_docs, unreachable_pub, reason = "the derive makes undocumented public items")]

/// The table `escalations`.
pub mod escalation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "escalations")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub number: i64,
        pub conversation_id: Uuid,
        pub kind: String,
        pub created_by: String,
        pub reason: String,
        pub priority: String,
        pub status: String,
        pub claimed_by: Option<String>,
        pub claimed_at: Option<DateTimeUtc>,
        pub resolved_by: Option<String>,
        pub resolved_at: Option<DateTimeUtc>,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The table `escalations_told`.
pub mod told {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "escalations_told")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: String,
        pub number: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
