//! The wire forms of robots, field by field.

use chat::MessageId;
use delivery::ConversationId;
use hornero::{ClientError, rules};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::{error::RobotError, mind::Failure};

/// Payload of `chat:robot:interact`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InteractWithRobot {
    /// The room, or any other conversation.
    pub(crate) room_id: ConversationId,
    /// 1 to 10,000 Unicode scalar values, after line ends have become LF.
    #[serde(deserialize_with = "chat::with_plain_line_ends")]
    #[validate(length(min = 1, max = 10_000), custom(function = "rules::text"))]
    #[schema(
        min_length = 1,
        max_length = 10000,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    pub(crate) prompt: String,
    /// Name of the robot. Default the one that is configured.
    #[validate(length(min = 1, max = 64), custom(function = "rules::visible_ascii"))]
    #[schema(min_length = 1, max_length = 64, pattern = "^[!-~]+$")]
    pub(crate) robot_id: Option<String>,
}

/// Ack of `chat:robot:interact`: the prompt is stored, and the robot begins to answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RobotAsked {
    pub(crate) room_id: ConversationId,
    /// The message that the answer becomes.
    pub(crate) message_id: MessageId,
    /// The caller's message.
    pub(crate) prompt_id: MessageId,
    /// Name of the robot.
    pub(crate) robot_id: String,
}

/// Why there is no answer, or not all of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RobotErrorView {
    /// For programs, as in `chat:error`.
    code: &'static str,
    /// For people.
    message: String,
    /// Whether to ask again may help.
    recoverable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    details: Option<RobotErrorDetails>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RobotErrorDetails {
    /// Milliseconds after which to try again.
    retry_after_ms: u64,
}

impl From<Failure> for RobotErrorView {
    fn from(it: Failure) -> Self {
        let recoverable = it != Failure::Refused;
        Self { code: "SERVER_ERROR", message: it.to_string(), recoverable, details: None }
    }
}

impl From<RobotError> for RobotErrorView {
    fn from(it: RobotError) -> Self {
        let message = it.to_string();
        let details = match it {
            RobotError::Down(after) => {
                let retry_after_ms = after.as_millis().try_into().unwrap_or(u64::MAX);
                Some(RobotErrorDetails { retry_after_ms })
            }
            _ => None,
        };
        let is_ours =
            matches!(it, RobotError::Down(_) | RobotError::TooMany | RobotError::TooManyOfUser);
        let refusal = ClientError::from(it);
        Self {
            code: refusal.socket_code(),
            // Others may tell of what is within.
            message: if is_ours { message } else { Failure::Lost.to_string() },
            recoverable: refusal.kind().recoverable(),
            details,
        }
    }
}
