//! REST routes of rooms.

use std::sync::Arc;

use auth::{Authenticates, Caller, TokenService};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use delivery::ConversationId;
use hornero::{ClientError, Controller, Cursor, Json, Page, Query, Valid};

use crate::{
    dto::{CreateRoom, ListRooms, RoomView},
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
    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Controller for RoomController {
    fn routes() -> Router<Arc<Self>> {
        Router::new()
            .route("/rooms", post(create_room).get(list_rooms))
            .route("/rooms/{room_id}", get(get_room))
    }
}

/// Makes a room.
async fn create_room(
    State(this): State<Arc<RoomController>>,
    caller: Caller,
    Valid(Json(body)): Valid<Json<CreateRoom>>,
) -> Result<(StatusCode, axum::Json<RoomView>), ClientError> {
    let room = this.rooms.create(&caller, &body.name, body.visibility, body.metadata).await?;
    Ok((StatusCode::CREATED, axum::Json(room.into())))
}

/// Lists public rooms, or the caller's.
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
        this.rooms.list_public(after, query.limit + 1).await?
    } else {
        this.rooms.list_mine(&caller, after, query.limit + 1).await?
    };
    let page = Page::of(rooms, query.limit as usize, |room: &Room| Cursor::new(list, room.id));
    Ok(axum::Json(page.map(RoomView::from)))
}

/// Gets a room.
async fn get_room(
    State(this): State<Arc<RoomController>>,
    caller: Caller,
    Path(room_id): Path<ConversationId>,
) -> Result<axum::Json<RoomView>, ClientError> {
    Ok(axum::Json(this.rooms.get(&caller, room_id).await?.into()))
}
