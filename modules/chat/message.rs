//! What a message is, to every layer of this module.

use std::sync::Arc;

use auth::UserId;
use chrono::{DateTime, Utc};
use delivery::{ConversationId, ConversationKind, Draft};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// Identifies a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct MessageId(pub Uuid);

impl MessageId {
    /// A new id. Version 7, so ids sort by time.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

/// How a message's content is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Formatting {
    /// As it stands.
    #[default]
    Plain,
    /// As Markdown. The server never renders it.
    Markdown,
    /// As HTML, of which only what is harmless was kept.
    Html,
}

impl Formatting {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }

    /// A formatting that this version does not know is shown as it stands.
    pub(crate) fn parse(name: &str) -> Self {
        let known = [Self::Markdown, Self::Html];
        known.into_iter().find(|it| it.as_str() == name).unwrap_or_default()
    }
}

/// As what somebody speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageRole {
    /// As a person.
    #[default]
    User,
    /// As an assistant. For services and admins.
    Assistant,
    /// As the system. For services and admins.
    System,
}

impl MessageRole {
    pub(crate) const ALL: [Self; 3] = [Self::User, Self::Assistant, Self::System];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::System => "system",
        }
    }

    /// A role that this version does not know is a person's.
    pub(crate) fn parse(name: &str) -> Self {
        Self::ALL.into_iter().find(|it| it.as_str() == name).unwrap_or_default()
    }
}

/// What kind of message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageType {
    /// Something that is said.
    #[default]
    Chat,
    /// Something that is drawn: the content is an object.
    Graph,
    /// What a robot says. For services and admins.
    Robot,
    /// What the system says. For services and admins.
    System,
    /// A file of the sender's in the conversation, by `metadata.fileId`.
    File,
    /// The same, of a picture.
    Image,
}

impl MessageType {
    /// Those that name a file.
    pub(crate) const WITH_FILE: [Self; 2] = [Self::File, Self::Image];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Graph => "graph",
            Self::Robot => "robot",
            Self::System => "system",
            Self::File => "file",
            Self::Image => "image",
        }
    }

    /// Whether anybody may send it.
    pub(crate) fn is_a_persons(self) -> bool {
        matches!(self, Self::Chat | Self::Graph) || self.has_file()
    }

    /// Whether it names a file.
    pub(crate) fn has_file(self) -> bool {
        Self::WITH_FILE.contains(&self)
    }

    /// A type that this version does not know is something that is said.
    pub(crate) fn parse(name: &str) -> Self {
        let known = [Self::Graph, Self::Robot, Self::System, Self::File, Self::Image];
        known.into_iter().find(|it| it.as_str() == name).unwrap_or_default()
    }
}

/// A message that the server has stored. Cheap to clone: its views share its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Version 7, so ids sort by time. Histories are ordered by `seq` all the same.
    pub id: MessageId,
    /// Where it was said.
    pub conversation: ConversationId,
    /// Which kind of conversation that is.
    pub kind: ConversationKind,
    /// Number of the event by which it came to be.
    pub seq: i64,
    /// Number of the event that has changed it last.
    pub event_seq: i64,
    /// Who has said it.
    pub sender: UserId,
    /// Id that the sender's client has given it, if any.
    pub client_message_id: Option<Arc<str>>,
    /// As what the sender speaks.
    pub role: MessageRole,
    /// What kind of message it is.
    pub r#type: MessageType,
    /// What was said; of a graph, the object in JSON.
    pub content: Arc<str>,
    /// How it is to be read.
    pub formatting: Formatting,
    /// Whatever the client keeps with it.
    pub metadata: Arc<Map<String, Value>>,
    /// When the server stored it.
    pub created_at: DateTime<Utc>,
    /// When its sender changed it last, if ever.
    pub edited_at: Option<DateTime<Utc>>,
    /// When it was taken back, if it was: then it says nothing.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// A message that is to be stored.
#[derive(Debug, Clone)]
pub(crate) struct NewMessage {
    pub(crate) id: MessageId,
    pub(crate) conversation: ConversationId,
    pub(crate) kind: ConversationKind,
    pub(crate) sender: UserId,
    pub(crate) client_message_id: Option<Arc<str>>,
    pub(crate) role: MessageRole,
    pub(crate) r#type: MessageType,
    pub(crate) content: Arc<str>,
    pub(crate) formatting: Formatting,
    pub(crate) metadata: Arc<Map<String, Value>>,
}

/// What a robot says.
#[derive(Debug, Clone)]
pub struct RobotMessage {
    /// Id of the message that it becomes.
    pub id: MessageId,
    /// Where it is said.
    pub conversation: ConversationId,
    /// The robot, as a sender.
    pub sender: UserId,
    /// 1 to 10,000 characters, without control characters.
    pub content: String,
    /// How it is to be read: not as HTML, of which nothing was cleaned.
    pub formatting: Formatting,
    /// What clients are told with it.
    pub metadata: Map<String, Value>,
}

impl Draft for NewMessage {
    fn conversation(&self) -> ConversationId {
        self.conversation
    }

    fn repeats(&self, other: &Self) -> bool {
        self.client_message_id.is_some()
            && self.client_message_id == other.client_message_id
            && self.conversation == other.conversation
            && self.sender == other.sender
    }
}

/// A message that is to be changed.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    pub(crate) conversation: ConversationId,
    pub(crate) kind: ConversationKind,
    pub(crate) id: MessageId,
    /// Stays as it is where nothing is said.
    pub(crate) content: Option<Arc<str>>,
    /// Stays as it is where nothing is said.
    pub(crate) metadata: Option<Arc<Map<String, Value>>>,
}

impl Draft for Edit {
    fn conversation(&self) -> ConversationId {
        self.conversation
    }
}

/// A message as it is after a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited(pub Message);

/// A message that is to be taken back.
#[derive(Debug, Clone)]
pub(crate) struct Deletion {
    pub(crate) conversation: ConversationId,
    pub(crate) id: MessageId,
    pub(crate) by: UserId,
}

impl Draft for Deletion {
    fn conversation(&self) -> ConversationId {
        self.conversation
    }
}

/// A message that was taken back. Nothing is left of what it said.
#[derive(Debug, Clone, PartialEq)]
pub struct Deleted {
    /// Which one.
    pub id: MessageId,
    /// Where it was said.
    pub conversation: ConversationId,
    /// Number of the event by which it came to be.
    pub seq: i64,
    /// Number of the event by which it went.
    pub event_seq: i64,
    /// Who has taken it back.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

/// All messages of a conversation are to be taken back.
#[derive(Debug, Clone)]
pub(crate) struct Clearing {
    pub(crate) conversation: ConversationId,
    pub(crate) by: UserId,
}

impl Draft for Clearing {
    fn conversation(&self) -> ConversationId {
        self.conversation
    }
}

/// All messages up to an event were taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct Cleared {
    /// Where.
    pub conversation: ConversationId,
    /// Number of the event, and of the last that is concerned.
    pub seq: i64,
    /// Who has done it.
    pub by: UserId,
    /// How many messages there were. Not kept: 0 when the event is told again.
    pub count: u64,
}
