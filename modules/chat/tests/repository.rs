//! The table `messages`, as it stands on the disk, and as it is when it is gone.

use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};

use super::TestChat;
use crate::entity::{Column, Entity, Model};

impl TestChat {
    /// Everything in the table, by seq.
    pub(super) async fn rows(&self) -> Vec<Model> {
        Entity::find().order_by_asc(Column::Seq).all(self.wired.db.read()).await.unwrap()
    }

    /// Takes the table away, as a database that is damaged may.
    pub(super) async fn lose_table(&self) {
        self.run("ALTER TABLE messages RENAME TO lost_messages").await;
    }

    pub(super) async fn find_table(&self) {
        self.run("ALTER TABLE lost_messages RENAME TO messages").await;
    }

    pub(super) async fn run(&self, sql: &str) {
        let tx = self.wired.db.begin().await.unwrap();
        tx.execute_unprepared(sql).await.unwrap();
        tx.commit().await.unwrap();
    }
}
