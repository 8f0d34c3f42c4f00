//! The rules of chat.

use std::sync::Arc;

use auth::Caller;
use delivery::{Access, Appended, ConversationId, ConversationKind, EventLog, Right};

use crate::{
    dto::SendMessage,
    error::ChatError,
    history::Range,
    message::{Message, NewMessage},
    repository::MessageRepository,
    typing::Typing,
};

/// Sends and reads messages, in rooms and sessions alike.
pub struct ChatService {
    access: Arc<Access>,
    log: Arc<EventLog>,
    messages: Arc<dyn MessageRepository>,
    typing: Arc<Typing>,
}

impl ChatService {
    pub(crate) fn new(
        access: Arc<Access>,
        log: Arc<EventLog>,
        messages: Arc<dyn MessageRepository>,
        typing: Arc<Typing>,
    ) -> Self {
        Self { access, log, messages, typing }
    }

    /// Stores a message, then announces it to everybody who has joined the conversation.
    ///
    /// Returns when it is durable. A message that the client has sent before under the
    /// same `client_message_id` is neither stored nor announced again.
    ///
    /// # Errors
    ///
    /// [`ChatError`]; then the message is not stored.
    pub async fn send(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        message: SendMessage,
    ) -> Result<Appended<Message>, ChatError> {
        self.access.require(caller, conversation, Right::Send).await?;
        let draft = NewMessage {
            conversation,
            kind: self.access.kind(conversation).await?,
            sender: caller.user_id.clone(),
            client_message_id: message.client_message_id.map(Arc::from),
            content: message.content.into(),
            formatting: message.formatting,
            metadata: Arc::new(message.metadata),
        };
        let appended = self.log.append(Arc::clone(&self.messages), draft).await?;
        // Who has sent the message has stopped typing it.
        self.typing.stop(conversation, &caller.user_id).await;
        Ok(appended)
    }

    /// A part of what was said in a conversation, and one message more if there is.
    pub(crate) async fn history(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        range: &Range,
    ) -> Result<Vec<Message>, ChatError> {
        self.access.require(caller, conversation, Right::Read).await?;
        let kind = self.access.kind(conversation).await?;
        Ok(self.messages.history(conversation, kind, range).await?)
    }

    /// Refuses unless the conversation is of `kind`: a room's messages are not a session's.
    pub(crate) async fn require_kind(
        &self,
        conversation: ConversationId,
        kind: ConversationKind,
    ) -> Result<(), ChatError> {
        if self.access.kind(conversation).await? == kind {
            return Ok(());
        }
        Err(delivery::AccessError::Denied.into())
    }
}
