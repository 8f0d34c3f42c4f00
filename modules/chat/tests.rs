//! The rules of chat, on a real log and a repository in memory.
//!
//! Who is typing is told to sockets, so its rules are tested in tests/integration/live.rs.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use auth::{AuthModule, Caller, Role, TokenService, User, UserId, UserType};
use chrono::Utc;
use database::{Database, DatabaseModule, StorageError, Transaction};
use delivery::{
    Access, AccessError, AccessPolicy, ConversationId, ConversationKind, Conversations,
    DeliveryModule, EventKind, Participant, Placed, Right,
};
use hornero::{App, ClientError, Config, Module, ModuleDef};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    ChatError, ChatModule, ChatService, Message, MessageId,
    dto::SendMessage,
    entity::{ActiveModel, Model},
    history::{ListMessages, Range},
    message::NewMessage,
    repository::MessageRepository,
};

#[derive(Default)]
struct MemoryRepository {
    messages: Mutex<Vec<Message>>,
    asked: Mutex<Vec<Range>>,
}

#[async_trait]
impl EventKind for MemoryRepository {
    type Draft = NewMessage;
    type Stored = Message;

    fn name(&self) -> &'static str {
        "message.new"
    }

    async fn repeats(
        &self,
        _: &Transaction,
        drafts: &[NewMessage],
    ) -> Result<Vec<Option<Message>>, StorageError> {
        let messages = self.messages.lock().unwrap();
        let same = |it: &Message, draft: &NewMessage| {
            draft.client_message_id.is_some()
                && (it.conversation, &it.sender, &it.client_message_id)
                    == (draft.conversation, &draft.sender, &draft.client_message_id)
        };
        let repeat = |draft| messages.iter().find(|it| same(it, draft)).cloned();
        Ok(drafts.iter().map(repeat).collect())
    }

    async fn store(
        &self,
        _: &Transaction,
        batch: Vec<Placed<NewMessage>>,
    ) -> Result<Vec<Message>, StorageError> {
        let stored: Vec<_> = batch.into_iter().map(message_of).collect();
        self.messages.lock().unwrap().extend_from_slice(&stored);
        Ok(stored)
    }
}

#[async_trait]
impl MessageRepository for MemoryRepository {
    async fn history(
        &self,
        conversation: ConversationId,
        _: ConversationKind,
        range: &Range,
    ) -> Result<Vec<Message>, StorageError> {
        self.asked.lock().unwrap().push(range.clone());
        let messages = self.messages.lock().unwrap();
        Ok(messages.iter().filter(|it| it.conversation == conversation).cloned().collect())
    }
}

fn message_of(placed: Placed<NewMessage>) -> Message {
    let draft = placed.draft;
    Message {
        id: MessageId(Uuid::now_v7()),
        conversation: draft.conversation,
        kind: draft.kind,
        seq: placed.seq,
        sender: draft.sender,
        client_message_id: draft.client_message_id,
        content: draft.content,
        formatting: draft.formatting,
        metadata: draft.metadata,
        created_at: placed.at,
    }
}

/// A database that reads no messages and stores only those that are let through.
#[derive(Default)]
struct BrokenRepository(MemoryRepository);

impl BrokenRepository {
    const LET_THROUGH: &str = "one that is let through";

    /// The nearest failure of the database that needs none: a row without columns.
    fn down() -> StorageError {
        Model::try_from(ActiveModel::default()).unwrap_err().into()
    }
}

#[async_trait]
impl EventKind for BrokenRepository {
    type Draft = NewMessage;
    type Stored = Message;

    fn name(&self) -> &'static str {
        self.0.name()
    }

    async fn repeats(
        &self,
        tx: &Transaction,
        drafts: &[NewMessage],
    ) -> Result<Vec<Option<Message>>, StorageError> {
        self.0.repeats(tx, drafts).await
    }

    async fn store(
        &self,
        tx: &Transaction,
        batch: Vec<Placed<NewMessage>>,
    ) -> Result<Vec<Message>, StorageError> {
        if batch.iter().any(|it| *it.draft.content != *Self::LET_THROUGH) {
            return Err(Self::down());
        }
        self.0.store(tx, batch).await
    }
}

