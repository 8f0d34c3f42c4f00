//! Configuration section `files`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use hornero::ConfigSection;
use serde::{Deserialize, Serialize};

use crate::content;

/// Types that are taken unless the configuration says otherwise.
const TYPES: [&str; 17] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/heif",
    "audio/mpeg",
    "audio/m4a",
    "audio/ogg",
    "audio/x-wav",
    "video/mp4",
    "video/webm",
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    content::TEXT,
];

/// Largest `maxBytes`: of what is larger, S3 would have to be sent more parts than it takes.
const MAX_BYTES: u64 = 10 * 1024 * 1024 * 1024;

/// An hour, in milliseconds.
const HOUR: u64 = 60 * 60 * 1_000;

/// Which files are taken, and where they are kept.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FilesConfig {
    /// Folder that keeps the bytes, unless S3 does. Default: `files` in `server.dataDir`.
    pub folder: String,
    /// Largest file, in bytes. Default 10,485,760, which are 10 MiB.
    pub max_bytes: u64,
    /// Most that the files of one user may take together, in bytes; 0 is without limit. A file counts
    /// 4 KiB at least. Default 1,073,741,824, which are 1 GiB.
    pub max_bytes_per_user: u64,
    /// Types that are taken, as the content shows them. Default: common pictures, sounds, films
    /// and documents.
    pub types: Vec<String>,
    /// Files that are received at the same time; more are refused with a retry hint. Default 16.
    pub max_uploads: usize,
    /// Time that a client has to send a file, in milliseconds. Default 300,000, five minutes.
    pub upload_timeout_ms: u64,
    /// A service that keeps the bytes.
    pub s3: S3Config,
    /// A service that looks for viruses.
    pub scanner: ScannerConfig,
}

/// Keys `files.s3.*`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct S3Config {
    /// Address of the service, such as `https://minio.example.org`. Default: that of AWS.
    pub endpoint: String,
    /// Bucket that keeps the bytes. Default empty: a folder does.
    pub bucket: String,
    /// Region of the bucket. Default `us-east-1`.
    pub region: String,
    /// Name of the key. Default empty: who runs on AWS is known there.
    pub access_key: String,
    /// The key's secret.
    pub secret_key: String,
}

/// Keys `files.scanner.*`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ScannerConfig {
    /// Host and port of a clamd, such as `127.0.0.1:3310`. Default empty: nobody looks.
    pub address: String,
    /// Time that it has for a file, in milliseconds. Default 30,000.
    pub timeout_ms: u64,
}

impl Default for FilesConfig {
    fn default() -> Self {
        Self {
            folder: String::new(),
            max_bytes: 10 * 1024 * 1024,
            max_bytes_per_user: 1024 * 1024 * 1024,
            types: TYPES.map(str::to_owned).to_vec(),
            max_uploads: 16,
            upload_timeout_ms: 300_000,
            s3: S3Config::default(),
            scanner: ScannerConfig::default(),
        }
    }
}

impl Default for S3Config {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            bucket: String::new(),
            region: "us-east-1".to_owned(),
            access_key: String::new(),
            secret_key: String::new(),
        }
    }
}

impl Default for ScannerConfig {
    fn default() -> Self {
        Self { address: String::new(), timeout_ms: 30_000 }
    }
}

impl FilesConfig {
    /// See [`Self::folder`].
    pub(crate) fn folder(&self, data_dir: &Path) -> PathBuf {
        if self.folder.is_empty() { data_dir.join("files") } else { PathBuf::from(&self.folder) }
    }

    /// See [`Self::upload_timeout_ms`].
    pub(crate) fn upload_timeout(&self) -> Duration {
        Duration::from_millis(self.upload_timeout_ms)
    }
}

impl ConfigSection for FilesConfig {
    const KEY: &'static str = "files";
    const SECRETS: &'static [&'static str] = &["s3.secretKey"];

    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if !(1..=MAX_BYTES).contains(&self.max_bytes) {
            problems.push(("maxBytes", format!("must be 1 to {MAX_BYTES}, 10 GiB")));
        }
        if let Some(unknown) = self.types.iter().find(|it| !content::is_known(it)) {
            let text = format!("must be types that content shows: {unknown} is none");
            problems.push(("types", text));
        }
        if self.types.is_empty() {
            problems.push(("types", "must be one type at least".to_owned()));
        }
        if !(1..=1_000).contains(&self.max_uploads) {
            problems.push(("maxUploads", "must be 1 to 1000".to_owned()));
        }
        if !(1..=HOUR).contains(&self.upload_timeout_ms) {
            problems.push(("uploadTimeoutMs", "must be 1 to 3600000, an hour".to_owned()));
        }
        problems.extend(self.s3.problems());
        let address = &self.scanner.address;
        if !address.is_empty() && !is_address(address) {
            problems.push(("scanner.address", "must be like 127.0.0.1:3310".to_owned()));
        }
        if !(1..=HOUR).contains(&self.scanner.timeout_ms) {
            problems.push(("scanner.timeoutMs", "must be 1 to 3600000, an hour".to_owned()));
        }
        problems
    }
}

impl S3Config {
    /// Whether it keeps the bytes, and no folder does.
    pub(crate) fn is_on(&self) -> bool {
        !self.bucket.is_empty()
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let is_web = ["http://", "https://"].iter().any(|it| self.endpoint.starts_with(it));
        if !self.endpoint.is_empty() && !is_web {
            let text = "must be an address like https://minio.example.org";
            problems.push(("s3.endpoint", text.to_owned()));
        }
        if self.is_on() && self.region.is_empty() {
            problems.push(("s3.region", "must be given with a bucket".to_owned()));
        }
        if self.access_key.is_empty() != self.secret_key.is_empty() {
            let text = "must be given with s3.accessKey, and not without it";
            problems.push(("s3.secretKey", text.to_owned()));
        }
        problems
    }
}

fn is_address(text: &str) -> bool {
    let parts = text.rsplit_once(':');
    parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|it| it > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys that are wrong when the configuration is changed like this.
    fn wrong(change: impl FnOnce(&mut FilesConfig)) -> Vec<&'static str> {
        let mut config = FilesConfig::default();
        change(&mut config);
        config.problems().into_iter().map(|it| it.0).collect()
    }

    #[test]
    fn wrong_settings_are_named() {
        assert_eq!(wrong(|_| ()), [] as [&str; 0]);
        assert_eq!(wrong(|it| it.types.push("image/pgn".to_owned())), ["types"]);
        assert_eq!(wrong(|it| it.types.clear()), ["types"]);
        assert_eq!(wrong(|it| it.max_bytes = 0), ["maxBytes"]);
        assert_eq!(wrong(|it| it.max_uploads = 0), ["maxUploads"]);
        assert_eq!(wrong(|it| it.upload_timeout_ms = 0), ["uploadTimeoutMs"]);
        assert_eq!(wrong(|it| it.s3.endpoint = "minio".to_owned()), ["s3.endpoint"]);
        assert_eq!(wrong(|it| it.s3.access_key = "key".to_owned()), ["s3.secretKey"]);
        for address in ["clamd", "clamd:", ":3310", "clamd:0", "clamd:99999"] {
            let set = |it: &mut FilesConfig| it.scanner.address = address.to_owned();
            assert_eq!(wrong(set), ["scanner.address"], "{address}");
        }
        assert_eq!(wrong(|it| it.scanner.address = "[::1]:3310".to_owned()), [] as [&str; 0]);
        assert_eq!(wrong(|it| it.scanner.timeout_ms = 0), ["scanner.timeoutMs"]);
    }
}
