//! Asks clamd, over TCP, whether there is a virus in a file.

use std::{sync::Arc, time::Duration};

use futures_util::TryStreamExt;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

use crate::{
    config::FilesConfig,
    storage::{BytesError, Bytestream},
};

/// Begins a file whose bytes come in pieces. The letter says that the answer ends with a zero.
const INSTREAM: &[u8] = b"zINSTREAM\0";

/// Asks whether it is there, and what it says then.
const PING: &[u8] = b"zPING\0";
const PONG: &str = "PONG";

/// Longest piece that is sent at once, in bytes.
const PIECE: usize = 64 * 1024;

/// Longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 4_096;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    Clean,
    /// A virus.
    Infected,
}

/// Reason nobody knows what is in a file.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// clamd is not there, or has hung up.
    #[error("the scanner cannot be reached: {0}")]
    Down(#[from] std::io::Error),

    /// clamd takes longer than `files.scanner.timeoutMs`.
    #[error("the scanner did not answer within {0:?}")]
    Slow(Duration),

    /// What came is no verdict.
    #[error("the scanner answered {0:?}")]
    Unclear(String),

    /// The file could not be read.
    #[error(transparent)]
    Bytes(#[from] BytesError),
}

/// Looks for viruses, if there is somebody who does.
pub struct Scanner {
    /// Host and port; empty if nobody looks.
    address: String,
    patience: Duration,
}

impl Scanner {
    pub(crate) fn new(config: Arc<FilesConfig>) -> Self {
        let scanner = &config.scanner;
        let patience = Duration::from_millis(scanner.timeout_ms);
        Self { address: scanner.address.clone(), patience }
    }

    /// Whether somebody looks.
    pub fn is_on(&self) -> bool {
        !self.address.is_empty()
    }

    /// Looks through a file.
    ///
    /// # Errors
    ///
    /// [`ScanError`]; then nothing is known of the file.
    pub(crate) async fn scan(&self, file: Bytestream) -> Result<Verdict, ScanError> {
        let asked = timeout(self.patience, self.ask(file));
        let text = asked.await.map_err(|_| ScanError::Slow(self.patience))??;
        let verdict = text.strip_prefix("stream: ");
        if verdict == Some("OK") {
            return Ok(Verdict::Clean);
        }
        match verdict.and_then(|it| it.strip_suffix(" FOUND")) {
            Some(found) => {
                tracing::warn!("The scanner found {found:?} in a file");
                Ok(Verdict::Infected)
            }
            None => Err(unclear(&text)),
        }
    }

    /// Asks clamd whether it is there. How long that may take is for whoever asks.
    ///
    /// # Errors
    ///
    /// [`ScanError::Down`], or [`ScanError::Unclear`] if it is somebody else.
    pub async fn ping(&self) -> Result<(), ScanError> {
        let mut clamd = TcpStream::connect(&self.address).await?;
        clamd.write_all(PING).await?;
        let text = answer(clamd).await?;
        if text == PONG { Ok(()) } else { Err(unclear(&text)) }
    }

    async fn ask(&self, mut file: Bytestream) -> Result<String, ScanError> {
        let mut clamd = TcpStream::connect(&self.address).await?;
        let sent = async {
            clamd.write_all(INSTREAM).await?;
            while let Some(bytes) = file.try_next().await.map_err(BytesError::from)? {
                // Each with its length before it; none is empty, which would be the end.
                for piece in bytes.chunks(PIECE) {
                    clamd.write_u32(piece.len() as u32).await?;
                    clamd.write_all(piece).await?;
                }
            }
            clamd.write_u32(0).await?;
            Ok(clamd.flush().await?)
        };
        let sent: Result<(), ScanError> = sent.await;
        // One that has seen enough says so before it hangs up.
        let read = answer(clamd).await;
        match (sent, read) {
            (Err(ScanError::Down(_)), Ok(text)) if !text.is_empty() => Ok(text),
            (sent, read) => {
                sent?;
                Ok(read?)
            }
        }
    }
}

/// What clamd says, without the end of it.
async fn answer(clamd: TcpStream) -> Result<String, std::io::Error> {
    let mut answer = Vec::new();
    BufReader::new(clamd.take(LONGEST_ANSWER)).read_until(0, &mut answer).await?;
    let text = String::from_utf8_lossy(&answer);
    Ok(text.trim_end_matches(['\0', '\n', '\r']).to_owned())
}

fn unclear(text: &str) -> ScanError {
    ScanError::Unclear(text.chars().take(200).collect())
}
