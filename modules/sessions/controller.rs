//! REST routes of sessions.

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
    dto::{CreateSession, ListSessions, SessionView},
    service::SessionService,
    session::Session,
};

/// Serves `/sessions`. Messages in sessions belong to chat.
pub(crate) struct SessionController {
    sessions: Arc<SessionService>,
    tokens: Arc<TokenService>,
}

impl SessionController {
    pub(crate) fn new(sessions: Arc<SessionService>, tokens: Arc<TokenService>) -> Self {
        Self { sessions, tokens }
    }
}

impl Authenticates for SessionController {
    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Controller for SessionController {
    fn routes() -> Router<Arc<Self>> {
        Router::new()
            .route("/sessions", post(create_session).get(list_sessions))
            .route("/sessions/{session_id}", get(get_session))
    }
}

/// Begins a session.
async fn create_session(
    State(this): State<Arc<SessionController>>,
    caller: Caller,
    Valid(Json(body)): Valid<Json<CreateSession>>,
) -> Result<(StatusCode, axum::Json<SessionView>), ClientError> {
    let session = this.sessions.create(&caller, &body.title, body.metadata).await?;
    Ok((StatusCode::CREATED, axum::Json(session.into())))
}

/// Lists the caller's sessions.
async fn list_sessions(
    State(this): State<Arc<SessionController>>,
    caller: Caller,
    Valid(Query(query)): Valid<Query<ListSessions>>,
) -> Result<axum::Json<Page<SessionView>>, ClientError> {
    const LIST: &str = "sessions";
    let after = query.cursor.map(|it| Cursor::decode(&it, LIST)?.key()).transpose()?;
    let after = after.map(ConversationId);
    let sessions = this.sessions.list_mine(&caller, query.status, after, query.limit + 1).await?;
    let cursor = |session: &Session| Cursor::new(LIST, session.id);
    let page = Page::of(sessions, query.limit as usize, cursor);
    Ok(axum::Json(page.map(SessionView::from)))
}

/// Gets a session.
async fn get_session(
    State(this): State<Arc<SessionController>>,
    caller: Caller,
    Path(session_id): Path<ConversationId>,
) -> Result<axum::Json<SessionView>, ClientError> {
    Ok(axum::Json(this.sessions.get(&caller, session_id).await?.into()))
}
