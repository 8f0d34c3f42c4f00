//! Socket.IO events of files.

use std::sync::Arc;

use auth::{Authenticates, Caller, Scope, TokenService};
use delivery::NAMESPACES;
use hornero::{ClientError, Data, Events, Gateway, Then, Valid};

use crate::{
    announcement::FileUploaded,
    dto::{FileAccepted, UploadFile},
    service::{FileService, NewFile},
};

/// Handles `chat:file:upload`.
pub(crate) struct FileGateway {
    tokens: Arc<TokenService>,
    files: Arc<FileService>,
}

impl FileGateway {
    pub(crate) fn new(tokens: Arc<TokenService>, files: Arc<FileService>) -> Self {
        Self { tokens, files }
    }
}

impl Authenticates for FileGateway {
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Gateway for FileGateway {
    const NAMESPACES: &'static [&'static str] = NAMESPACES;
    const ERROR_EVENT: &'static str = "chat:error";

    fn events(on: &mut Events<Self>) {
        on.on("chat:file:upload", Self::upload).emits::<FileUploaded>();
    }
}

impl FileGateway {
    /// Takes a file. The ack comes when it is stored; what is found in it is told after that.
    async fn upload(
        self: Arc<Self>,
        caller: Caller,
        Valid(Data(event)): Valid<Data<UploadFile>>,
    ) -> Result<Then<FileAccepted>, ClientError> {
        let new = NewFile { conversation: event.room_id, name: event.name, announce: true };
        let file_id = self.files.accept(&caller, event.data.0, new).await?.id;
        let accepted = FileAccepted { file_id, delivery_status: "batch-delay" };
        Ok(Then::new(accepted, async move { self.files.finish_soon(file_id) }))
    }
}
