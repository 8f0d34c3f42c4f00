//! Files in rooms and sessions.
//!
//! ```text
//! REST   -> upload_controller,   ┌─> Upload -> Storage: a folder, or S3
//!           controller ───────┐  │
//!                             ├─> FileService ─> FileRepository -> database
//! socket -> gateway ──────────┘  │
//!                                └─> Finishing -> Scanner, then ChatService
//! Cleaning -> Storage: what is left of uploads that failed, and of files that were removed
//! chat -> NamedFiles -> FileRepository: may this file be named in a message? None names it any more
//! ```
//!
//! A file has a row before it has bytes, and the row goes after them: so none are forgotten.

use std::sync::Arc;

use auth::AuthModule;
use chat::{Attachments, ChatModule};
use database::DatabaseModule;
use delivery::{Conversations, DeliveryModule};
use hornero::{BoxError, Module, ModuleDef};

mod announcement;
mod cleaning;
mod config;
mod content;
mod controller;
mod dto;
mod entity;
mod error;
mod file;
mod finishing;
mod gateway;
mod name;
mod named;
mod repository;
mod scanner;
mod service;
mod storage;
#[cfg(test)]
mod tests;
mod upload;
mod upload_controller;

pub use config::{FilesConfig, S3Config, ScannerConfig};
pub use error::FileError;
pub use file::{File, FileId};
pub use scanner::{ScanError, Scanner};
pub use storage::{BytesError, OpenStorageError, Storage};

use crate::{
    cleaning::Cleaning, controller::FileController, finishing::Finishing, gateway::FileGateway,
    named::NamedFiles, repository::SeaOrmFileRepository, service::FileService,
    upload_controller::UploadController,
};

/// Wires up files. Exports [`Storage`] and [`Scanner`].
pub struct FilesModule;

impl Module for FilesModule {
    fn define(m: &mut ModuleDef) {
        m.config::<FilesConfig>()
            .import::<AuthModule>()
            .import::<ChatModule>()
            .import::<DatabaseModule>()
            .import::<DeliveryModule>()
            .bind(SeaOrmFileRepository::bind)
            .try_provide(Storage::open)
            .provide(Scanner::new)
            .export::<Storage>()
            .export::<Scanner>()
            .provide(Cleaning::new)
            .provide(NamedFiles::new)
            .provide(Finishing::new)
            .provide(FileService::new)
            .controller(UploadController::new)
            .controller(FileController::new)
            .gateway(FileGateway::new)
            .on_init(keep)
            .on_init(set_source)
            .task(Finishing::run)
            .task(Cleaning::run);
    }
}

async fn keep(conversations: Arc<Conversations>, cleaning: Arc<Cleaning>) -> Result<(), BoxError> {
    conversations.add_keeper(cleaning);
    Ok(())
}

async fn set_source(attachments: Arc<Attachments>, named: Arc<NamedFiles>) -> Result<(), BoxError> {
    attachments.set_source(named);
    Ok(())
}
