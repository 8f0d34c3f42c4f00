//! Adds to `files` an index of what the files of a user take.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // With all that is asked for, so that no row is read.
        let of_uploader = Index::create()
            .name("files_uploader_id_status_size")
            .table("files")
            .col("uploader_id")
            .col("status")
            .col("size")
            .to_owned();
        manager.create_index(of_uploader).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let of_uploader = Index::drop().name("files_uploader_id_status_size").to_owned();
        manager.drop_index(of_uploader).await
    }
}
