//! Chat: messages in rooms and sessions, and who is typing.
//!
//! ```text
//! REST   -> controller ──────────┐                 ┌─> EventLog (delivery) -> MessageRepository
//!                                ├─> ChatService ──┤        └─> everybody who has joined
//! socket -> gateway,             │                 └─> Access (delivery): may they?
//!           session_gateway ─────┘
//!               └─> Typing -> everybody else
//! ```
//!
//! `gateway` speaks the chat vocabulary (`chat:message:send`), `session_gateway` the
//! older session vocabulary (`send_message`). Both call the same service.

use std::sync::Arc;

use auth::AuthModule;
use database::DatabaseModule;
use delivery::{DeliveryModule, EventHistory, TypingUsers, UnreadCounter};
use hornero::{BoxError, Module, ModuleDef};

mod announcements;
mod attachments;
mod content;
mod controller;
mod dto;
mod entity;
mod error;
mod gateway;
mod history;
mod html;
mod kept;
mod listed;
mod listener;
mod message;
mod reader;
mod repository;
mod service;
mod session_gateway;
mod tail;
#[cfg(test)]
mod tests;
mod typing;

pub use attachments::{Attachments, FileSource};
pub use content::{Content, with_plain_line_ends};
pub use dto::{EditMessage, SendMessage};
pub use error::ChatError;
pub use listener::MessageListener;
pub use message::{
    Cleared, Deleted, Edited, Formatting, Message, MessageId, MessageRole, MessageType,
    RobotMessage,
};
pub use service::ChatService;

use crate::{
    controller::ChatController,
    gateway::ChatGateway,
    kept::Kept,
    reader::HistoryReader,
    repository::{MessageRepository, SeaOrmMessageRepository},
    service::Kinds,
    session_gateway::SessionChatGateway,
    typing::Typing,
};

/// Wires up chat. Exports [`ChatService`], and [`Attachments`] for who keeps files.
pub struct ChatModule;

impl Module for ChatModule {
    fn define(m: &mut ModuleDef) {
        m.import::<AuthModule>()
            .import::<DatabaseModule>()
            .import::<DeliveryModule>()
            .bind(SeaOrmMessageRepository::bind)
            .provide(Kept::new)
            .provide(HistoryReader::new)
            .provide(Kinds::new)
            .provide(Attachments::default)
            .provide(Typing::new)
            .provide(ChatService::new)
            .controller(ChatController::new)
            .gateway(ChatGateway::new)
            .gateway(SessionChatGateway::new)
            .on_init(set_sources)
            .on_init(set_unread)
            .on_init(set_typing)
            .export::<Attachments>()
            .export::<ChatService>();
    }
}

/// Events of these kinds are told again by the repository, which has their words.
async fn set_sources(
    history: Arc<EventHistory>,
    messages: Arc<dyn MessageRepository>,
) -> Result<(), BoxError> {
    for kind in ["message.updated", "message.deleted", "conversation.cleared"] {
        history.set_source(kind, Arc::<dyn MessageRepository>::clone(&messages));
    }
    history.add_keeper(messages);
    Ok(())
}

async fn set_unread(
    unread: Arc<UnreadCounter>,
    messages: Arc<dyn MessageRepository>,
) -> Result<(), BoxError> {
    unread.set_source(messages);
    Ok(())
}

async fn set_typing(users: Arc<TypingUsers>, typing: Arc<Typing>) -> Result<(), BoxError> {
    users.set_source(typing);
    Ok(())
}
