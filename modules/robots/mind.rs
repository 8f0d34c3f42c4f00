//! What answers: in this process, or behind HTTP.

use async_trait::async_trait;
use tokio::sync::mpsc;

/// Something that answers, part by part.
#[async_trait]
pub(crate) trait Mind: Send + Sync {
    /// Answers a question. What is said goes to `parts` as it comes; whoever listens may stop to.
    ///
    /// # Errors
    ///
    /// [`Failure`]. What has come until then has come.
    async fn answer(&self, question: &Question, parts: &mut Parts) -> Result<End, Failure>;
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    /// What was said, oldest first; the prompt is the last.
    pub(crate) turns: Vec<Turn>,
}

/// Something that was said, and as what: `user`, `assistant`, `system`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Turn {
    pub(crate) role: &'static str,
    pub(crate) content: String,
}

/// How an answer has ended that has not failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// All was said.
    Whole,
    /// There would be more, but it may say no more.
    Cut,
}

/// Why there is no answer, or not all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// It cannot be reached, or says that it is not well.
    #[error("The robot cannot be reached")]
    Down,
    /// It takes too long.
    #[error("The robot did not answer in time")]
    Late,
    /// It does not take what it is asked: the key, the model, the length.
    #[error("The robot refuses to answer")]
    Refused,
    /// It is asked too much, and says so.
    #[error("The robot is asked too much: try again later")]
    Busy,
    /// The connection broke off.
    #[error("The answer broke off")]
    Broken,
    /// What it says cannot be understood, or is larger than an answer can be.
    #[error("The robot's answer could not be understood")]
    Garbled,
    /// It has said nothing.
    #[error("The robot has said nothing")]
    Empty,
    /// The server stops.
    #[error("The answer was interrupted: the server was stopped")]
    Stopped,
    /// The server has failed.
    #[error("The answer was interrupted: the server failed")]
    Lost,
}

impl Failure {
    /// Its name in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Late => "late",
            Self::Refused => "refused",
            Self::Busy => "busy",
            Self::Broken => "broken",
            Self::Garbled => "garbled",
            Self::Empty => "empty",
            Self::Stopped => "stopped",
            Self::Lost => "lost",
        }
    }

    pub(crate) const ALL: [Self; 9] = [
        Self::Down,
        Self::Late,
        Self::Refused,
        Self::Busy,
        Self::Broken,
        Self::Garbled,
        Self::Empty,
        Self::Stopped,
        Self::Lost,
    ];

    /// Whether the robot is not well, and others would fare no better.
    pub(crate) fn is_its_own(self) -> bool {
        matches!(self, Self::Down | Self::Late | Self::Broken | Self::Garbled | Self::Empty)
    }
}

/// Where the parts of an answer go.
pub(crate) struct Parts {
    listener: mpsc::Sender<String>,
    any: bool,
}

impl Parts {
    /// Parts for a listener, which may be this many behind.
    pub(crate) fn channel(behind: usize) -> (Self, mpsc::Receiver<String>) {
        let (listener, heard) = mpsc::channel(behind);
        (Self { listener, any: false }, heard)
    }

    /// Says a part. Waits while the listener is behind; for one who is gone, for ever.
    pub(crate) async fn say(&mut self, part: impl Into<String>) {
        let part = part.into();
        if part.is_empty() {
            return;
        }
        self.any = true;
        if self.listener.send(part).await.is_err() {
            // Who stops listening drops whoever answers, too.
            std::future::pending::<()>().await;
        }
    }

    /// Whether anything was said.
    pub(crate) fn any(&self) -> bool {
        self.any
    }
}
