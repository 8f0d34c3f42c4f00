//! Where the bytes are: a folder, or a bucket of S3. Which of the two makes no difference.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use hornero::ServerConfig;
use object_store::{
    BackoffConfig, ClientOptions, Error, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig,
    aws::AmazonS3Builder, buffered::BufWriter, local::LocalFileSystem, path::Path,
};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use crate::{
    config::{FilesConfig, S3Config},
    file::FileId,
};

/// Bytes that are written together. To S3 this is the least that it takes, but at the end.
const PART: usize = 5 * 1024 * 1024;
const PART_OF_A_FOLDER: usize = 256 * 1024;

/// Time that S3 has to take a connection, and to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(30);

/// How often a request to S3 is tried again, and for how long.
const RETRIES: usize = 2;
const RETRY_TIMEOUT: Duration = Duration::from_secs(10);

/// What is written to find out whether that can be done.
const PROBE: &[u8] = b"probe";

/// Reason the storage cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenStorageError {
    /// The folder cannot be made.
    #[error(
        "cannot write to the folder of files {folder:?}: {source}; make it writable, or name \
         another one with HORNERO__FILES__FOLDER"
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },

    /// The storage refuses its configuration.
    #[error("cannot open the storage of files: {0}; look at HORNERO__FILES__S3__*")]
    Refused(#[from] Error),
}

/// The bytes do not come or go, and it is not the client's fault.
#[derive(Debug, thiserror::Error)]
#[error("the storage of files failed: {0}")]
pub struct BytesError(#[from] Error);

impl From<io::Error> for BytesError {
    fn from(source: io::Error) -> Self {
        Self(Error::Generic { store: "upload", source: source.into() })
    }
}

impl BytesError {
    /// Whether there are no such bytes.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self.0, Error::NotFound { .. })
    }
}

/// Bytes as they come out of the storage.
pub(crate) type Bytestream = BoxStream<'static, Result<Bytes, Error>>;

/// Keeps the bytes of files.
pub struct Storage {
    store: Arc<dyn ObjectStore>,
    /// The folder, if it is one.
    folder: Option<LocalFileSystem>,
    part: usize,
    /// Where it is tried out: not where another process does.
    probe: Path,
}

impl Storage {
    /// Opens what is configured. A folder is made where there is none.
    ///
    /// # Errors
    ///
    /// [`OpenStorageError`], which tells the operator what to do. S3 is not asked yet.
    pub(crate) fn open(
        config: Arc<FilesConfig>,
        server: Arc<ServerConfig>,
    ) -> Result<Self, OpenStorageError> {
        if config.s3.is_on() {
            return Ok(Self::of(Arc::new(s3(&config.s3)?)));
        }
        let folder = config.folder(&server.data_dir);
        let made = std::fs::create_dir_all(&folder);
        made.map_err(|source| OpenStorageError::Folder { folder: folder.clone(), source })?;
        // What is acknowledged survives a power cut, as messages do.
        let local = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        let store = Arc::new(local.clone());
        Ok(Self { folder: Some(local), part: PART_OF_A_FOLDER, ..Self::of(store) })
    }

    /// A storage that is no folder.
    pub(crate) fn of(store: Arc<dyn ObjectStore>) -> Self {
        let probe = Path::from_iter(["probes", &Uuid::new_v4().to_string()]);
        Self { store, folder: None, part: PART, probe }
    }

    /// Begins to write a file.
    pub(crate) fn write(&self, id: FileId) -> Writing {
        let writer = BufWriter::with_capacity(Arc::clone(&self.store), path(id), self.part);
        Writing(writer.with_max_concurrency(1))
    }

    /// Begins to read a file.
    ///
    /// # Errors
    ///
    /// [`BytesError`] if there is none, or the storage is away.
    pub(crate) async fn read(&self, id: FileId) -> Result<Bytestream, BytesError> {
        Ok(self.store.get(&path(id)).await?.into_stream())
    }

    /// Removes a file, and what an upload that broke off has left of it. Does nothing if there
    /// is neither.
    ///
    /// # Errors
    ///
    /// [`BytesError`] if the storage is away.
    pub(crate) async fn remove(&self, id: FileId) -> Result<(), BytesError> {
        if let Some(folder) = &self.folder {
            let mut half = folder.path_to_filesystem(&path(id))?.into_os_string();
            // Where the store writes what is not whole yet. Each id is written once.
            half.push("#1");
            absent_is_fine(tokio::fs::remove_file(half).await)?;
        }
        match self.store.delete(&path(id)).await {
            Err(error) if !matches!(error, Error::NotFound { .. }) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Writes a few bytes, reads and removes them. How long that may take is for whoever asks.
    ///
    /// # Errors
    ///
    /// [`BytesError`] if one of the three fails: then files neither come nor go.
    pub async fn try_out(&self) -> Result<(), BytesError> {
        self.store.put(&self.probe, PutPayload::from_static(PROBE)).await?;
        let read = self.store.get(&self.probe).await?.bytes().await?;
        self.store.delete(&self.probe).await?;
        if read != PROBE {
            return Err(io::Error::other("it gives back other bytes than it was given").into());
        }
        Ok(())
    }
}

fn absent_is_fine(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Not all in one folder: the last letters of an id are random.
fn path(id: FileId) -> Path {
    let name = id.to_string();
    let shelf = &name[name.len() - 2..];
    Path::from_iter([shelf, name.as_str()])
}

fn s3(config: &S3Config) -> Result<impl ObjectStore, Error> {
    let options = ClientOptions::new().with_connect_timeout(CONNECT_TIMEOUT).with_timeout(TIMEOUT);
    let retry = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: RETRIES,
        retry_timeout: RETRY_TIMEOUT,
    };
    let mut s3 = AmazonS3Builder::new()
        .with_client_options(options)
        .with_retry(retry)
        .with_region(&config.region)
        .with_bucket_name(&config.bucket);
    if !config.endpoint.is_empty() {
        let is_plain = config.endpoint.starts_with("http://");
        s3 = s3.with_endpoint(&config.endpoint).with_allow_http(is_plain);
    }
    if !config.access_key.is_empty() {
        s3 = s3.with_access_key_id(&config.access_key).with_secret_access_key(&config.secret_key);
    }
    s3.build()
}

/// A file that is being written. Nobody sees it until it is finished.
pub(crate) struct Writing(BufWriter);

impl Writing {
    /// Writes the next bytes, as soon as there is room for them.
    ///
    /// # Errors
    ///
    /// [`BytesError`]; then the file will never be whole.
    pub(crate) async fn add(&mut self, bytes: Bytes) -> Result<(), BytesError> {
        Ok(self.0.put(bytes).await?)
    }

    /// Ends the file, which is durable then.
    ///
    /// # Errors
    ///
    /// [`BytesError`]; then there is none.
    pub(crate) async fn finish(mut self) -> Result<(), BytesError> {
        Ok(self.0.shutdown().await?)
    }

    /// Gives up. What is left of it [`Storage::remove`] removes.
    pub(crate) async fn abort(mut self) {
        if let Err(error) = self.0.abort().await {
            tracing::warn!(%error, "Could not take back what was stored of a file: {error}");
        }
    }
}
