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

use auth::AuthModule;
use database::DatabaseModule;
use delivery::DeliveryModule;
use hornero::{Module, ModuleDef};

mod announcements;
mod controller;
mod dto;
mod entity;
mod error;
mod gateway;
mod history;
mod message;
mod repository;
mod service;
mod session_gateway;
#[cfg(test)]
mod tests;
mod typing;

pub use error::ChatError;
pub use message::{Formatting, Message, MessageId};
pub use service::ChatService;

use crate::{
    controller::ChatController, gateway::ChatGateway, repository::SeaOrmMessageRepository,
    session_gateway::SessionChatGateway, typing::Typing,
};

/// Wires up chat. Exports [`ChatService`].
pub struct ChatModule;

impl Module for ChatModule {
    fn define(m: &mut ModuleDef) {
        m.import::<AuthModule>()
            .import::<DatabaseModule>()
            .import::<DeliveryModule>()
            .bind(SeaOrmMessageRepository::bind)
            .provide(Typing::new)
            .provide(ChatService::new)
            .controller(ChatController::new)
            .gateway(ChatGateway::new)
            .gateway(SessionChatGateway::new)
            .export::<ChatService>();
    }
}
