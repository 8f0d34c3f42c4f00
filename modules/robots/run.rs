//! What a run is, to every layer of this module.

use chat::MessageId;
use delivery::ConversationId;

/// An answer that a robot is about to give.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    /// The message that the answer becomes.
    pub(crate) message: MessageId,
    /// Where it is given.
    pub(crate) conversation: ConversationId,
    /// Name of the robot.
    pub(crate) robot: String,
    /// The message that is answered.
    pub(crate) prompt: MessageId,
    /// What was noted of the answer so far.
    pub(crate) content: String,
}
