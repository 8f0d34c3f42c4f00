//! A file that is being received.

use std::fmt::Write;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::OwnedSemaphorePermit;

use crate::{content::Content, error::FileError, file::FileId, storage::Writing};

/// Bytes on their way to the storage. What they are is found out as they pass.
pub(crate) struct Upload {
    pub(crate) id: FileId,
    writing: Writing,
    content: Content,
    hash: Sha256,
    size: u64,
    limits: Limits,
    quota: Quota,
    place: OwnedSemaphorePermit,
}

/// What the files of a user may take together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quota {
    /// In bytes.
    pub(crate) most: u64,
    /// How many of them nothing has taken yet.
    pub(crate) left: u64,
}

/// What is taken.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) max_bytes: u64,
    pub(crate) types: Vec<String>,
}

/// What is known of a file whose bytes are stored.
pub(crate) struct Received {
    pub(crate) size: u64,
    pub(crate) content_type: &'static str,
    pub(crate) sha256: String,
    /// One of those that there are at a time, until all is done with the file.
    pub(crate) place: OwnedSemaphorePermit,
}

impl Upload {
    pub(crate) fn new(
        id: FileId,
        writing: Writing,
        limits: Limits,
        quota: Quota,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let (content, hash) = (Content::default(), Sha256::new());
        Self { id, writing, content, hash, size: 0, limits, quota, place }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// [`FileError::TooLarge`], [`FileError::Quota`], [`FileError::WrongType`] as soon as it is known,
    /// or a failure of the storage. It has to be given up then.
    pub(crate) async fn add(&mut self, bytes: Bytes) -> Result<(), FileError> {
        self.size += bytes.len() as u64;
        if self.size > self.limits.max_bytes {
            return Err(FileError::TooLarge(self.limits.max_bytes));
        }
        if self.size > self.quota.left {
            return Err(FileError::Quota(self.quota.most));
        }
        self.content.add(&bytes);
        if self.content.is_decided() {
            self.content_type()?;
        }
        self.hash.update(&bytes);
        Ok(self.writing.add(bytes).await?)
    }

    /// Ends the file, which is durable then, but nobody knows it yet.
    ///
    /// # Errors
    ///
    /// As [`Self::add`]; but it is over then.
    pub(crate) async fn finish(self) -> Result<Received, FileError> {
        let content_type = match self.content_type() {
            Ok(content_type) => content_type,
            Err(error) => {
                self.writing.abort().await;
                return Err(error);
            }
        };
        self.writing.finish().await?;
        let sha256 = hexadecimal(&self.hash.finalize());
        Ok(Received { size: self.size, content_type, sha256, place: self.place })
    }

    /// Gives up.
    pub(crate) async fn abort(self) {
        self.writing.abort().await;
    }

    fn content_type(&self) -> Result<&'static str, FileError> {
        let shown = self.content.content_type();
        let taken = shown.filter(|shown| self.limits.types.iter().any(|it| it == shown));
        taken.ok_or_else(|| FileError::WrongType(self.limits.types.clone()))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
