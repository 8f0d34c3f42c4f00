//! The rules of chat.

use std::sync::Arc;

use auth::{Caller, UserId};
use delivery::{Access, AccessError, Appending, ConversationId, ConversationKind, EventLog, Right};
use hornero::Metrics;

use crate::{
    attachments::Attachments,
    dto::{EditMessage, SendMessage},
    error::ChatError,
    history::Range,
    kept::Kept,
    listed::Listed,
    listener::{Listeners, MessageListener},
    message::{
        Cleared, Clearing, Deleted, Deletion, Edit, Formatting, Message, MessageId, MessageRole,
        MessageType, NewMessage, RobotMessage,
    },
    reader::HistoryReader,
    repository::{Clear, Delete, EditContent, MessageRepository, Send},
    typing::Typing,
};

/// Sends and reads messages, in rooms and sessions alike.
pub struct ChatService {
    access: Arc<Access>,
    log: Arc<EventLog>,
    messages: Arc<dyn MessageRepository>,
    reader: Arc<HistoryReader>,
    typing: Arc<Typing>,
    attachments: Arc<Attachments>,
    kinds: Arc<Kinds>,
}

/// The kinds of events that chat appends.
pub(crate) struct Kinds {
    send: Arc<Send>,
    edit: Arc<EditContent>,
    delete: Arc<Delete>,
    clear: Arc<Clear>,
    listeners: Arc<Listeners>,
}

impl Kinds {
    pub(crate) fn new(
        kept: Arc<Kept>,
        attachments: Arc<Attachments>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let listeners = Arc::<Listeners>::default();
        Self {
            send: Arc::new(Send::new(Arc::clone(&kept), Arc::clone(&listeners), &metrics)),
            edit: Arc::new(EditContent::new(Arc::clone(&kept), Arc::clone(&attachments))),
            delete: Arc::new(Delete::new(Arc::clone(&kept), Arc::clone(&attachments))),
            clear: Arc::new(Clear::new(kept, attachments)),
            listeners,
        }
    }
}

impl ChatService {
    pub(crate) fn new(
        access: Arc<Access>,
        log: Arc<EventLog>,
        messages: Arc<dyn MessageRepository>,
        reader: Arc<HistoryReader>,
        typing: Arc<Typing>,
        attachments: Arc<Attachments>,
        kinds: Arc<Kinds>,
    ) -> Self {
        Self { access, log, messages, reader, typing, attachments, kinds }
    }

