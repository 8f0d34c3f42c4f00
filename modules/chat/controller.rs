//! REST routes of chat.

use std::sync::Arc;

use auth::{Authenticates, Caller, TokenService};
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use delivery::{ConversationId, ConversationKind};
use hornero::{ClientError, Controller, Json, Page, Query, Valid};
use validator::Validate;

use crate::{
    dto::{MessageView, SendMessage},
    history::ListMessages,
    service::ChatService,
};

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Serves the messages of rooms and sessions.
pub(crate) struct ChatController {
    chat: Arc<ChatService>,
    tokens: Arc<TokenService>,
}

impl ChatController {
    pub(crate) fn new(chat: Arc<ChatService>, tokens: Arc<TokenService>) -> Self {
        Self { chat, tokens }
    }

    async fn send(
        &self,
        caller: &Caller,
        to: (ConversationKind, ConversationId),
        headers: &HeaderMap,
        mut body: SendMessage,
    ) -> Result<Response, ClientError> {
        body.client_message_id = idempotency_key(headers, body.client_message_id)?;
        body.validate()?;
        let (kind, conversation) = to;
        self.chat.require_kind(conversation, kind).await?;
        let appended = self.chat.send(caller, conversation, body).await?;
        let view = axum::Json(MessageView::from(&appended.stored));
        if appended.repeated {
            let replayed = [(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"))];
            return Ok((replayed, view).into_response());
        }
        Ok((StatusCode::CREATED, view).into_response())
    }

    async fn history(
        &self,
        caller: &Caller,
        of: (ConversationKind, ConversationId),
        query: &ListMessages,
    ) -> Result<Response, ClientError> {
        let (kind, conversation) = of;
        let range = query.range(conversation)?;
        self.chat.require_kind(conversation, kind).await?;
        let messages = self.chat.history(caller, conversation, &range).await?;
        let page = range.page(conversation, messages);
        let views = Page {
            items: page.items.iter().map(MessageView::from).collect(),
            next_cursor: page.next_cursor,
            has_more: page.has_more,
        };
        Ok(axum::Json(views).into_response())
    }
}

impl Authenticates for ChatController {
    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Controller for ChatController {
    fn routes() -> Router<Arc<Self>> {
        Router::new()
            .route("/rooms/{room_id}/messages", get(list_in_room).post(send_to_room))
            .route(
                "/chat/sessions/{session_id}/messages",
                get(list_in_session).post(send_to_session),
            )
    }
}

/// Sends a message to a room.
async fn send_to_room(
    State(this): State<Arc<ChatController>>,
    caller: Caller,
    Path(room_id): Path<ConversationId>,
    headers: HeaderMap,
    Json(body): Json<SendMessage>,
) -> Result<Response, ClientError> {
    this.send(&caller, (ConversationKind::Room, room_id), &headers, body).await
}

/// Reads the messages of a room.
async fn list_in_room(
    State(this): State<Arc<ChatController>>,
    caller: Caller,
    Path(room_id): Path<ConversationId>,
    Valid(Query(query)): Valid<Query<ListMessages>>,
) -> Result<Response, ClientError> {
    this.history(&caller, (ConversationKind::Room, room_id), &query).await
}

/// Sends a message to a session.
async fn send_to_session(
    State(this): State<Arc<ChatController>>,
    caller: Caller,
    Path(session_id): Path<ConversationId>,
    headers: HeaderMap,
    Json(body): Json<SendMessage>,
) -> Result<Response, ClientError> {
    this.send(&caller, (ConversationKind::Session, session_id), &headers, body).await
}

/// Reads the messages of a session.
async fn list_in_session(
    State(this): State<Arc<ChatController>>,
    caller: Caller,
    Path(session_id): Path<ConversationId>,
    Valid(Query(query)): Valid<Query<ListMessages>>,
) -> Result<Response, ClientError> {
    this.history(&caller, (ConversationKind::Session, session_id), &query).await
}

/// The client's id of the message, from the header or the body.
fn idempotency_key(
    headers: &HeaderMap,
    in_body: Option<String>,
) -> Result<Option<String>, ClientError> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else { return Ok(in_body) };
    let odd =
        |_| ClientError::field("Idempotency-Key", "ascii", "must be visible ASCII characters");
    let key = key.to_str().map_err(odd)?;
    match in_body {
        Some(id) if id != key => {
            let text = "must be the same as the header Idempotency-Key";
            Err(ClientError::field("clientMessageId", "mismatch", text))
        }
        _ => Ok(Some(key.to_owned())),
    }
}
