//! REST routes of rooms.

use std::sync::Arc;

use auth::{Authenticates, Caller, Scope, TokenService};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use delivery::ConversationId;
use hornero::{ClientError, Controller, Cursor, Json, Page, Query, Routes, Valid, routes};

use crate::{
    dto::{CreateRoom, ListRooms, PatchRoom, RoomView},
    room::{Room, Visibility},
    service::RoomService,
};

/// Serves `/rooms`. Messages in rooms belong to chat.
pub(crate) struct RoomController {
    rooms: Arc<RoomService>,
    tokens: Arc<TokenService>,
}

impl RoomController {
    pub(crate) fn new(rooms: Arc<RoomService>, tokens: Arc<TokenService>) -> Self {
        Self { rooms, tokens }
    }
}

impl Authenticates for RoomController {
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Controller for RoomController {
    fn routes() -> Routes<Self> {
        Routes::new().routes(routes!(create_room, list_rooms)).routes(routes!(
            get_room,
            change_room,
            delete_room
        ))
    }
}

/// Makes a room, which the caller owns.
#[utoipa::path(
    post,
    path = "/rooms",
    request_body = CreateRoom,
    responses(
        (status = 201, description = "The room", body = RoomView),
        (status = 403, description = "Guests make no rooms; or the token lacks the scope `chat`"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn create_room(
    State(this): State<Arc<RoomController>>,
    caller: Caller,
    Valid(Json(body)): Valid<Json<CreateRoom>>,
) -> Result<(StatusCode, axum::Json<RoomView>), ClientError> {
    let room = this.rooms.create(&caller, &body.name, body.visibility, body.metadata).await?;
    Ok((StatusCode::CREATED, axum::Json(room.into())))
}

/// Lists public rooms, or the caller's, newest first.
#[utoipa::path(
    get,
    path = "/rooms",
    params(ListRooms),
    responses(
        (status = 200, description = "A page of the list", body = Page<RoomView>),
        (status = 403, description = "The token lacks the scope `chat`"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn list_rooms(
    State(this): State<Arc<RoomController>>,
    caller: Caller,
    Valid(Query(query)): Valid<Query<ListRooms>>,
) -> Result<axum::Json<Page<RoomView>>, ClientError> {
    let public = query.visibility == Some(Visibility::Public);
    let list = if public { "public-rooms" } else { "my-rooms" };
    let after = query.cursor.map(|it| Cursor::decode(&it, list)?.key()).transpose()?;
    let after = after.map(ConversationId);
    let rooms = if public {
        this.rooms.list_public(&caller, after, query.limit + 1).await?
    } else {
        this.rooms.list_mine(&caller, after, query.limit + 1).await?
    };
    let page = Page::of(rooms, query.limit as usize, |room: &Room| Cursor::new(list, room.id));
    Ok(axum::Json(page.map(RoomView::from)))
}

/// Gets a room.
#[utoipa::path(
    get,
    path = "/rooms/{roomId}",
    params(("roomId" = ConversationId, Path, description = "The room")),
    responses(
        (status = 200, description = "The room", body = RoomView),
        (status = 403, description = "The token lacks the scope `chat`"),
        (status = 404, description = "No such room, or a private one of others"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn get_room(
    State(this): State<Arc<RoomController>>,
    caller: Caller,
    Path(room_id): Path<ConversationId>,
) -> Result<axum::Json<RoomView>, ClientError> {
    Ok(axum::Json(this.rooms.get(&caller, room_id).await?.into()))
}

/// Changes a room's name, visibility or metadata. For owners and moderators.
#[utoipa::path(
    patch,
    path = "/rooms/{roomId}",
    params(("roomId" = ConversationId, Path, description = "The room")),
    request_body = PatchRoom,
    responses(
        (status = 200, description = "The room as it is now", body = RoomView),
        (status = 403, description = "The role is not enough, or not a member of the public room; or the token lacks the scope `chat`"),
        (status = 404, description = "No such room, or a private one of others"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn change_room(
    State(this): State<Arc<RoomController>>,
    caller: Caller,
    Path(room_id): Path<ConversationId>,
    Valid(Json(body)): Valid<Json<PatchRoom>>,
) -> Result<axum::Json<RoomView>, ClientError> {
    Ok(axum::Json(this.rooms.change(&caller, room_id, body.into()).await?.into()))
}

/// Deletes a room with all that was said there. For owners.
#[utoipa::path(
    delete,
    path = "/rooms/{roomId}",
    params(("roomId" = ConversationId, Path, description = "The room")),
    responses(
        (status = 204, description = "It is deleted, and those who have joined it are told"),
        (status = 403, description = "The role is not enough, or not a member of the public room; or the token lacks the scope `chat`"),
        (status = 404, description = "No such room, or a private one of others"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn delete_room(
    State(this): State<Arc<RoomController>>,
    caller: Caller,
    Path(room_id): Path<ConversationId>,
) -> Result<StatusCode, ClientError> {
    this.rooms.remove(&caller, room_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
