//! REST routes of chat.

use std::sync::Arc;

use auth::{Authenticates, Caller, Scope, TokenService};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use delivery::{ConversationId, ConversationKind};
use hornero::{ClientError, Controller, Json, Page, Query, Routes, Valid, routes};
use validator::Validate;

use crate::{
    dto::{ClearedView, CountView, EditMessage, MessageView, SendMessage},
    history::{ListMessages, Range, RecentMessages},
    listed::Listed,
    message::MessageId,
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
        let appending = self.chat.send(caller, conversation, body).await?;
        let appended = appending.stored().await?;
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
        range: &Range,
    ) -> Result<axum::Json<Page<Listed>>, ClientError> {
        let (kind, conversation) = of;
        self.chat.require_kind(conversation, kind).await?;
        let messages = self.chat.history(caller, conversation, range).await?;
        Ok(axum::Json(range.page(conversation, messages)))
    }
}

impl Authenticates for ChatController {
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Controller for ChatController {
    fn routes() -> Routes<Self> {
        Routes::new()
            .routes(routes!(list_in_room, send_to_room))
            .routes(routes!(list_in_session, send_to_session, clear_session))
            .routes(routes!(recent_in_session))
            .routes(routes!(count_in_session))
            .routes(routes!(read_message, edit_message, delete_message))
    }
}

/// Sends a message to a room.
#[utoipa::path(
    post,
    path = "/rooms/{roomId}/messages",
    params(
        ("roomId" = ConversationId, Path, description = "The room"),
        (
            "Idempotency-Key" = Option<String>,
            Header,
            description = "Another way to give the `clientMessageId`",
            min_length = 1,
            max_length = 128,
            pattern = "^[!-~]+$",
            nullable = false,
        ),
    ),
    request_body = SendMessage,
    responses(
        (status = 201, description = "The message, which is stored", body = MessageView),
        (
            status = 200,
            description = "The message that was sent before under this `clientMessageId`",
            body = MessageView,
            headers(("Idempotent-Replayed" = String, description = "`true`")),
        ),
        (status = 403, description = "Not a member of the public room; or the token lacks the scope `chat`"),
        (status = 404, description = "No such room, or no access to it"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
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
#[utoipa::path(
    get,
    path = "/rooms/{roomId}/messages",
    params(("roomId" = ConversationId, Path, description = "The room"), ListMessages),
    responses(
        (status = 200, description = "A page of the history", body = Page<MessageView>),
        (status = 403, description = "Not a member of the public room; or the token lacks the scope `chat`"),
        (status = 404, description = "No such room, or no access to it"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn list_in_room(
    State(this): State<Arc<ChatController>>,
    caller: Caller,
    Path(room_id): Path<ConversationId>,
    Valid(Query(query)): Valid<Query<ListMessages>>,
) -> Result<axum::Json<Page<Listed>>, ClientError> {
    let range = query.range(room_id)?;
    this.history(&caller, (ConversationKind::Room, room_id), &range).await
}

/// Sends a message to a session.
#[utoipa::path(
    post,
    path = "/chat/sessions/{sessionId}/messages",
    params(
        ("sessionId" = ConversationId, Path, description = "The session"),
        (
            "Idempotency-Key" = Option<String>,
            Header,
            description = "Another way to give the `clientMessageId`",
            min_length = 1,
            max_length = 128,
            pattern = "^[!-~]+$",
            nullable = false,
        ),
    ),
    request_body = SendMessage,
    responses(
        (status = 201, description = "The message, which is stored", body = MessageView),
        (
            status = 200,
            description = "The message that was sent before under this `clientMessageId`",
            body = MessageView,
            headers(("Idempotent-Replayed" = String, description = "`true`")),
        ),
        (status = 403, description = "The token lacks the scope `chat`"),
        (status = 404, description = "No such session, or no access to it"),
        (status = 409, description = "The session is closed"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
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
#[utoipa::path(
    get,
    path = "/chat/sessions/{sessionId}/messages",
    params(("sessionId" = ConversationId, Path, description = "The session"), ListMessages),
    responses(
        (status = 200, description = "A page of the history", body = Page<MessageView>),
        (status = 403, description = "The token lacks the scope `chat`"),
        (status = 404, description = "No such session, or no access to it"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn list_in_session(
    State(this): State<Arc<ChatController>>,
    caller: Caller,
    Path(session_id): Path<ConversationId>,
    Valid(Query(query)): Valid<Query<ListMessages>>,
) -> Result<axum::Json<Page<Listed>>, ClientError> {
    let range = query.range(session_id)?;
    this.history(&caller, (ConversationKind::Session, session_id), &range).await
}

/// Reads the newest messages of a session, oldest first. `nextCursor` leads to older ones.
#[utoipa::path(
    get,
    path = "/chat/sessions/{sessionId}/messages/recent",
    params(("sessionId" = ConversationId, Path, description = "The session"), RecentMessages),
    responses(
        (status = 200, description = "The newest messages", body = Page<MessageView>),
        (status = 403, description = "The token lacks the scope `chat`"),
        (status = 404, description = "No such session, or no access to it"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn recent_in_session(
    State(this): State<Arc<ChatController>>,
    caller: Caller,
    Path(session_id): Path<ConversationId>,
    Valid(Query(query)): Valid<Query<RecentMessages>>,
) -> Result<axum::Json<Page<Listed>>, ClientError> {
    let of = (ConversationKind::Session, session_id);
    let mut page = this.history(&caller, of, &query.range()).await?;
    page.items.reverse();
    Ok(page)
}

/// Counts the messages of a session.
#[utoipa::path(
    get,
    path = "/chat/sessions/{sessionId}/messages/count",
    params(("sessionId" = ConversationId, Path, description = "The session")),
    responses(
        (status = 200, description = "How many there are", body = CountView),
        (status = 403, description = "The token lacks the scope `chat`"),
        (status = 404, description = "No such session, or no access to it"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn count_in_session(
    State(this): State<Arc<ChatController>>,
    caller: Caller,
    Path(session_id): Path<ConversationId>,
) -> Result<axum::Json<CountView>, ClientError> {
    this.chat.require_kind(session_id, ConversationKind::Session).await?;
    Ok(axum::Json(CountView { count: this.chat.count(&caller, session_id).await? }))
}

/// Deletes all messages of a session, and their files.
#[utoipa::path(
    delete,
    path = "/chat/sessions/{sessionId}/messages",
    params(("sessionId" = ConversationId, Path, description = "The session")),
    responses(
        (status = 200, description = "They are deleted", body = ClearedView),
        (status = 403, description = "The token lacks the scope `chat`"),
        (status = 404, description = "No such session, or no access to it"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn clear_session(
    State(this): State<Arc<ChatController>>,
    caller: Caller,
    Path(session_id): Path<ConversationId>,
) -> Result<axum::Json<ClearedView>, ClientError> {
    this.chat.require_kind(session_id, ConversationKind::Session).await?;
    let cleared = this.chat.clear(&caller, session_id).await?;
    Ok(axum::Json(ClearedView { deleted: cleared.count }))
}

/// Reads one message.
#[utoipa::path(
    get,
    path = "/chat/messages/{messageId}",
    params(("messageId" = MessageId, Path, description = "The message")),
    responses(
        (status = 200, description = "The message", body = MessageView),
        (status = 403, description = "The token lacks the scope `chat`"),
        (status = 404, description = "No such message, or it was deleted, or no access to it"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn read_message(
    State(this): State<Arc<ChatController>>,
    caller: Caller,
    Path(id): Path<MessageId>,
) -> Result<axum::Json<MessageView>, ClientError> {
    let message = this.chat.find(&caller, id).await?;
    Ok(axum::Json(MessageView::from(&message)))
}

/// Changes a message of the caller's.
#[utoipa::path(
    put,
    path = "/chat/messages/{messageId}",
    params(("messageId" = MessageId, Path, description = "The message")),
    request_body = EditMessage,
    responses(
        (status = 200, description = "The message as it is now", body = MessageView),
        (status = 403, description = "Not its sender; or the token lacks the scope `chat`"),
        (status = 404, description = "No such message, or it was deleted, or no access to it"),
        (status = 409, description = "The session is closed"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn edit_message(
    State(this): State<Arc<ChatController>>,
    caller: Caller,
    Path(id): Path<MessageId>,
    Valid(Json(body)): Valid<Json<EditMessage>>,
) -> Result<axum::Json<MessageView>, ClientError> {
    let message = this.chat.edit(&caller, id, body).await?;
    Ok(axum::Json(MessageView::from(&message)))
}

/// Deletes a message: the caller's own, or another's where the caller's role allows it.
///
/// The file that it names goes, too.
#[utoipa::path(
    delete,
    path = "/chat/messages/{messageId}",
    params(("messageId" = MessageId, Path, description = "The message")),
    responses(
        (status = 204, description = "It is deleted"),
        (status = 403, description = "Not the caller's own, and the role is not enough; or the token lacks the scope `chat`"),
        (status = 404, description = "No such message, or it was deleted, or no access to it"),
        (status = 409, description = "The session is closed"),
    ),
    security(("bearer" = ["chat"]), ("cookie" = ["chat"])),
)]
async fn delete_message(
    State(this): State<Arc<ChatController>>,
    caller: Caller,
    Path(id): Path<MessageId>,
) -> Result<StatusCode, ClientError> {
    this.chat.delete(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
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
