//! A stand-in for clamd, which speaks its protocol over a real socket.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::VIRUS;

/// What the stand-in does with whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// Reads all, and says what it has found.
    Honest,
    /// Reads all, and says nothing.
    Silent,
    /// Reads all, and answers what is no verdict.
    Confused,
    /// Hangs up.
    Rude,
    /// Says at once that the file is too large, as clamd does, and hangs up.
    Overwhelmed,
}

/// A clamd that is there as long as it is kept.
pub(super) struct Clamd {
    pub(super) address: String,
    mood: Arc<Mutex<Mood>>,
    seen: Arc<Mutex<Vec<Vec<u8>>>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Clamd {
    pub(super) async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (mood, seen) = (Arc::new(Mutex::new(mood)), Arc::<Mutex<Vec<Vec<u8>>>>::default());
        let (moods, files) = (Arc::clone(&mood), Arc::clone(&seen));
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (mood, files) = (*moods.lock().unwrap(), Arc::clone(&files));
                tokio::spawn(async move { serve(stream, mood, &files).await });
            }
        });
        Self { address, mood, seen, serving }
    }

    pub(super) fn becomes(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// The files that it was sent.
    pub(super) fn seen(&self) -> Vec<Vec<u8>> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// An error is that of a client that has hung up.
async fn serve(
    mut stream: TcpStream,
    mood: Mood,
    seen: &Mutex<Vec<Vec<u8>>>,
) -> Result<(), std::io::Error> {
    if mood == Mood::Rude {
        return Ok(());
    }
    if mood == Mood::Overwhelmed {
        return stream.write_all(b"INSTREAM size limit exceeded. ERROR\0").await;
    }
    let mut command = Vec::new();
    while command.last() != Some(&0) {
        command.push(stream.read_u8().await?);
    }
    if command == b"zPING\0" {
        return match mood {
            Mood::Silent => std::future::pending().await,
            Mood::Confused => stream.write_all(b"UNKNOWN COMMAND\0").await,
            _ => stream.write_all(b"PONG\0").await,
        };
    }
    assert_eq!(command, b"zINSTREAM\0");
    let mut file = Vec::new();
    loop {
        let length = stream.read_u32().await? as usize;
        if length == 0 {
            break;
        }
        let mut piece = vec![0; length];
        stream.read_exact(&mut piece).await?;
        file.extend(piece);
    }
    let infected = String::from_utf8_lossy(&file).contains(VIRUS);
    seen.lock().unwrap().push(file);
    let answer = match mood {
        Mood::Silent => return std::future::pending().await,
        Mood::Confused => "stream: perhaps\0",
        _ if infected => "stream: Hornero.Test FOUND\0",
        _ => "stream: OK\0",
    };
    stream.write_all(answer.as_bytes()).await?;
    // A real one keeps the connection until the client hangs up, or does not.
    let _ = stream.read_u8().await;
    Ok(())
}
