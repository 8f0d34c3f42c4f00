//! What is left to do for a file once its bytes are stored: to look through it, and to tell of it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use auth::UserSockets;
use chat::{ChatService, Formatting, MessageId, MessageRole, MessageType, SendMessage};
use chrono::{TimeDelta, Utc};
use delivery::{AccessError, AppendError};
use hornero::{BoxError, ClientError, EmitEvent, Stopping};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::{
    announcement::FileUploaded,
    cleaning::Cleaning,
    dto::FileView,
    error::FileError,
    file::{File, FileId, FileStatus},
    repository::FileRepository,
    scanner::{Scanner, Verdict},
    storage::Storage,
};

/// Files that may wait for their turn. Those for whom there is no room wait in the database.
const QUEUE: usize = 1_024;

/// Time after which what could not be finished is tried again.
const RETRY: Duration = Duration::from_secs(30);

/// Files that are read together from the database.
const PAGE: u64 = 100;

/// Event by which an uploader learns that a file was not taken.
const ERROR_EVENT: &str = "chat:error";

/// Looks through files, and lets messages tell of them.
pub(crate) struct Finishing {
    files: Arc<dyn FileRepository>,
    storage: Arc<Storage>,
    scanner: Arc<Scanner>,
    chat: Arc<ChatService>,
    sockets: Arc<UserSockets>,
    cleaning: Arc<Cleaning>,
    queue: mpsc::Sender<FileId>,
    /// Until it is started.
    waiting: Mutex<Option<mpsc::Receiver<FileId>>>,
}

impl Finishing {
    pub(crate) fn new(
        files: Arc<dyn FileRepository>,
        storage: Arc<Storage>,
        scanner: Arc<Scanner>,
        chat: Arc<ChatService>,
        sockets: Arc<UserSockets>,
        cleaning: Arc<Cleaning>,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let waiting = Mutex::new(Some(waiting));
        Self { files, storage, scanner, chat, sockets, cleaning, queue, waiting }
    }

