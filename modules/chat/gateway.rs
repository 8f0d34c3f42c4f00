//! Socket.IO events of chat, in the chat vocabulary.

use std::sync::Arc;

use auth::{Authenticates, Caller, Scope, TokenService};
use delivery::NAMESPACES;
use hornero::{
    ClientError, Data, DisconnectReason, Events, Gateway, Later, RateClass, SocketRef, Valid,
};

use crate::{
    announcements::{ConversationCleared, MessageDeleted, MessageUpdated, RoomTyping},
    dto::{EditMessage, MessageView, OfMessage, SendMessage, ToRoom},
    service::ChatService,
    typing::Typing,
};

/// Handles `chat:message:*` and `chat:typing:*`.
pub(crate) struct ChatGateway {
    tokens: Arc<TokenService>,
    chat: Arc<ChatService>,
    typing: Arc<Typing>,
}

impl ChatGateway {
    pub(crate) fn new(
        tokens: Arc<TokenService>,
        chat: Arc<ChatService>,
        typing: Arc<Typing>,
    ) -> Self {
        Self { tokens, chat, typing }
    }
}

impl Authenticates for ChatGateway {
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Gateway for ChatGateway {
    const NAMESPACES: &'static [&'static str] = NAMESPACES;
    const ERROR_EVENT: &'static str = "chat:error";

    fn events(on: &mut Events<Self>) {
        on.on("chat:message:send", Self::send)
            .on("chat:message:edit", Self::edit)
            .on("chat:message:delete", Self::delete)
            .emits::<MessageView>()
            .emits::<MessageUpdated>()
            .emits::<MessageDeleted>()
            .emits::<ConversationCleared>()
            .emits::<RoomTyping>();
        on.on("chat:typing:start", Self::start_typing).rate(RateClass::Signal);
        on.on("chat:typing:stop", Self::stop_typing).rate(RateClass::Signal);
    }

    async fn disconnected(self: Arc<Self>, socket: SocketRef, _: DisconnectReason) {
        self.typing.stop_all(&socket).await;
    }
}

impl ChatGateway {
    /// Sends a message. The ack comes when it is stored.
    async fn send(
        self: Arc<Self>,
        caller: Caller,
        Data(to): Data<ToRoom>,
        Valid(Data(message)): Valid<Data<SendMessage>>,
    ) -> Result<Later<MessageView>, ClientError> {
        let appending = self.chat.send(&caller, to.room_id, message).await?;
        Ok(Later::new(async { Ok(MessageView::from(&appending.stored().await?.stored)) }))
    }

    /// Changes a message of the caller's.
    async fn edit(
        self: Arc<Self>,
        caller: Caller,
        Data(of): Data<OfMessage>,
        Valid(Data(edit)): Valid<Data<EditMessage>>,
    ) -> Result<MessageView, ClientError> {
        let message = self.chat.edit(&caller, of.message_id, edit).await?;
        Ok(MessageView::from(&message))
    }

    /// Takes a message back.
    async fn delete(
        self: Arc<Self>,
        caller: Caller,
        Data(of): Data<OfMessage>,
    ) -> Result<MessageDeleted, ClientError> {
        let deleted = self.chat.delete(&caller, of.message_id).await?;
        Ok(MessageDeleted::from(&deleted))
    }

    /// Tells the others that the caller types.
    async fn start_typing(
        self: Arc<Self>,
        socket: SocketRef,
        caller: Caller,
        Data(at): Data<ToRoom>,
    ) -> Result<(), ClientError> {
        Ok(self.typing.start(&socket, &caller, at.room_id).await?)
    }

    /// Tells the others that the caller does not type any more.
    async fn stop_typing(
        self: Arc<Self>,
        caller: Caller,
        Data(at): Data<ToRoom>,
    ) -> Result<(), ClientError> {
        self.typing.stop(at.room_id, &caller.user_id).await;
        Ok(())
    }
}
