//! What an escalation is, to every layer of this module.

use auth::UserId;
use chrono::{DateTime, Utc};
use delivery::{ConversationId, ConversationKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::EscalationError;

/// Identifies an escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct EscalationId(pub Uuid);

impl EscalationId {
    /// A new id. Version 7, so ids sort by time.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl std::fmt::Display for EscalationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// How soon somebody should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = EscalationPriority)]
pub enum Priority {
    /// When there is time.
    Low,
    /// In its turn.
    #[default]
    Normal,
    /// Before others.
    High,
    /// At once.
    Urgent,
}

impl Priority {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// A priority that this version does not know is normal.
    pub(crate) fn parse(name: &str) -> Self {
        let others = [Self::Low, Self::High, Self::Urgent];
        others.into_iter().find(|it| it.as_str() == name).unwrap_or_default()
    }
}

/// How far an escalation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EscalationStatus {
    /// Nobody has taken it.
    Open,
    /// A supervisor has.
    Claimed,
    /// It is done.
    Resolved,
}

impl EscalationStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Claimed => "claimed",
            Self::Resolved => "resolved",
        }
    }

    /// A status that this version does not know gives nobody a right.
    pub(crate) fn parse(name: &str) -> Self {
        let others = [Self::Open, Self::Claimed];
        others.into_iter().find(|it| it.as_str() == name).unwrap_or(Self::Resolved)
    }
}

/// Why a supervisor is needed, and how soon.
#[derive(Debug, Clone)]
pub(crate) struct Why {
    /// 1 to 500 characters.
    pub(crate) reason: String,
    pub(crate) priority: Priority,
}

/// A conversation that needs a supervisor, or did.
#[derive(Debug, Clone, PartialEq)]
pub struct Escalation {
    /// Identifies it.
    pub id: EscalationId,
    /// Rises with each: what is told later has the higher one.
    pub(crate) number: i64,
    /// Where it is about.
    pub conversation: ConversationId,
    /// Which kind of conversation that is.
    pub kind: ConversationKind,
    /// Who has asked for a supervisor.
    pub created_by: UserId,
    /// Why: 1 to 500 characters.
    pub reason: String,
    /// How soon somebody should look.
    pub priority: Priority,
    /// How far it is.
    pub status: EscalationStatus,
    /// Who has taken it, and when.
    pub claimed: Option<(UserId, DateTime<Utc>)>,
    /// Who has said that it is done, and when.
    pub resolved: Option<(UserId, DateTime<Utc>)>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// What is to become of an escalation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Claim,
    Resolve,
}

impl Escalation {
    /// Takes a step, and tells whether that changes anything: one that the same user has taken
    /// before does not.
    ///
    /// # Errors
    ///
    /// The step does not follow upon where the escalation is. Nothing has changed then.
    pub(crate) fn take(
        &mut self,
        step: Step,
        by: &UserId,
        now: DateTime<Utc>,
    ) -> Result<bool, EscalationError> {
        let claimed_by = self.claimed.as_ref().map(|it| &it.0);
        match (step, self.status) {
            (Step::Claim, EscalationStatus::Open) => {
                (self.status, self.claimed) = (EscalationStatus::Claimed, Some((by.clone(), now)));
                Ok(true)
            }
            (Step::Claim, EscalationStatus::Claimed) if claimed_by == Some(by) => Ok(false),
            (Step::Claim, EscalationStatus::Claimed) => Err(EscalationError::ClaimedByAnother),
            (Step::Claim, EscalationStatus::Resolved) => Err(EscalationError::Resolved),
            (Step::Resolve, EscalationStatus::Open) => Err(EscalationError::NotClaimed),
            (Step::Resolve, EscalationStatus::Claimed) => {
                let resolved = Some((by.clone(), now));
                (self.status, self.resolved) = (EscalationStatus::Resolved, resolved);
                Ok(true)
            }
            (Step::Resolve, EscalationStatus::Resolved) => Ok(false),
        }
    }
}
