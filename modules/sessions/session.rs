//! What a session is, to every layer of this module.

use auth::UserId;
use chrono::{DateTime, Utc};
use delivery::ConversationId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Whether a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SessionStatus {
    /// Messages may be sent.
    Active,
    /// It can only be read.
    Closed,
}

impl SessionStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Closed => "closed",
        }
    }

    /// A status that this version does not know is closed.
    pub(crate) fn parse(name: &str) -> Self {
        if name == "active" { Self::Active } else { Self::Closed }
    }
}

/// A session.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Identifies the session, which is a conversation.
    pub id: ConversationId,
    /// Its owner.
    pub user_id: UserId,
    /// 1 to 100 characters.
    pub title: String,
    /// Whether it goes on.
    pub status: SessionStatus,
    /// Whatever clients keep with it.
    pub metadata: Map<String, Value>,
    /// How many messages it has, without those that were deleted.
    pub message_count: i64,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When its title, status or metadata was last changed.
    pub updated_at: DateTime<Utc>,
    /// When its newest event happened, or it began.
    pub last_activity_at: DateTime<Utc>,
}

/// What is to change about a session; what is none stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ChangeSession {
    /// 1 to 100 characters.
    pub title: Option<String>,
    /// Whether it goes on.
    pub status: Option<SessionStatus>,
    /// Whatever clients keep with it, instead of what they kept before.
    pub metadata: Option<Map<String, Value>>,
}
