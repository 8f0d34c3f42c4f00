//! REST routes of the members of rooms.

use std::sync::Arc;

use auth::{Authenticates, Caller, Scope, TokenService, UserId};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use chrono::{DateTime, Utc};
use delivery::ConversationId;
use hornero::{ClientError, Controller, Cursor, Json, Page, Query, Routes, Valid, routes};

use crate::{
    announcement::MessageRead,
    dto::{ListMembers, MemberView, PresenceView, ReadMessages, SetMember},
    member_service::{KnownMember, MemberService},
};

/// Serves `/rooms/{roomId}/members`, `/read` and `/presence`.
pub(crate) struct MemberController {
    members: Arc<MemberService>,
    tokens: Arc<TokenService>,
}

impl MemberController {
    pub(crate) fn new(members: Arc<MemberService>, tokens: Arc<TokenService>) -> Self {
        Self { members, tokens }
    }
}

impl Authenticates for MemberController {
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Controller for MemberController {
    fn routes() -> Routes<Self> {
        Routes::new()
            .routes(routes!(list_members))
            .routes(routes!(set_member, remove_member))
            .routes(routes!(mark_read))
            .routes(routes!(presence))
    }
}

/// Lists the members of a room, newest first.
#[utoipa::path(
    get,
    path = "/rooms/{roomId}/members",
    params(("roomId" = ConversationId, Path, description = "The room"), ListMembers),
    responses(
        (status = 200, description = "A page of the list", body = Page<MemberView>),
        (status = 403, description = "Not a member of the public room; or the token lacks the scope `chat`"),
        (status = 404, description = "No such room, or a private one of others"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn list_members(
    State(this): State<Arc<MemberController>>,
    caller: Caller,
    Path(room_id): Path<ConversationId>,
    Valid(Query(query)): Valid<Query<ListMembers>>,
) -> Result<axum::Json<Page<MemberView>>, ClientError> {
    let list = format!("members:{room_id}");
    let after = query.cursor.map(|it| place(&Cursor::decode(&it, &list)?)).transpose()?;
    let members = this.members.list(&caller, room_id, after, query.limit + 1).await?;
    let page = Page::of(members, query.limit as usize, |it: &KnownMember| {
        let at = it.member.joined_at.timestamp_millis();
        Cursor::new(&list, format!("{at}:{}", it.member.user_id))
    });
    Ok(axum::Json(page.map(MemberView::from)))
}

/// Where a page of members has ended.
fn place(cursor: &Cursor) -> Result<(DateTime<Utc>, UserId), ClientError> {
    let place = cursor.after.split_once(':').and_then(|(at, user)| {
        let at = DateTime::from_timestamp_millis(at.parse().ok()?)?;
        Some((at, UserId::from(user.to_owned())))
    });
    place.ok_or_else(|| ClientError::field("cursor", "cursor", "is not a cursor of this list"))
}

/// Makes a user a member, or changes the member's role. Moderators add members; owners do all.
#[utoipa::path(
    put,
    path = "/rooms/{roomId}/members/{userId}",
    params(
        ("roomId" = ConversationId, Path, description = "The room"),
        ("userId" = String, Path, description = "The user"),
    ),
    request_body = SetMember,
    responses(
        (status = 201, description = "The user is a member now", body = MemberView),
        (status = 200, description = "The user was a member before", body = MemberView),
        (status = 403, description = "The role is not enough, or not a member of the public room; or the token lacks the scope `chat`"),
        (status = 404, description = "No such user; no such room, or a private one of others"),
        (status = 409, description = "The user is the room's last owner"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn set_member(
    State(this): State<Arc<MemberController>>,
    caller: Caller,
    Path((room_id, user_id)): Path<(ConversationId, UserId)>,
    Json(body): Json<SetMember>,
) -> Result<(StatusCode, axum::Json<MemberView>), ClientError> {
    let (member, is_new) = this.members.set(&caller, room_id, &user_id, body.role).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, axum::Json(member.into())))
}

/// Ends a membership: the caller's own, or another's where the caller's role allows it.
#[utoipa::path(
    delete,
    path = "/rooms/{roomId}/members/{userId}",
    params(
        ("roomId" = ConversationId, Path, description = "The room"),
        ("userId" = String, Path, description = "The user"),
    ),
    responses(
        (status = 204, description = "The user is no member any more, and hears the room no more"),
        (status = 403, description = "The role is not enough, or not a member of the public room; or the token lacks the scope `chat`"),
        (status = 404, description = "No such member; no such room, or a private one of others"),
        (status = 409, description = "The user is the room's last owner"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn remove_member(
    State(this): State<Arc<MemberController>>,
    caller: Caller,
    Path((room_id, user_id)): Path<(ConversationId, UserId)>,
) -> Result<StatusCode, ClientError> {
    this.members.remove(&caller, room_id, &user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Notes up to which message the caller has read, and tells the others.
#[utoipa::path(
    post,
    path = "/rooms/{roomId}/read",
    params(("roomId" = ConversationId, Path, description = "The room")),
    request_body = ReadMessages,
    responses(
        (status = 200, description = "It is noted; a `seq` beyond the newest event means that one", body = MessageRead),
        (status = 403, description = "Not a member of the public room; or the token lacks the scope `chat`"),
        (status = 404, description = "No such room, or a private one of others"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn mark_read(
    State(this): State<Arc<MemberController>>,
    caller: Caller,
    Path(room_id): Path<ConversationId>,
    Valid(Json(body)): Valid<Json<ReadMessages>>,
) -> Result<axum::Json<MessageRead>, ClientError> {
    let seq = this.members.mark_read(&caller, room_id, body.seq, None).await?;
    Ok(axum::Json(MessageRead { room_id, user_id: caller.user_id, seq }))
}

/// Tells who listens to a room.
#[utoipa::path(
    get,
    path = "/rooms/{roomId}/presence",
    params(("roomId" = ConversationId, Path, description = "The room")),
    responses(
        (status = 200, description = "The newest 100 members, and how many users listen", body = PresenceView),
        (status = 403, description = "Not a member of the public room; or the token lacks the scope `chat`"),
        (status = 404, description = "No such room, or a private one of others"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn presence(
    State(this): State<Arc<MemberController>>,
    caller: Caller,
    Path(room_id): Path<ConversationId>,
) -> Result<axum::Json<PresenceView>, ClientError> {
    let presence = this.members.presence(&caller, room_id).await?;
    Ok(axum::Json(presence.into()))
}
