//! Socket.IO events of chat, in the session vocabulary.

use std::sync::Arc;

use auth::{Authenticates, Caller, Scope, TokenService};
use delivery::NAMESPACES;
use hornero::{ClientError, Data, Events, Gateway, Later, RateClass, SocketRef, Valid};

use crate::{
    announcements::{SessionCleared, SessionMessageDeleted, SessionMessageUpdated, SessionTyping},
    dto::{SendMessage, SessionMessageView, SetTyping, ToSession},
    service::ChatService,
    typing::Typing,
};

/// Handles `send_message` and `typing`.
pub(crate) struct SessionChatGateway {
    tokens: Arc<TokenService>,
    chat: Arc<ChatService>,
    typing: Arc<Typing>,
}

impl SessionChatGateway {
    pub(crate) fn new(
        tokens: Arc<TokenService>,
        chat: Arc<ChatService>,
        typing: Arc<Typing>,
    ) -> Self {
        Self { tokens, chat, typing }
    }
}

impl Authenticates for SessionChatGateway {
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Gateway for SessionChatGateway {
    const NAMESPACES: &'static [&'static str] = NAMESPACES;

    fn events(on: &mut Events<Self>) {
        on.on("send_message", Self::send)
            .on("typing", Self::set_typing)
            .rate(RateClass::Signal)
            .emits::<SessionMessageView>()
            .emits::<SessionMessageUpdated>()
            .emits::<SessionMessageDeleted>()
            .emits::<SessionCleared>()
            .emits::<SessionTyping>();
    }
}

impl SessionChatGateway {
    /// Sends a message. The ack comes when it is stored.
    async fn send(
        self: Arc<Self>,
        caller: Caller,
        Data(to): Data<ToSession>,
        Valid(Data(message)): Valid<Data<SendMessage>>,
    ) -> Result<Later<SessionMessageView>, ClientError> {
        let appending = self.chat.send(&caller, to.session_id, message).await?;
        Ok(Later::new(async { Ok(SessionMessageView::from(&appending.stored().await?.stored)) }))
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
