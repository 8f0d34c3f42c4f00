//! The rules of files.

use std::{sync::Arc, time::Duration};

use auth::Caller;
use bytes::Bytes;
use chrono::Utc;
use delivery::{Access, AccessError, ConversationId, ConversationKind, Conversations, Right};
use tokio::sync::Semaphore;

use crate::{
    cleaning::Cleaning,
    config::FilesConfig,
    error::FileError,
    file::{File, FileId, FileStatus},
    finishing::Finishing,
    name,
    repository::FileRepository,
    scanner::Scanner,
    storage::{Bytestream, Storage},
    upload::{Limits, Quota, Upload},
};

/// Largest file that comes in one event, in bytes: 900 KiB, which leave room in a packet.
pub(crate) const MAX_EVENT: u64 = 900 * 1024;

/// What is to become of a file that has come.
pub(crate) struct NewFile {
    pub(crate) conversation: ConversationId,
    /// As the client has it.
    pub(crate) name: String,
    /// Whether a message is to tell of it.
    pub(crate) announce: bool,
}

/// Takes files, and gives them to those who may read them.
pub(crate) struct FileService {
    access: Arc<Access>,
    conversations: Arc<Conversations>,
    files: Arc<dyn FileRepository>,
    storage: Arc<Storage>,
    scanner: Arc<Scanner>,
    finishing: Arc<Finishing>,
    cleaning: Arc<Cleaning>,
    limits: Limits,
    /// Most that the files of one user may take together, in bytes; 0 is without limit.
    max_bytes_per_user: u64,
    upload_timeout: Duration,
    places: Arc<Semaphore>,
}

impl FileService {
    #[expect(clippy::too_many_arguments, reason = "a constructor's arguments are its wiring")]
    pub(crate) fn new(
        access: Arc<Access>,
        conversations: Arc<Conversations>,
        files: Arc<dyn FileRepository>,
        storage: Arc<Storage>,
        scanner: Arc<Scanner>,
        finishing: Arc<Finishing>,
        cleaning: Arc<Cleaning>,
        config: Arc<FilesConfig>,
    ) -> Self {
        let limits = Limits { max_bytes: config.max_bytes, types: config.types.clone() };
        let (upload_timeout, places) = (config.upload_timeout(), config.max_uploads);
        let places = Arc::new(Semaphore::new(places));
        Self {
            access,
            conversations,
            files,
            storage,
            scanner,
            finishing,
            cleaning,
            limits,
            max_bytes_per_user: config.max_bytes_per_user,
            upload_timeout,
            places,
        }
    }

    /// Time that a client has to send a file.
    pub(crate) fn upload_timeout(&self) -> Duration {
        self.upload_timeout
    }

    /// Largest file, in bytes.
    pub(crate) fn max_bytes(&self) -> u64 {
        self.limits.max_bytes
    }

    /// Refuses who may not bring files to the conversation. With a kind, it must be of that.
    ///
    /// # Errors
    ///
    /// [`FileError::Auth`] for guests, [`FileError::Access`].
    pub(crate) async fn require(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        kind: Option<ConversationKind>,
    ) -> Result<(), FileError> {
        caller.require_account()?;
        if kind.is_some() && kind != Some(self.access.kind(conversation).await?) {
            return Err(AccessError::Denied.into());
        }
        self.access.require(caller, conversation, Right::Send).await?;
        Ok(())
    }

