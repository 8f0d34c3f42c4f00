//! The wire forms of sessions, field by field.

use auth::UserId;
use delivery::{ConversationId, Joined, JoinedMember, Since};
use hornero::{Event, rules, timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use crate::session::{ChangeSession, Session, SessionStatus};

/// Body of `POST /sessions`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateSession {
    /// 1 to 100 characters. Default `New session`.
    #[serde(default = "default_title")]
    #[validate(length(min = 1, max = 100), custom(function = "rules::single_line"))]
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub(crate) title: String,
    /// An object of at most 16 KiB and 8 levels. Default empty.
    #[serde(default)]
    #[validate(custom(function = "rules::metadata"))]
    #[schema(value_type = Object)]
    pub(crate) metadata: Map<String, Value>,
}

fn default_title() -> String {
    "New session".to_owned()
}

/// Body of `PATCH /sessions/{sessionId}`: what is to change, at least one of them.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(min_properties = 1)]
pub(crate) struct PatchSession {
    /// 1 to 100 characters.
    #[serde(default, deserialize_with = "rules::not_null")]
    #[validate(length(min = 1, max = 100), custom(function = "rules::single_line"))]
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
        nullable = false
    )]
    title: Option<String>,
    /// A closed session can only be read, until it is active again.
    #[serde(default, deserialize_with = "rules::not_null")]
    #[schema(nullable = false)]
    status: Option<SessionStatus>,
    /// Instead of what was there; an object of at most 16 KiB and 8 levels.
    #[serde(default, deserialize_with = "rules::not_null")]
    #[validate(custom(function = "rules::metadata"))]
    #[schema(value_type = Option<Object>, nullable = false)]
    metadata: Option<Map<String, Value>>,
}

impl From<PatchSession> for ChangeSession {
    fn from(it: PatchSession) -> Self {
        Self { title: it.title, status: it.status, metadata: it.metadata }
    }
}

/// Query of `GET /sessions`.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListSessions {
    /// Only sessions of this status.
    #[param(inline, nullable = false)]
    pub(crate) status: Option<SessionStatus>,
    /// Where the page before ended.
    #[param(nullable = false)]
    pub(crate) cursor: Option<String>,
    /// 1 to 100. Default 50.
    #[serde(default = "default_limit")]
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub(crate) limit: u64,
}

fn default_limit() -> u64 {
    50
}

/// Payload of `join_session`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JoinSession {
    /// The session, or any other conversation.
    pub(crate) session_id: ConversationId,
    /// The highest `eventSeq` that the client has seen: later events are sent again.
    #[validate(range(min = 0))]
    #[schema(minimum = 0)]
    #[serde(default, deserialize_with = "hornero::optional_whole")]
    last_seq: Option<i64>,
    /// The `epoch` to which `lastSeq` belongs, if the client knows it.
    epoch: Option<Uuid>,
}

impl JoinSession {
    pub(crate) fn since(&self) -> Option<Since> {
        Some(Since { seq: self.last_seq?, epoch: self.epoch })
    }
}

/// Payload of `leave_session`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionReference {
    /// The session, or any other conversation.
    pub(crate) session_id: ConversationId,
}

/// A session, as clients see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionView {
    id: ConversationId,
    user_id: UserId,
    title: String,
    status: SessionStatus,
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    /// Without those that were deleted.
    message_count: i64,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    #[schema(format = DateTime)]
    last_activity_at: String,
}

impl From<Session> for SessionView {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            user_id: session.user_id,
            title: session.title,
            status: session.status,
            metadata: session.metadata,
            message_count: session.message_count,
            created_at: timestamp(session.created_at),
            updated_at: timestamp(session.updated_at),
            last_activity_at: timestamp(session.last_activity_at),
        }
    }
}

/// `session_joined`, and the ack of `join_session`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionJoined {
    session_id: ConversationId,
    /// The session; `null` for another kind of conversation.
    #[schema(required)]
    session: Option<SessionView>,
    /// Number of the newest event.
    last_seq: i64,
    epoch: Uuid,
    /// Events that are sent again.
    replayed: i64,
    /// The first 100, the owner first.
    participants: Vec<ParticipantView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ParticipantView {
    user_id: UserId,
    display_name: String,
    online: bool,
}

impl From<JoinedMember> for ParticipantView {
    fn from(it: JoinedMember) -> Self {
        Self { user_id: it.user_id, display_name: it.display_name, online: it.online }
    }
}

/// `session_info`, and the ack of `get_session_info`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionInfo {
    session_id: ConversationId,
    /// The session; `null` for another kind of conversation.
    #[schema(required)]
    session: Option<SessionView>,
    /// The first 100, the owner first.
    participants: Vec<ParticipantView>,
    /// Who is typing.
    typing: Vec<UserId>,
}

impl SessionInfo {
    pub(crate) fn new(
        session_id: ConversationId,
        session: Option<Session>,
        participants: Vec<JoinedMember>,
        typing: Vec<UserId>,
    ) -> Self {
        let participants = participants.into_iter().map(ParticipantView::from).collect();
        Self { session_id, session: session.map(SessionView::from), participants, typing }
    }
}

impl Event for SessionJoined {
    const NAME: &'static str = "session_joined";
}

impl SessionJoined {
    pub(crate) fn new(
        session_id: ConversationId,
        session: Option<Session>,
        joined: Joined,
    ) -> Self {
        let participants = joined.members.into_iter().map(ParticipantView::from);
        Self {
            session_id,
            session: session.map(SessionView::from),
            last_seq: joined.last_seq,
            epoch: joined.epoch,
            replayed: joined.replayed,
            participants: participants.collect(),
        }
    }
}