#[async_trait]
impl MessageRepository for BrokenRepository {
    async fn history(
        &self,
        _: ConversationId,
        _: ConversationKind,
        _: &Range,
    ) -> Result<Vec<Message>, StorageError> {
        Err(Self::down())
    }
}

/// Members may all, and others nothing.
#[derive(Default)]
struct MembersOnly(Mutex<HashSet<UserId>>);

#[async_trait]
impl AccessPolicy for MembersOnly {
    async fn require(
        &self,
        caller: &Caller,
        _: ConversationId,
        _: Right,
    ) -> Result<&'static str, AccessError> {
        let member = self.0.lock().unwrap().contains(&caller.user_id);
        if member { Ok("member") } else { Err(AccessError::Denied) }
    }

    async fn participants(
        &self,
        _: ConversationId,
        _: u64,
    ) -> Result<(Vec<Participant>, u64), StorageError> {
        unreachable!("nobody joins here")
    }
}

/// What a test needs of the modules around chat.
struct Wired {
    chat: Arc<ChatService>,
    access: Arc<Access>,
    conversations: Arc<Conversations>,
    db: Arc<Database>,
    tokens: Arc<TokenService>,
}

impl Wired {
    fn new(
        chat: Arc<ChatService>,
        access: Arc<Access>,
        conversations: Arc<Conversations>,
        db: Arc<Database>,
        tokens: Arc<TokenService>,
    ) -> Self {
        Self { chat, access, conversations, db, tokens }
    }
}

struct TestModule;

impl Module for TestModule {
    fn define(m: &mut ModuleDef) {
        m.import::<AuthModule>()
            .import::<ChatModule>()
            .import::<DatabaseModule>()
            .import::<DeliveryModule>()
            .provide(Wired::new)
            .export::<Wired>();
    }
}

/// Chat on a repository of the test's, with a database for the log, gone at the end.
struct TestChat {
    wired: Arc<Wired>,
    members: Arc<MembersOnly>,
    room: ConversationId,
    _folder: TempDir,
}

impl TestChat {
    async fn on(messages: Arc<dyn MessageRepository>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().display().to_string();
        let data = ("HORNERO__SERVER__DATA_DIR".to_owned(), data);
        let config = Config::load(folder.path(), [data]).unwrap();
        let app = App::of::<TestModule>().with_config(config).override_with(messages);
        let wired = app.resolve::<Wired>().await.unwrap();
        let members = Arc::new(MembersOnly::default());
        wired.access.set_policy(ConversationKind::Room, members.clone());
        let room = ConversationId::generate();
        let tx = wired.db.begin().await.unwrap();
        wired.conversations.begin(&tx, room, ConversationKind::Room, Utc::now()).await.unwrap();
        tx.commit().await.unwrap();
        Self { wired, members, room, _folder: folder }
    }

    fn stranger(&self) -> Caller {
        let user = User {
            id: UserId::generate(),
            email: None,
            display_name: "Ada".to_owned(),
            password_hash: None,
            user_type: UserType::Employee,
            role: Role::User,
            scope: "chat".to_owned(),
            created_at: Utc::now(),
            updated_at: Utc::now(),
        };
        let tokens = &self.wired.tokens;
        tokens.verify(&tokens.issue(&user, None).unwrap()).unwrap()
    }

    fn member(&self) -> Caller {
        let caller = self.stranger();
        self.members.0.lock().unwrap().insert(caller.user_id.clone());
        caller
    }

    async fn send(
        &self,
        caller: &Caller,
        message: &SendMessage,
    ) -> Result<(Message, bool), ChatError> {
        let appended = self.wired.chat.send(caller, self.room, message.clone()).await?;
        Ok((appended.stored, appended.repeated))
    }

    async fn history(&self, caller: &Caller) -> Result<Vec<Message>, ChatError> {
        let range = ListMessages::default().range(self.room).unwrap();
        self.wired.chat.history(caller, self.room, &range).await
    }
}