    /// Begins to receive a file, which has to be [kept](Self::keep) or [given up](Self::give_up).
    ///
    /// # Errors
    ///
    /// [`FileError::Auth`] for guests, [`FileError::Busy`], [`FileError::Quota`], or a failure of the
    /// database.
    pub(crate) async fn begin(&self, caller: &Caller) -> Result<Upload, FileError> {
        caller.require_account()?;
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| FileError::Busy)?;
        let quota = self.quota(caller).await?;
        let id = FileId::generate();
        // Before the first byte, so that none is forgotten if the server ends here.
        self.files.begin(id, &caller.user_id).await?;
        Ok(Upload::new(id, self.storage.write(id), self.limits.clone(), quota, place))
    }

    /// What the caller's files may take. What is being received meanwhile is not known yet.
    async fn quota(&self, caller: &Caller) -> Result<Quota, FileError> {
        let most = self.max_bytes_per_user;
        if most == 0 {
            return Ok(Quota { most, left: u64::MAX });
        }
        match most.saturating_sub(self.files.taken(&caller.user_id).await?) {
            0 => Err(FileError::Quota(most)),
            left => Ok(Quota { most, left }),
        }
    }

    /// Keeps a file that has come, looks through it, and lets a message tell of it.
    ///
    /// Returns when file and message are stored. Should the message be late, it is stored later.
    ///
    /// # Errors
    ///
    /// [`FileError`]; then nothing is kept.
    pub(crate) async fn keep(
        &self,
        caller: &Caller,
        upload: Upload,
        new: NewFile,
    ) -> Result<File, FileError> {
        let file = self.store(caller, upload, new, true).await?;
        if file.status == FileStatus::Unannounced {
            // It would be of no use to the client to try again: the file is there.
            self.finishing.finish_or_retry(&file).await;
        }
        Ok(file)
    }

    /// Keeps a file that has come in one event. It is looked through
    /// [later](Self::finish_soon).
    ///
    /// Returns when the file is stored.
    ///
    /// # Errors
    ///
    /// [`FileError`]; then nothing is kept.
    pub(crate) async fn accept(
        &self,
        caller: &Caller,
        bytes: Bytes,
        new: NewFile,
    ) -> Result<File, FileError> {
        self.require(caller, new.conversation, None).await?;
        if bytes.len() as u64 > MAX_EVENT {
            return Err(FileError::TooLarge(MAX_EVENT));
        }
        let mut upload = self.begin(caller).await?;
        if let Err(error) = upload.add(bytes).await {
            self.give_up(upload).await;
            return Err(error);
        }
        self.store(caller, upload, new, false).await
    }

    /// Lets a file that was [accepted](Self::accept) be looked through and told of.
    pub(crate) fn finish_soon(&self, id: FileId) {
        self.finishing.finish_soon(id);
    }

    /// Gives up a file that has not come as it should.
    pub(crate) async fn give_up(&self, upload: Upload) {
        let id = upload.id;
        upload.abort().await;
        self.forget(id).await;
    }

    /// Stores a file, or nothing of it.
    async fn store(
        &self,
        caller: &Caller,
        upload: Upload,
        new: NewFile,
        at_once: bool,
    ) -> Result<File, FileError> {
        let id = upload.id;
        let stored = self.try_store(caller, upload, new, at_once).await;
        if stored.is_err() {
            self.forget(id).await;
        }
        stored
    }

    async fn try_store(
        &self,
        caller: &Caller,
        upload: Upload,
        new: NewFile,
        at_once: bool,
    ) -> Result<File, FileError> {
        let id = upload.id;
        let received = upload.finish().await?;
        if at_once && self.scanner.is_on() {
            self.finishing.look_through(id).await?;
        }
        let status = match (at_once || !self.scanner.is_on(), new.announce) {
            (false, _) => FileStatus::Unscanned,
            (true, true) => FileStatus::Unannounced,
            (true, false) => FileStatus::Done,
        };
        let file = File {
            id,
            conversation: new.conversation,
            uploader: caller.user_id.clone(),
            name: name::harmless(&new.name),
            size: received.size,
            content_type: received.content_type.to_owned(),
            sha256: received.sha256,
            status,
            announce: new.announce,
            created_at: Utc::now(),
        };
        if !self.files.complete(&file).await? {
            // It has taken so long that it was taken for broken off.
            return Err(FileError::Slow);
        }
        // After that: one that ends now finds the file among what it has to remove.
        if self.conversations.find(file.conversation).await?.is_none() {
            return Err(AccessError::Denied.into());
        }
        drop(received.place);
        Ok(file)
    }

    /// Lets nothing be left of a file.
    async fn forget(&self, id: FileId) {
        if let Err(error) = self.files.give_up(id).await {
            // One whose upload has not ended is removed all the same, when its time is over.
            tracing::warn!(%id, %error, "Could not give up a file: {error}");
        }
        self.cleaning.wake();
    }

    /// A file that the caller may read.
    ///
    /// # Errors
    ///
    /// [`FileError::NoFile`], also if the caller may not know of it, or it is not looked through.
    pub(crate) async fn find(&self, caller: &Caller, id: FileId) -> Result<File, FileError> {
        let file = self.files.find(id).await?.filter(|it| it.status.is_clean());
        let file = file.ok_or(FileError::NoFile)?;
        match self.access.require(caller, file.conversation, Right::Read).await {
            Ok(_) => Ok(file),
            Err(AccessError::Denied | AccessError::NotAMember) => Err(FileError::NoFile),
            Err(error) => Err(error.into()),
        }
    }

    /// The bytes of a file.
    ///
    /// # Errors
    ///
    /// [`FileError::Bytes`]; [`FileError::NoFile`] if it has been removed since it was found.
    pub(crate) async fn read(&self, file: &File) -> Result<Bytestream, FileError> {
        match self.storage.read(file.id).await {
            Err(error) if error.is_absence() && self.files.find(file.id).await?.is_none() => {
                Err(FileError::NoFile)
            }
            bytes => Ok(bytes?),
        }
    }
}