    /// Finishes files as they come, and those that were left when the server stopped.
    pub(crate) async fn run(self: Arc<Self>, stopping: Arc<Stopping>) -> Result<(), BoxError> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut waiting) = waiting else { return Ok(()) };
        tokio::select! {
            () = stopping.wait() => return Ok(()),
            () = self.finish_all(Duration::ZERO) => {}
        }
        let mut retry = tokio::time::interval(RETRY);
        retry.tick().await;
        loop {
            // What is broken off here is taken up again at the next start.
            tokio::select! {
                () = stopping.wait() => return Ok(()),
                () = async {
                    tokio::select! {
                        Some(id) = waiting.recv() => self.finish_stored(id).await,
                        // Those that have just come are in the queue.
                        _ = retry.tick() => self.finish_all(RETRY).await,
                    }
                } => {}
            }
        }
    }

    /// Finishes a file when those before it are finished.
    pub(crate) fn finish_soon(&self, id: FileId) {
        // If there is no room, or nobody works it off, it is found in the database later.
        let _ = self.queue.try_send(id);
    }

    /// Finishes a file, now or later; tells whether there is a scanner as there should be.
    pub(crate) async fn finish_or_retry(&self, file: &File) -> bool {
        let finished = self.finish(file).await;
        if let Err(error) = &finished {
            tracing::warn!(id = %file.id, %error, "Could not finish a file yet: {error}");
        }
        !matches!(finished, Err(FileError::Scan(_)))
    }

    /// Refuses a file that there is a virus in.
    ///
    /// # Errors
    ///
    /// [`FileError::Infected`]; [`FileError::Scan`], if nobody knows.
    pub(crate) async fn look_through(&self, id: FileId) -> Result<(), FileError> {
        match self.scanner.scan(self.storage.read(id).await?).await? {
            Verdict::Clean => Ok(()),
            Verdict::Infected => Err(FileError::Infected),
        }
    }

    async fn finish_stored(&self, id: FileId) {
        match self.files.find(id).await {
            Ok(Some(file)) => drop(self.finish_or_retry(&file).await),
            // Its message was deleted meanwhile, or its conversation has ended.
            Ok(None) => {}
            Err(error) => tracing::warn!(%id, %error, "Could not finish a file yet: {error}"),
        }
    }

    /// Finishes all that nobody has finished for this long.
    async fn finish_all(&self, age: Duration) {
        let before = Utc::now() - TimeDelta::from_std(age).unwrap_or_default();
        let mut after = None;
        loop {
            let files = match self.files.unfinished(before, after, PAGE).await {
                Ok(files) => files,
                Err(error) => {
                    return tracing::warn!(%error, "Could not look for files: {error}");
                }
            };
            let Some(last) = files.last() else { return };
            after = Some(last.id);
            for file in &files {
                if !self.finish_or_retry(file).await {
                    // It would be the same for all of them.
                    return;
                }
            }
        }
    }

    async fn finish(&self, file: &File) -> Result<(), FileError> {
        let mut status = file.status;
        if status == FileStatus::Unscanned {
            // Where there was a scanner when it came, and there is none any more, none is asked.
            let seen = if self.scanner.is_on() { self.look_through(file.id).await } else { Ok(()) };
            if let Err(error) = seen {
                return self.refuse(file, error).await;
            }
            let next = if file.announce { FileStatus::Unannounced } else { FileStatus::Done };
            if !self.files.advance(file.id, status, next).await? {
                return Ok(());
            }
            status = next;
        }
        if status != FileStatus::Unannounced {
            return Ok(());
        }
        let announced = self.announce(file).await;
        if let Err(error) = &announced
            && !is_for_ever(error)
        {
            return announced.map(drop);
        }
        let is_ours = self.files.advance(file.id, status, FileStatus::Done).await?;
        if let Ok(message_id) = announced
            && is_ours
        {
            let told = FileUploaded { file: FileView::from(file), message_id };
            self.sockets.of(&file.uploader).iter().for_each(|it| it.emit_event(&told));
        }
        Ok(())
    }

    /// Stores the message that tells of a file, once however often it is tried.
    async fn announce(&self, file: &File) -> Result<MessageId, FileError> {
        let message = message_of(file);
        let sent = self.chat.send_for(&file.uploader, file.conversation, message).await?;
        Ok(sent.stored().await?.stored.id)
    }

    /// Removes a file that there is a virus in, and tells its uploader so.
    async fn refuse(&self, file: &File, error: FileError) -> Result<(), FileError> {
        let is_gone = matches!(&error, FileError::Bytes(error) if error.is_absence());
        if !is_gone && !matches!(error, FileError::Infected) {
            return Err(error);
        }
        self.files.give_up(file.id).await?;
        self.cleaning.wake();
        let id = file.id.to_string();
        let told = ClientError::from(error).detail("fileId", id);
        self.sockets.of(&file.uploader).iter().for_each(|it| it.emit_error(ERROR_EVENT, &told));
        Ok(())
    }
}

/// Whether it would be of no use to try again: the conversation is gone.
fn is_for_ever(error: &FileError) -> bool {
    matches!(
        error,
        FileError::Append(AppendError::NoConversation)
            | FileError::Chat(chat::ChatError::Access(AccessError::Denied))
    )
}

fn message_of(file: &File) -> SendMessage {
    let metadata = [
        ("fileId", json!(file.id)),
        ("name", json!(file.name)),
        ("size", json!(file.size)),
        ("contentType", json!(file.content_type)),
    ];
    let metadata: Map<String, Value> =
        metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    SendMessage {
        content: file.name.clone().into(),
        role: MessageRole::User,
        r#type: if file.is_image() { MessageType::Image } else { MessageType::File },
        formatting: Formatting::Plain,
        metadata,
        client_message_id: Some(format!("file:{}", file.id)),
    }
}