fn message(content: &str) -> SendMessage {
    serde_json::from_value(json!({ "content": content, "clientMessageId": content })).unwrap()
}

#[test]
fn wiring() {
    App::of::<ChatModule>().check().unwrap();
}

#[tokio::test]
async fn member_reads_what_members_have_sent() {
    let chat = TestChat::on(Arc::new(MemoryRepository::default())).await;
    let (ada, ben) = (chat.member(), chat.member());

    let (first, _) = chat.send(&ada, &message("one")).await.unwrap();
    let (second, _) = chat.send(&ben, &message("two")).await.unwrap();

    assert_eq!((first.seq, &first.sender, &*first.content), (1, &ada.user_id, "one"));
    assert_eq!((second.seq, &second.sender), (2, &ben.user_id));
    assert_eq!((first.conversation, first.kind), (chat.room, ConversationKind::Room));
    assert_eq!(chat.history(&ben).await.unwrap(), [first, second]);
}

#[tokio::test]
async fn stranger_neither_sends_nor_reads() {
    let messages = Arc::new(MemoryRepository::default());
    let chat = TestChat::on(messages.clone()).await;
    let eve = chat.stranger();

    let refusals = [
        chat.send(&eve, &message("let me in")).await.unwrap_err(),
        chat.history(&eve).await.unwrap_err(),
    ];

    for refusal in refusals {
        assert_eq!(ClientError::from(refusal).socket_code(), "ROOM_ACCESS_DENIED");
    }
    assert!(messages.messages.lock().unwrap().is_empty());
    assert!(messages.asked.lock().unwrap().is_empty(), "asked before the policy was");
}

#[tokio::test]
async fn message_sent_again_is_the_first_one() {
    let messages = Arc::new(MemoryRepository::default());
    let chat = TestChat::on(messages.clone()).await;
    let (ada, ben) = (chat.member(), chat.member());
    let (first, repeated) = chat.send(&ada, &message("same")).await.unwrap();
    assert!(!repeated);

    assert_eq!(chat.send(&ada, &message("same")).await.unwrap(), (first, true));
    // The id is the sender's, and no id is no id.
    assert_eq!(chat.send(&ben, &message("same")).await.unwrap().0.seq, 2);
    let nameless = SendMessage { client_message_id: None, ..message("same") };
    assert_eq!(chat.send(&ada, &nameless).await.unwrap().0.seq, 3);
    assert_eq!(chat.send(&ada, &nameless).await.unwrap().0.seq, 4);
    assert_eq!(messages.messages.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn message_that_was_not_stored_is_told_as_unavailable_and_takes_no_number() {
    let chat = TestChat::on(Arc::new(BrokenRepository::default())).await;
    let ada = chat.member();

    let failures = [
        chat.send(&ada, &message("lost")).await.unwrap_err(),
        chat.history(&ada).await.unwrap_err(),
    ];

    for failure in failures {
        let kind = ClientError::from(failure).kind();
        assert_eq!((kind.status().as_u16(), kind.rest_code()), (503, "SERVICE_UNAVAILABLE"));
        assert_eq!((kind.socket_code(), kind.recoverable()), ("SERVER_ERROR", true));
    }
    let through = message(BrokenRepository::LET_THROUGH);
    assert_eq!(chat.send(&ada, &through).await.unwrap().0.seq, 1);
}

#[tokio::test]
async fn conversation_of_another_kind_is_not_found() {
    let chat = TestChat::on(Arc::new(MemoryRepository::default())).await;
    let service = &chat.wired.chat;
    service.require_kind(chat.room, ConversationKind::Room).await.unwrap();
    for (id, kind) in [
        (chat.room, ConversationKind::Session),
        (ConversationId::generate(), ConversationKind::Room),
    ] {
        let refusal = service.require_kind(id, kind).await.unwrap_err();
        assert!(matches!(refusal, ChatError::Access(AccessError::Denied)), "{refusal:?}");
    }
}
