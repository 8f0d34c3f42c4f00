//! The wire forms of rooms, field by field.

use auth::{Presence, UserId};
use delivery::{ConversationId, Joined, Since};
use hornero::{Event, rules, timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use crate::{
    member_service::{KnownMember, RoomPresence},
    room::{ChangeRoom, MemberRole, Room, Visibility},
};

/// Body of `POST /rooms`, and payload of `chat:room:create`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateRoom {
    /// 1 to 100 characters.
    #[validate(length(min = 1, max = 100), custom(function = "rules::single_line"))]
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub(crate) name: String,
    /// Default public.
    #[serde(default = "public")]
    pub(crate) visibility: Visibility,
    /// An object of at most 16 KiB and 8 levels. Default empty.
    #[serde(default)]
    #[validate(custom(function = "rules::metadata"))]
    #[schema(value_type = Object)]
    pub(crate) metadata: Map<String, Value>,
}

fn public() -> Visibility {
    Visibility::Public
}

/// Body of `PATCH /rooms/{roomId}`: what is to change, at least one of them.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(min_properties = 1)]
pub(crate) struct PatchRoom {
    /// 1 to 100 characters.
    #[serde(default, deserialize_with = "rules::not_null")]
    #[validate(length(min = 1, max = 100), custom(function = "rules::single_line"))]
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
        nullable = false
    )]
    name: Option<String>,
    /// Members stay members.
    #[serde(default, deserialize_with = "rules::not_null")]
    #[schema(nullable = false)]
    visibility: Option<Visibility>,
    /// Instead of what was there; an object of at most 16 KiB and 8 levels.
    #[serde(default, deserialize_with = "rules::not_null")]
    #[validate(custom(function = "rules::metadata"))]
    #[schema(value_type = Option<Object>, nullable = false)]
    metadata: Option<Map<String, Value>>,
}

impl From<PatchRoom> for ChangeRoom {
    fn from(it: PatchRoom) -> Self {
        Self { name: it.name, visibility: it.visibility, metadata: it.metadata }
    }
}

/// Body of `PUT /rooms/{roomId}/members/{userId}`.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SetMember {
    /// What the user is to be.
    pub(crate) role: MemberRole,
}

/// Body of `POST /rooms/{roomId}/read`, and part of the payload of `chat:message:read`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct ReadMessages {
    /// The `eventSeq` up to which the caller has read.
    #[validate(range(min = 0))]
    #[schema(minimum = 0)]
    #[serde(deserialize_with = "hornero::whole")]
    pub(crate) seq: i64,
}

/// Query of `GET /rooms/{roomId}/members`.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMembers {
    /// Where the page before ended.
    #[param(nullable = false)]
    pub(crate) cursor: Option<String>,
    /// 1 to 100. Default 50.
    #[serde(default = "default_limit")]
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub(crate) limit: u64,
}

/// Query of `GET /rooms`.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ListRooms {
    /// `public` for all public rooms; else those that the caller is a member of.
    #[param(inline, nullable = false)]
    pub(crate) visibility: Option<Visibility>,
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

/// Payload of `chat:room:join`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JoinRoom {
    /// The room, or any other conversation.
    pub(crate) room_id: ConversationId,
    /// The highest `eventSeq` that the client has seen: later events are sent again.
    #[validate(range(min = 0))]
    #[schema(minimum = 0)]
    #[serde(default, deserialize_with = "hornero::optional_whole")]
    last_seq: Option<i64>,
    /// The `epoch` to which `lastSeq` belongs, if the client knows it.
    epoch: Option<Uuid>,
}

impl JoinRoom {
    pub(crate) fn since(&self) -> Option<Since> {
        Some(Since { seq: self.last_seq?, epoch: self.epoch })
    }
}

/// Payload of `chat:room:leave`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomReference {
    /// The room, or any other conversation.
    pub(crate) room_id: ConversationId,
}

/// A room, as clients see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomView {
    id: ConversationId,
    name: String,
    visibility: Visibility,
    created_by: UserId,
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    member_count: u64,
    /// Messages of others that the caller, a member, has not read; 100 at most.
    unread_count: u64,
    /// Whether there are more.
    unread_more: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<Room> for RoomView {
    fn from(room: Room) -> Self {
        Self {
            id: room.id,
            name: room.name,
            visibility: room.visibility,
            created_by: room.created_by,
            metadata: room.metadata,
            member_count: room.member_count,
            unread_count: room.unread.count,
            unread_more: room.unread.more,
            created_at: timestamp(room.created_at),
            updated_at: timestamp(room.updated_at),
        }
    }
}

/// A member of a room, as others see the user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberView {
    user_id: UserId,
    display_name: String,
    role: MemberRole,
    /// Whether the user listens to the room.
    online: bool,
    #[schema(format = DateTime)]
    joined_at: String,
}

impl From<KnownMember> for MemberView {
    fn from(it: KnownMember) -> Self {
        Self {
            user_id: it.member.user_id,
            display_name: it.display_name,
            role: it.member.role,
            online: it.online,
            joined_at: timestamp(it.member.joined_at),
        }
    }
}

/// Who is there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PresenceView {
    /// Users who listen to the room, members or not.
    online: usize,
    users: Vec<PresentView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PresentView {
    user_id: UserId,
    /// Whether the user is connected, to this room or not.
    status: PresenceStatus,
    /// When a user who is offline was last connected, if that is known.
    #[schema(format = DateTime, required)]
    last_seen: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PresenceStatus {
    Online,
    Offline,
}

impl From<RoomPresence> for PresenceView {
    fn from(it: RoomPresence) -> Self {
        let users = it.users.into_iter().map(|(user_id, presence)| PresentView {
            user_id,
            status: match presence {
                Presence::Online => PresenceStatus::Online,
                Presence::Offline(_) => PresenceStatus::Offline,
            },
            last_seen: match presence {
                Presence::Online => None,
                Presence::Offline(since) => since.map(timestamp),
            },
        });
        Self { online: it.online, users: users.collect() }
    }
}

/// `chat:room:created`, and the ack of `chat:room:create`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoomCreated {
    pub(crate) room: RoomView,
}

/// `chat:room:joined`, and the ack of `chat:room:join`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomJoined {
    room_id: ConversationId,
    /// The first 100, owners first.
    members: Vec<JoinedMemberView>,
    member_count: u64,
    /// Members who listen.
    online: usize,
    /// Number of the newest event.
    last_seq: i64,
    epoch: Uuid,
    /// Events that are sent again.
    replayed: i64,
    role: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct JoinedMemberView {
    user_id: UserId,
    display_name: String,
    role: &'static str,
    online: bool,
}

impl Event for RoomJoined {
    const NAME: &'static str = "chat:room:joined";
}

impl RoomJoined {
    pub(crate) fn new(room_id: ConversationId, joined: Joined) -> Self {
        let members = joined.members.into_iter().map(|it| JoinedMemberView {
            user_id: it.user_id,
            display_name: it.display_name,
            role: it.role,
            online: it.online,
        });
        Self {
            room_id,
            members: members.collect(),
            member_count: joined.member_count,
            online: joined.online,
            last_seq: joined.last_seq,
            epoch: joined.epoch,
            replayed: joined.replayed,
            role: joined.role,
        }
    }
}
