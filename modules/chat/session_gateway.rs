//! Socket.IO events of chat, in the session vocabulary.

use std::sync::Arc;

use auth::Caller;
use delivery::NAMESPACES;
use hornero::{ClientError, Data, Events, Gateway, SocketRef, Valid};
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    dto::{SendMessage, SessionMessageView, SetTyping, ToSession},
    service::ChatService,
    typing::Typing,
};

/// Handles `send_message` and `typing`.
pub(crate) struct SessionChatGateway {
    chat: Arc<ChatService>,
    typing: Arc<Typing>,
}

impl SessionChatGateway {
    pub(crate) fn new(chat: Arc<ChatService>, typing: Arc<Typing>) -> Self {
        Self { chat, typing }
    }
}

impl Gateway for SessionChatGateway {
    const NAMESPACES: &'static [&'static str] = NAMESPACES;

    fn events(on: &mut Events<Self>) {
        on.on("send_message", Self::send).on("typing", Self::set_typing);
    }
}

impl SessionChatGateway {
    /// Sends a message. The ack comes when it is stored.
    async fn send(
        self: Arc<Self>,
        caller: Caller,
        Data(to): Data<ToSession>,
        Valid(Data(message)): Valid<Data<SendMessage>>,
    ) -> Result<Box<RawValue>, ClientError> {
        let appended = self.chat.send(&caller, to.session_id, message).await?;
        let view = SessionMessageView::from(&appended.stored);
        to_raw_value(&view).map_err(|_| ClientError::internal())
    }

    /// Tells the others that the caller types, or does not any more.
    async fn set_typing(
        self: Arc<Self>,
        socket: SocketRef,
        caller: Caller,
        Data(event): Data<SetTyping>,
    ) -> Result<(), ClientError> {
        if event.is_typing {
            self.typing.start(&socket, &caller, event.session_id).await?;
        } else {
            self.typing.stop(event.session_id, &caller.user_id).await;
        }
        Ok(())
    }
}
