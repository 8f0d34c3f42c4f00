//! What can go wrong with escalations, and how clients learn of it.

use auth::AuthError;
use database::StorageError;
use delivery::AccessError;
use hornero::{ClientError, ErrorKind};

/// Reason the escalation service refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum EscalationError {
    /// The caller may not do this in the conversation.
    #[error(transparent)]
    Access(#[from] AccessError),

    /// The caller may not do this at all.
    #[error(transparent)]
    Auth(#[from] AuthError),

    /// There is no such escalation, or its conversation is gone.
    #[error("There is no such escalation")]
    NotFound,

    /// So many wait for a supervisor that one more says nothing new.
    #[error("Too many escalations of this conversation wait already")]
    TooMany,

    /// Somebody else was quicker.
    #[error("Another supervisor has claimed the escalation")]
    ClaimedByAnother,

    /// Nobody has taken it yet.
    #[error("Nobody has claimed the escalation: claim it first")]
    NotClaimed,

    /// It is done already.
    #[error("The escalation is resolved")]
    Resolved,

    /// It could not be stored and told, which is in the log.
    #[error("an escalation was lost: {0}")]
    Lost(String),

    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<EscalationError> for ClientError {
    fn from(error: EscalationError) -> Self {
        let reason = match error {
            EscalationError::Access(error) => return error.into(),
            EscalationError::Auth(error) => return error.into(),
            EscalationError::Storage(error) => return error.into(),
            EscalationError::Lost(_) => {
                tracing::error!(%error, "A request failed: {error}");
                return Self::internal();
            }
            EscalationError::NotFound => {
                return Self::new(ErrorKind::NotFound, error.to_string())
                    .detail("reason", "escalation_not_found");
            }
            EscalationError::TooMany => "too_many_escalations",
            EscalationError::ClaimedByAnother => "already_claimed",
            EscalationError::NotClaimed => "not_claimed",
            EscalationError::Resolved => "resolved",
        };
        Self::new(ErrorKind::Conflict, error.to_string()).detail("reason", reason)
    }
}
