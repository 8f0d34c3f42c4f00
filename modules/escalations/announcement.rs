//! What is told of escalations: in both vocabularies the same, since the older one has no words
//! for them.

use delivery::{Announcement, Vocabulary};
use hornero::{Event, Frame};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    dto::EscalationView,
    escalation::{Escalation, Step},
};

/// A conversation needs a supervisor. Also the ack of `chat:escalation:create`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EscalationCreated {
    escalation: EscalationView,
}

impl From<&Escalation> for EscalationCreated {
    fn from(it: &Escalation) -> Self {
        Self { escalation: it.into() }
    }
}

impl Event for EscalationCreated {
    const NAME: &'static str = "chat:escalation:created";
}

impl Announcement for EscalationCreated {
    fn frame(&self, _: Vocabulary) -> Option<Frame> {
        Frame::of(self)
    }
}

/// A supervisor has taken an escalation, or is done with it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EscalationStepped {
    #[serde(rename = "type")]
    step: SteppedKind,
    escalation: EscalationView,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = EscalationStep)]
enum SteppedKind {
    #[serde(rename = "escalation_claimed")]
    Claimed,
    #[serde(rename = "escalation_resolved")]
    Resolved,
}

impl EscalationStepped {
    pub(crate) fn new(step: Step, escalation: &Escalation) -> Self {
        let step = match step {
            Step::Claim => SteppedKind::Claimed,
            Step::Resolve => SteppedKind::Resolved,
        };
        Self { step, escalation: escalation.into() }
    }
}

impl Event for EscalationStepped {
    const NAME: &'static str = "chat:system:notification";
}

impl Announcement for EscalationStepped {
    fn frame(&self, _: Vocabulary) -> Option<Frame> {
        Frame::of(self)
    }
}
