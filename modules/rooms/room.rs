//! What a room is, to every layer of this module.

use auth::UserId;
use chrono::{DateTime, Utc};
use delivery::{ConversationId, Unread};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Who may join a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Anybody.
    Public,
    /// Those whom a member adds.
    Private,
}

impl Visibility {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }

    /// A visibility that this version does not know is private.
    pub(crate) fn parse(name: &str) -> Self {
        if name == "public" { Self::Public } else { Self::Private }
    }
}

/// What a member is in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MemberRole {
    /// Has made the room, or was made its owner.
    Owner,
    /// Keeps order.
    Moderator,
    /// Talks.
    Member,
}

impl MemberRole {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Moderator => "moderator",
            Self::Member => "member",
        }
    }

    /// A role that this version does not know is a member's.
    pub(crate) fn parse(name: &str) -> Self {
        let roles = [Self::Owner, Self::Moderator];
        roles.into_iter().find(|it| it.as_str() == name).unwrap_or(Self::Member)
    }
}

/// A room.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    /// Identifies the room, which is a conversation.
    pub id: ConversationId,
    /// 1 to 100 characters.
    pub name: String,
    /// Who may join.
    pub visibility: Visibility,
    /// Who has made it.
    pub created_by: UserId,
    /// Whatever clients keep with it.
    pub metadata: Map<String, Value>,
    /// How much the caller has not read; nothing for one who is no member.
    pub unread: Unread,
    /// How many members it has.
    pub member_count: u64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its name, visibility or metadata was last changed.
    pub updated_at: DateTime<Utc>,
}

/// What is to change about a room; what is none stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ChangeRoom {
    /// 1 to 100 characters.
    pub name: Option<String>,
    /// Who may join. Members stay members.
    pub visibility: Option<Visibility>,
    /// Whatever clients keep with it, instead of what they kept before.
    pub metadata: Option<Map<String, Value>>,
}