    /// Stores a message, then announces it to everybody who has joined the conversation.
    ///
    /// Returns when it is in the queue; what it returns resolves when it is durable. A message
    /// that the client has sent before under the same `client_message_id` is neither stored
    /// nor announced again.
    ///
    /// # Errors
    ///
    /// [`ChatError`]; then the message is not stored.
    pub async fn send(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        message: SendMessage,
    ) -> Result<Appending<Message>, ChatError> {
        self.access.require(caller, conversation, Right::Send).await?;
        let (role, r#type) = (message.role, message.r#type);
        let is_a_persons = role == MessageRole::User && r#type.is_a_persons();
        if !is_a_persons && !caller.administers() {
            return Err(ChatError::NotAPerson);
        }
        let (sender, metadata) = (&caller.user_id, &message.metadata);
        self.attachments.check(sender, conversation, r#type, metadata).await?;
        self.send_for(sender, conversation, message).await
    }

    /// Does the same for somebody who was let in before, and whose message is only due now, such
    /// as that of a file which had to be looked through first. Nothing is asked of the sender.
    ///
    /// # Errors
    ///
    /// [`ChatError`]; then the message is not stored.
    pub async fn send_for(
        &self,
        sender: &UserId,
        conversation: ConversationId,
        message: SendMessage,
    ) -> Result<Appending<Message>, ChatError> {
        let draft = NewMessage {
            id: MessageId::generate(),
            conversation,
            kind: self.access.kind(conversation).await?,
            sender: sender.clone(),
            client_message_id: message.client_message_id.map(Arc::from),
            role: message.role,
            r#type: message.r#type,
            content: message.content.stored(message.r#type, message.formatting)?,
            formatting: message.formatting,
            metadata: Arc::new(message.metadata),
        };
        let appending = self.log.submit(Arc::clone(&self.kinds.send), draft)?;
        // Who has sent the message has stopped typing it.
        self.typing.stop(conversation, sender).await;
        Ok(appending)
    }

    /// Stores what a robot says, then announces it to everybody who has joined the conversation.
    /// Returns when it is durable. Whether the robot may speak there is for whoever has asked it.
    ///
    /// # Errors
    ///
    /// [`ChatError`]; then nothing is known to be stored.
    pub async fn say(&self, words: RobotMessage) -> Result<Message, ChatError> {
        let formatting = match words.formatting {
            // Nobody has cleaned it.
            Formatting::Html => Formatting::Plain,
            other => other,
        };
        let draft = NewMessage {
            id: words.id,
            conversation: words.conversation,
            kind: self.access.kind(words.conversation).await?,
            sender: words.sender,
            client_message_id: None,
            role: MessageRole::Assistant,
            r#type: MessageType::Robot,
            content: words.content.into(),
            formatting,
            metadata: Arc::new(words.metadata),
        };
        Ok(self.log.append(Arc::clone(&self.kinds.send), draft).await?.stored)
    }

    /// Tells `listener` of each message that is stored from now on. For `on_init` hooks.
    pub fn listen(&self, listener: Arc<dyn MessageListener>) {
        self.kinds.listeners.add(listener);
    }

    /// Whether a message is stored, whoever asks.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub async fn is_stored(&self, id: MessageId) -> Result<bool, ChatError> {
        Ok(self.messages.conversation(id).await?.is_some())
    }

    /// The newest `limit` messages of a conversation up to the seq `through`, newest first and
    /// whoever asks.
    ///
    /// # Errors
    ///
    /// A failure of storage, or there is no such conversation.
    pub async fn newest(
        &self,
        id: ConversationId,
        through: i64,
        limit: u64,
    ) -> Result<Vec<Message>, ChatError> {
        let kind = self.access.kind(id).await?;
        let before = Some(through + 1);
        // A range reads one more than its limit.
        let range = Range { before, ..Range::newest(limit.saturating_sub(1)) };
        Ok(self.messages.history(id, kind, &range).await?)
    }

    /// Changes a message of the caller's.
    ///
    /// # Errors
    ///
    /// [`ChatError`]; then the message is as it was.
    pub async fn edit(
        &self,
        caller: &Caller,
        id: MessageId,
        edit: EditMessage,
    ) -> Result<Message, ChatError> {
        if edit.content.is_none() && edit.metadata.is_none() {
            return Err(ChatError::NothingToChange);
        }
        let conversation = self.conversation(caller, id).await?;
        self.access.require(caller, conversation, Right::Edit).await?;
        let kind = self.access.kind(conversation).await?;
        let message = self.messages.find(id, kind).await?.ok_or(ChatError::NoMessage)?;
        if message.sender != caller.user_id {
            return Err(ChatError::NotTheSender);
        }
        if let Some(metadata) = &edit.metadata {
            let sender = &message.sender;
            self.attachments.check(sender, conversation, message.r#type, metadata).await?;
        }
        let content =
            edit.content.map(|it| it.stored(message.r#type, message.formatting)).transpose()?;
        let metadata = edit.metadata.map(Arc::new);
        let draft = Edit { conversation, kind, id, content, metadata };
        Ok(self.log.append(Arc::clone(&self.kinds.edit), draft).await?.stored.0)
    }

    /// Takes a message back: the caller's own, or another's where the caller's role allows it.
    ///
    /// # Errors
    ///
    /// [`ChatError`]; then the message is as it was.
    pub async fn delete(&self, caller: &Caller, id: MessageId) -> Result<Deleted, ChatError> {
        let conversation = self.conversation(caller, id).await?;
        let kind = self.access.kind(conversation).await?;
        let message = self.messages.find(id, kind).await?.ok_or(ChatError::NoMessage)?;
        let own = message.sender == caller.user_id;
        let right = if own { Right::Edit } else { Right::Moderate };
        self.access.require(caller, conversation, right).await?;
        let draft = Deletion { conversation, id, by: caller.user_id.clone() };
        Ok(self.log.append(Arc::clone(&self.kinds.delete), draft).await?.stored)
    }

    /// Takes back all that was said in a conversation, and tells how many messages that were.
    ///
    /// # Errors
    ///
    /// [`ChatError`]; then everything is as it was.
    pub async fn clear(&self, caller: &Caller, id: ConversationId) -> Result<Cleared, ChatError> {
        self.access.require(caller, id, Right::Clear).await?;
        let draft = Clearing { conversation: id, by: caller.user_id.clone() };
        Ok(self.log.append(Arc::clone(&self.kinds.clear), draft).await?.stored)
    }

    /// A message that the caller may read.
    ///
    /// # Errors
    ///
    /// [`ChatError::NoMessage`], also if the caller may not know of it.
    pub(crate) async fn find(&self, caller: &Caller, id: MessageId) -> Result<Message, ChatError> {
        let conversation = self.conversation(caller, id).await?;
        let kind = self.access.kind(conversation).await?;
        self.messages.find(id, kind).await?.ok_or(ChatError::NoMessage)
    }

    /// Where a message was said, if the caller may read it.
    async fn conversation(
        &self,
        caller: &Caller,
        id: MessageId,
    ) -> Result<ConversationId, ChatError> {
        let found = self.messages.conversation(id).await?.ok_or(ChatError::NoMessage)?;
        match self.access.require(caller, found, Right::Read).await {
            Ok(_) => Ok(found),
            Err(AccessError::Denied | AccessError::NotAMember) => Err(ChatError::NoMessage),
            Err(error) => Err(error.into()),
        }
    }

    /// A part of what was said in a conversation, and one message more if there is.
    pub(crate) async fn history(
        &self,
        caller: &Caller,
        conversation: ConversationId,
        range: &Range,
    ) -> Result<Vec<Listed>, ChatError> {
        self.access.require(caller, conversation, Right::Read).await?;
        let kind = self.access.kind(conversation).await?;
        Ok(self.reader.read(conversation, kind, range).await?)
    }

    /// How many messages there are in a conversation, without those that were deleted.
    pub(crate) async fn count(
        &self,
        caller: &Caller,
        id: ConversationId,
    ) -> Result<i64, ChatError> {
        self.access.require(caller, id, Right::Read).await?;
        Ok(self.reader.count(id).await?.ok_or(AccessError::Denied)?)
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
