//! The rules of chat, on a real log and a real table.
//!
//! Who is typing is told to sockets, so its rules are tested in tests/integration/live.rs.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, OnceLock},
};

use async_trait::async_trait;
use auth::{AuthModule, Caller, Role, Status, TokenService, User, UserId, UserType};
use chrono::Utc;
use database::{Database, DatabaseModule, StorageError};
use delivery::{
    Access, AccessError, AccessPolicy, ConversationId, ConversationKind, Conversations,
    DeliveryModule, EventLog, Joined, Participant, Right,
};
use hornero::{App, BoxError, ClientError, Config, Frame, Module, ModuleDef, Server};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    ChatError, ChatModule, ChatService, Deleted, Message, dto::SendMessage, history::ListMessages,
};

mod changing;
mod reader;
mod repository;
mod sending;

#[test]
fn wiring() {
    App::of::<ChatModule>().check().unwrap();
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

    async fn joined(&self, _: ConversationId, _: Joined) -> Result<Option<Frame>, StorageError> {
        unreachable!("nobody joins here")
    }
}

/// What a test needs of the modules around chat.
struct Wired {
    chat: Arc<ChatService>,
    access: Arc<Access>,
    conversations: Arc<Conversations>,
    log: Arc<EventLog>,
    db: Arc<Database>,
    tokens: Arc<TokenService>,
}

impl Wired {
    fn new(
        chat: Arc<ChatService>,
        access: Arc<Access>,
        conversations: Arc<Conversations>,
        log: Arc<EventLog>,
        db: Arc<Database>,
        tokens: Arc<TokenService>,
    ) -> Self {
        Self { chat, access, conversations, log, db, tokens }
    }
}

/// Where the app puts what it is wired up to.
#[derive(Default)]
struct Found(OnceLock<Arc<Wired>>);

struct TestModule;

impl Module for TestModule {
    fn define(m: &mut ModuleDef) {
        m.import::<AuthModule>()
            .import::<ChatModule>()
            .import::<DatabaseModule>()
            .import::<DeliveryModule>()
            .provide(Wired::new)
            .value(Found::default())
            .on_init(find);
    }
}

async fn find(found: Arc<Found>, wired: Arc<Wired>) -> Result<(), BoxError> {
    let _ = found.0.set(wired);
    Ok(())
}

/// Chat with a database of its own, gone at the end.
struct TestChat {
    wired: Arc<Wired>,
    members: Arc<MembersOnly>,
    room: ConversationId,
    _server: Server,
    _folder: TempDir,
}

impl TestChat {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().display().to_string();
        let data = ("HORNERO__SERVER__DATA_DIR".to_owned(), data);
        let config = Config::load(folder.path(), [data]).unwrap();
        let found = Arc::new(Found::default());
        let app = App::of::<TestModule>().with_config(config);
        let server = app.override_with(Arc::clone(&found)).build().await.unwrap();
        let wired = Arc::clone(found.0.get().unwrap());
        let members = Arc::new(MembersOnly::default());
        wired.access.set_policy(ConversationKind::Room, members.clone());
        let room = ConversationId::generate();
        let tx = wired.db.begin().await.unwrap();
        wired.conversations.begin(&tx, room, ConversationKind::Room, Utc::now()).await.unwrap();
        tx.commit().await.unwrap();
        Self { wired, members, room, _server: server, _folder: folder }
    }

    async fn stranger(&self) -> Caller {
        let user = User {
            id: UserId::generate(),
            email: None,
            display_name: "Ada".to_owned(),
            password_hash: None,
            user_type: UserType::Employee,
            role: Role::User,
            scope: "chat".to_owned(),
            status: Status::Active,
            created_at: Utc::now(),
            updated_at: Utc::now(),
        };
        let tokens = &self.wired.tokens;
        tokens.verify(&tokens.issue(&user, None).unwrap()).await.unwrap()
    }

    async fn member(&self) -> Caller {
        let caller = self.stranger().await;
        self.members.0.lock().unwrap().insert(caller.user_id.clone());
        caller
    }

    async fn send(
        &self,
        caller: &Caller,
        message: &SendMessage,
    ) -> Result<(Message, bool), ChatError> {
        let appending = self.wired.chat.send(caller, self.room, message.clone()).await?;
        let appended = appending.stored().await?;
        Ok((appended.stored, appended.repeated))
    }

    async fn delete(&self, caller: &Caller, message: &Message) -> Result<Deleted, ChatError> {
        self.wired.chat.delete(caller, message.id).await
    }

    async fn history(&self, caller: &Caller) -> Result<Vec<Message>, ChatError> {
        let range = ListMessages::default().range(self.room).unwrap();
        let listed = self.wired.chat.history(caller, self.room, &range).await?;
        Ok(listed.iter().map(|it| it.message().clone()).collect())
    }

    /// Number of the room's newest event.
    async fn head(&self) -> i64 {
        self.wired.conversations.find(self.room).await.unwrap().unwrap().last_seq
    }
}

fn message(content: &str) -> SendMessage {
    serde_json::from_value(json!({ "content": content, "clientMessageId": content })).unwrap()
}

fn code(error: ChatError) -> &'static str {
    ClientError::from(error).socket_code()
}
