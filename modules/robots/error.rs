//! What can go wrong with robots, and how clients learn of it.

use std::time::Duration;

use auth::AuthError;
use chat::ChatError;
use database::StorageError;
use delivery::{AccessError, AppendError};
use hornero::{ClientError, ErrorKind};

/// Time after which who has too many runs may try again: there is no telling when one ends.
const SOON: Duration = Duration::from_secs(1);

/// Reason a robot does not begin to answer.
#[derive(Debug, thiserror::Error)]
pub enum RobotError {
    /// The caller may not send there.
    #[error(transparent)]
    Access(#[from] AccessError),

    /// The caller may not use robots.
    #[error(transparent)]
    Auth(#[from] AuthError),

    /// The prompt could not be sent.
    #[error(transparent)]
    Chat(#[from] ChatError),

    /// The prompt could not be stored.
    #[error(transparent)]
    Append(#[from] AppendError),

    /// There is no robot of this name.
    #[error("There is no such robot")]
    NoSuchRobot,

    /// It has failed again and again, and is let alone for so long.
    #[error("The robot is down: try again later")]
    Down(Duration),

    /// The user waits for as many answers as one may.
    #[error("You wait for too many answers already: try again when one is there")]
    TooManyOfUser,

    /// All users together do; or the server stops.
    #[error("Too many answers are waited for: try again later")]
    TooMany,

    /// It could not be begun, which is in the log.
    #[error("a run could not be begun: {0}")]
    Lost(String),

    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<RobotError> for ClientError {
    fn from(error: RobotError) -> Self {
        match error {
            RobotError::Access(error) => error.into(),
            RobotError::Auth(error) => error.into(),
            RobotError::Chat(error) => error.into(),
            RobotError::Append(error) => error.into(),
            RobotError::Storage(error) => error.into(),
            RobotError::NoSuchRobot => Self::new(ErrorKind::NotFound, error.to_string())
                .detail("reason", "robot_not_found"),
            RobotError::Down(after) => {
                Self::new(ErrorKind::Unavailable, error.to_string()).retry_after(after)
            }
            RobotError::TooManyOfUser => {
                Self::new(ErrorKind::RateLimited, error.to_string()).retry_after(SOON)
            }
            RobotError::TooMany => Self::unavailable(error.to_string()),
            RobotError::Lost(_) => {
                tracing::error!(%error, "A request failed: {error}");
                Self::internal()
            }
        }
    }
}

/// Reason the robots of the configuration cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// One of them is at fault.
    #[error("robots.named.{0}: {1}")]
    Robot(String, String),

    /// Sessions have one that is not there.
    #[error("sessions.assistant must be the name of one in robots.named")]
    NoSuchAssistant,
}
