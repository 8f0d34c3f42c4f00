//! The wire forms of escalations, field by field.

use auth::UserId;
use delivery::{ConversationId, ConversationKind};
use hornero::{ClientError, Cursor, Page, rules, timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::escalation::{Escalation, EscalationId, EscalationStatus, Priority, Why};

/// Body of `POST /escalations`: one of `roomId` and `sessionId`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(min_properties = 2)]
pub(crate) struct CreateEscalation {
    /// The room that needs a supervisor.
    #[serde(default, deserialize_with = "rules::not_null")]
    #[schema(nullable = false)]
    room_id: Option<ConversationId>,
    /// The session that needs one.
    #[serde(default, deserialize_with = "rules::not_null")]
    #[schema(nullable = false)]
    session_id: Option<ConversationId>,
    /// 1 to 500 characters.
    #[validate(length(min = 1, max = 500), custom(function = "rules::text"))]
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    reason: String,
    /// Default normal.
    #[serde(default)]
    priority: Priority,
}

/// Payload of `chat:escalation:create`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EscalateRoom {
    /// The room, or any other conversation.
    pub(crate) room_id: ConversationId,
    /// 1 to 500 characters.
    #[validate(length(min = 1, max = 500), custom(function = "rules::text"))]
    #[schema(
        min_length = 1,
        max_length = 500,
        pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
    )]
    reason: String,
    /// Default normal.
    #[serde(default)]
    priority: Priority,
}

impl EscalateRoom {
    pub(crate) fn why(self) -> Why {
        Why { reason: self.reason, priority: self.priority }
    }
}

impl CreateEscalation {
    pub(crate) fn why(self) -> Why {
        Why { reason: self.reason, priority: self.priority }
    }

    /// The conversation that is meant, and of which kind it must be.
    ///
    /// # Errors
    ///
    /// None is named, or both are.
    pub(crate) fn conversation(&self) -> Result<(ConversationId, ConversationKind), ClientError> {
        match (self.room_id, self.session_id) {
            (Some(room), None) => Ok((room, ConversationKind::Room)),
            (None, Some(session)) => Ok((session, ConversationKind::Session)),
            (None, None) => {
                Err(ClientError::field("roomId", "required", "must be given, or `sessionId`"))
            }
            (Some(_), Some(_)) => {
                Err(ClientError::field("roomId", "alone", "must not be given with `sessionId`"))
            }
        }
    }
}

/// Query of `GET /escalations`.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListEscalations {
    /// Only escalations of this status.
    #[param(inline, nullable = false)]
    pub(crate) status: Option<EscalationStatus>,
    /// Where the page before ended.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// 1 to 100. Default 50.
    #[serde(default = "default_limit")]
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: u64,
}

fn default_limit() -> u64 {
    50
}

impl ListEscalations {
    /// Number of the last escalation of the page before.
    ///
    /// # Errors
    ///
    /// The cursor is broken, or belongs to another list.
    pub(crate) fn after(&self) -> Result<Option<i64>, ClientError> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        Ok(Some(Cursor::decode(cursor, self.list())?.key()?))
    }

    /// How many to ask for: one more than a page holds tells whether there is a next one.
    pub(crate) fn wanted(&self) -> u64 {
        self.limit + 1
    }

    /// The page that was asked for.
    pub(crate) fn page(&self, found: Vec<Escalation>) -> Page<EscalationView> {
        let page = Page::of(found, self.limit as usize, |it| Cursor::new(self.list(), it.number));
        page.map(|it| EscalationView::from(&it))
    }

    /// Name of the list in its cursors.
    fn list(&self) -> String {
        format!("escalations-{}", self.status.map_or("all", EscalationStatus::as_str))
    }
}

/// An escalation, as clients see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EscalationView {
    id: EscalationId,
    conversation_id: ConversationId,
    /// The conversation, if that is a room.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    room_id: Option<ConversationId>,
    /// The conversation, if that is a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    session_id: Option<ConversationId>,
    /// Who has asked for a supervisor.
    created_by: UserId,
    reason: String,
    priority: Priority,
    status: EscalationStatus,
    /// Who has taken it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    claimed_by: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    claimed_at: Option<String>,
    /// Who has said that it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    resolved_by: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    resolved_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<&Escalation> for EscalationView {
    fn from(it: &Escalation) -> Self {
        let id = |kind| (it.kind == kind).then_some(it.conversation);
        Self {
            id: it.id,
            conversation_id: it.conversation,
            room_id: id(ConversationKind::Room),
            session_id: id(ConversationKind::Session),
            created_by: it.created_by.clone(),
            reason: it.reason.clone(),
            priority: it.priority,
            status: it.status,
            claimed_by: it.claimed.as_ref().map(|it| it.0.clone()),
            claimed_at: it.claimed.as_ref().map(|it| timestamp(it.1)),
            resolved_by: it.resolved.as_ref().map(|it| it.0.clone()),
            resolved_at: it.resolved.as_ref().map(|it| timestamp(it.1)),
            created_at: timestamp(it.created_at),
        }
    }
}
