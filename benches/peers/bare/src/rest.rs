//! REST routes.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;
use validator::Validate;

use crate::{
    App,
    auth::User,
    message::{MessageView, SendMessage},
};

#[derive(Deserialize)]
pub(crate) struct ListMessages {
    limit: Option<u64>,
}

/// `POST /rooms/{id}/messages`
pub(crate) async fn send(
    State(app): State<Arc<App>>,
    user: User,
    Path(room_id): Path<Uuid>,
    Json(body): Json<SendMessage>,
) -> Result<Response, StatusCode> {
    body.validate().map_err(|_| StatusCode::BAD_REQUEST)?;
    let message = app.accept(body.into_message(room_id, &user.0)).await;
    let message = message.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok((StatusCode::CREATED, Json(MessageView::from(&message))).into_response())
}

/// `GET /rooms/{id}/messages`
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    _: User,
    Path(room_id): Path<Uuid>,
    Query(query): Query<ListMessages>,
) -> Result<Response, StatusCode> {
    let limit = query.limit.unwrap_or(50).clamp(1, 100);
    let mut messages = match &app.store {
        Some(store) => store.newest(room_id, limit + 1).await,
        None => Ok(Vec::new()),
    }
    .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let has_more = messages.len() as u64 > limit;
    messages.truncate(limit as usize);
    let next_cursor = messages.last().filter(|_| has_more).map(|it| it.id);
    let items: Vec<_> = messages.iter().map(MessageView::from).collect();
    let page = json!({ "items": items, "nextCursor": next_cursor, "hasMore": has_more });
    Ok(Json(page).into_response())
}
