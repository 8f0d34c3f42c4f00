//! REST routes of sessions.

use std::sync::Arc;

use auth::{Authenticates, Caller, Scope, TokenService};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use delivery::ConversationId;
use hornero::{ClientError, Controller, Cursor, Json, Page, Query, Routes, Valid, routes};

use crate::{
    dto::{CreateSession, ListSessions, PatchSession, SessionView},
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
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Controller for SessionController {
    fn routes() -> Routes<Self> {
        Routes::new().routes(routes!(create_session, list_sessions)).routes(routes!(
            get_session,
            change_session,
            delete_session
        ))
    }
}

/// Begins a session, which the caller owns.
#[utoipa::path(
    post,
    path = "/sessions",
    request_body = CreateSession,
    responses(
        (status = 201, description = "The session", body = SessionView),
        (
            status = 403,
            description = "The guest has an open session already; or the token lacks the scope `chat`",
        ),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn create_session(
    State(this): State<Arc<SessionController>>,
    caller: Caller,
    Valid(Json(body)): Valid<Json<CreateSession>>,
) -> Result<(StatusCode, axum::Json<SessionView>), ClientError> {
    let session = this.sessions.create(&caller, &body.title, body.metadata).await?;
    Ok((StatusCode::CREATED, axum::Json(session.into())))
}

/// Lists the caller's sessions, newest first.
#[utoipa::path(
    get,
    path = "/sessions",
    params(ListSessions),
    responses(
        (status = 200, description = "A page of the list", body = Page<SessionView>),
        (status = 403, description = "The token lacks the scope `chat`"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn list_sessions(
    State(this): State<Arc<SessionController>>,
    caller: Caller,
    Valid(Query(query)): Valid<Query<ListSessions>>,
) -> Result<axum::Json<Page<SessionView>>, ClientError> {
    // A cursor goes on in the list it comes from, so its status is a part of its name.
    let list = format!("sessions:{:?}", query.status);
    let after = query.cursor.map(|it| Cursor::decode(&it, &list)?.key()).transpose()?;
    let after = after.map(ConversationId);
    let sessions = this.sessions.list_mine(&caller, query.status, after, query.limit + 1).await?;
    let cursor = |session: &Session| Cursor::new(&list, session.id);
    let page = Page::of(sessions, query.limit as usize, cursor);
    Ok(axum::Json(page.map(SessionView::from)))
}

/// Gets a session.
#[utoipa::path(
    get,
    path = "/sessions/{sessionId}",
    params(("sessionId" = ConversationId, Path, description = "The session")),
    responses(
        (status = 200, description = "The session", body = SessionView),
        (status = 403, description = "The token lacks the scope `chat`"),
        (status = 404, description = "No such session, or one of others"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn get_session(
    State(this): State<Arc<SessionController>>,
    caller: Caller,
    Path(session_id): Path<ConversationId>,
) -> Result<axum::Json<SessionView>, ClientError> {
    Ok(axum::Json(this.sessions.get(&caller, session_id).await?.into()))
}

/// Changes a session's title, status or metadata.
#[utoipa::path(
    patch,
    path = "/sessions/{sessionId}",
    params(("sessionId" = ConversationId, Path, description = "The session")),
    request_body = PatchSession,
    responses(
        (status = 200, description = "The session as it is now", body = SessionView),
        (status = 403, description = "The guest has another open session; or the token lacks the scope `chat`"),
        (status = 404, description = "No such session, or one of others"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn change_session(
    State(this): State<Arc<SessionController>>,
    caller: Caller,
    Path(session_id): Path<ConversationId>,
    Valid(Json(body)): Valid<Json<PatchSession>>,
) -> Result<axum::Json<SessionView>, ClientError> {
    Ok(axum::Json(this.sessions.change(&caller, session_id, body.into()).await?.into()))
}

/// Deletes a session with all that was said there.
#[utoipa::path(
    delete,
    path = "/sessions/{sessionId}",
    params(("sessionId" = ConversationId, Path, description = "The session")),
    responses(
        (status = 204, description = "It is deleted, and those who have joined it are told"),
        (status = 403, description = "The token lacks the scope `chat`"),
        (status = 404, description = "No such session, or one of others"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn delete_session(
    State(this): State<Arc<SessionController>>,
    caller: Caller,
    Path(session_id): Path<ConversationId>,
) -> Result<StatusCode, ClientError> {
    this.sessions.remove(&caller, session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
