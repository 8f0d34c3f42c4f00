//! The rules of sessions, on a repository in memory.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use auth::{AuthModule, Caller, Role, Status, TokenService, User, UserId, UserType};
use chrono::{DateTime, Utc};
use database::StorageError;
use delivery::{
    Access, AccessError, AccessPolicy, ConversationId, DeliveryModule, Participant, Right,
    Subscriptions,
};
use hornero::{App, ClientError, Config};
use serde_json::Map;

use crate::{
    Session, SessionError, SessionService, SessionStatus, SessionsModule,
    entity::{ActiveModel, Model},
    policy::SessionPolicy,
    repository::SessionRepository,
    session::ChangeSession,
};

#[derive(Default)]
struct MemoryRepository(Mutex<Vec<Session>>);

#[async_trait]
impl SessionRepository for MemoryRepository {
    async fn insert(&self, session: &Session) -> Result<(), StorageError> {
        self.0.lock().unwrap().push(session.clone());
        Ok(())
    }

    async fn insert_only(&self, session: &Session) -> Result<bool, StorageError> {
        let mut sessions = self.0.lock().unwrap();
        let active =
            |it: &Session| it.user_id == session.user_id && it.status == SessionStatus::Active;
        if sessions.iter().any(active) {
            return Ok(false);
        }
        sessions.push(session.clone());
        Ok(true)
    }

    async fn find(&self, id: ConversationId) -> Result<Option<Session>, StorageError> {
        Ok(self.0.lock().unwrap().iter().find(|it| it.id == id).cloned())
    }

    async fn update(
        &self,
        id: ConversationId,
        change: ChangeSession,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let mut sessions = self.0.lock().unwrap();
        if let Some(session) = sessions.iter_mut().find(|it| it.id == id) {
            session.status = change.status.unwrap_or(session.status);
            session.updated_at = now;
        }
        Ok(())
    }

    async fn remove(&self, id: ConversationId) -> Result<bool, StorageError> {
        let mut sessions = self.0.lock().unwrap();
        let before = sessions.len();
        sessions.retain(|it| it.id != id);
        Ok(sessions.len() < before)
    }

    async fn list(
        &self,
        user: &UserId,
        status: Option<SessionStatus>,
        after: Option<ConversationId>,
        limit: u64,
    ) -> Result<Vec<Session>, StorageError> {
        let sessions = self.0.lock().unwrap();
        let listed = sessions.iter().rev().filter(|it| {
            it.user_id == *user
                && status.is_none_or(|status| it.status == status)
                && after.is_none_or(|after| it.id < after)
        });
        Ok(listed.take(limit as usize).cloned().collect())
    }
}

/// A database that is down.
struct BrokenRepository;

/// The nearest failure of the database that needs none: a row without columns.
fn down() -> StorageError {
    Model::try_from(ActiveModel::default()).unwrap_err().into()
}

#[async_trait]
impl SessionRepository for BrokenRepository {
    async fn insert(&self, _: &Session) -> Result<(), StorageError> {
        Err(down())
    }

    async fn insert_only(&self, _: &Session) -> Result<bool, StorageError> {
        Err(down())
    }

    async fn find(&self, _: ConversationId) -> Result<Option<Session>, StorageError> {
        Err(down())
    }

    async fn update(
        &self,
        _: ConversationId,
        _: ChangeSession,
        _: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        Err(down())
    }

    async fn remove(&self, _: ConversationId) -> Result<bool, StorageError> {
        Err(down())
    }

    async fn list(
        &self,
        _: &UserId,
        _: Option<SessionStatus>,
        _: Option<ConversationId>,
        _: u64,
    ) -> Result<Vec<Session>, StorageError> {
        Err(down())
    }
}

/// Somebody with a token.
async fn caller(user_type: UserType, role: Role) -> Caller {
    let folder = tempfile::tempdir().unwrap();
    let data = ("HORNERO__SERVER__DATA_DIR".to_owned(), folder.path().display().to_string());
    let config = Config::load(Path::new("nowhere"), [data]).unwrap();
    let tokens = App::of::<AuthModule>().with_config(config).resolve::<TokenService>().await;
    let tokens = tokens.unwrap();
    let user = User {
        id: UserId::generate(),
        email: None,
        display_name: "Ada".to_owned(),
        password_hash: None,
        user_type,
        role,
        scope: "chat".to_owned(),
        status: Status::Active,
        created_at: Utc::now(),
        updated_at: Utc::now(),
    };
    tokens.verify(&tokens.issue(&user, None).unwrap()).await.unwrap()
}

async fn employee() -> Caller {
    caller(UserType::Employee, Role::User).await
}

/// A service on `sessions`. Its data folder is gone at the end of the test.
async fn service(sessions: Arc<dyn SessionRepository>) -> (SessionService, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let config = || {
        let data = folder.path().display().to_string();
        let data = ("HORNERO__SERVER__DATA_DIR".to_owned(), data);
        Config::load(folder.path(), [data]).unwrap()
    };
    let delivery = || App::of::<DeliveryModule>().with_config(config());
    let access = delivery().resolve::<Access>().await.unwrap();
    let subscriptions = delivery().resolve::<Subscriptions>().await.unwrap();
    (SessionService::new(sessions, access, subscriptions), folder)
}

#[test]
fn wiring() {
    App::of::<SessionsModule>().check().unwrap();
}

#[tokio::test]
async fn session_is_its_owners_and_closed_to_messages_when_closed() {
    use Right::{Join, Read, Send};
    use SessionStatus::{Active, Closed};
    type Granted = Result<&'static str, &'static str>;
    const ABSENT: Granted = Err("There is no such conversation, or you have no access to it");
    const CLOSED: Granted = Err("The session is closed");

    let table: [(UserType, Role, bool, SessionStatus, [Granted; 3]); 11] = [
        // Who, whether the owner:                             read, join, send
        (UserType::Employee, Role::User, true, Active, [Ok("owner"); 3]),
        (UserType::Guest, Role::User, true, Active, [Ok("owner"); 3]),
        (UserType::Employee, Role::Admin, true, Active, [Ok("owner"); 3]),
        (UserType::Employee, Role::User, true, Closed, [Ok("owner"), Ok("owner"), CLOSED]),
        (UserType::Employee, Role::User, false, Active, [ABSENT; 3]),
        (UserType::Guest, Role::User, false, Active, [ABSENT; 3]),
        (UserType::Employee, Role::User, false, Closed, [ABSENT; 3]),
        (UserType::Supervisor, Role::User, false, Active, [Ok("supervisor"), ABSENT, ABSENT]),
        (UserType::Employee, Role::Admin, false, Active, [Ok("admin"); 3]),
        (UserType::Employee, Role::Admin, false, Closed, [Ok("admin"), Ok("admin"), CLOSED]),
        (UserType::Service, Role::User, false, Active, [Ok("admin"); 3]),
    ];
    for (user_type, role, owns, status, expected) in table {
        let caller = caller(user_type, role).await;
        let owner = if owns { caller.user_id.clone() } else { UserId::generate() };
        let session = session_of(&owner, status);
        let sessions = Arc::new(MemoryRepository::default());
        sessions.insert(&session).await.unwrap();
        let policy = SessionPolicy::new(sessions, Arc::default());
        for (right, expected) in [Read, Join, Send].into_iter().zip(expected) {
            let granted = policy.require(&caller, session.id, right).await;
            let case = format!("{user_type:?} {role:?} {owns} {status:?} {right:?}");
            assert_eq!(
                granted.map_err(|it| it.to_string()),
                expected.map_err(str::to_owned),
                "{case}"
            );
        }
        let owner = Participant { user_id: owner, role: "owner" };
        assert_eq!(policy.participants(session.id, 100).await.unwrap(), (vec![owner], 1));
    }
}

#[tokio::test]
async fn nobody_may_do_anything_in_a_session_that_is_absent() {
    let policy = SessionPolicy::new(Arc::new(MemoryRepository::default()), Arc::default());
    let admin = caller(UserType::Employee, Role::Admin).await;
    for right in [Right::Read, Right::Join, Right::Send] {
        let refused = policy.require(&admin, ConversationId::generate(), right).await;
        assert!(matches!(refused, Err(AccessError::Denied)), "{right:?}: {refused:?}");
    }
}

#[tokio::test]
async fn guest_has_one_open_session() {
    let sessions = Arc::new(MemoryRepository::default());
    let (service, _folder) = service(sessions.clone()).await;
    let guest = caller(UserType::Guest, Role::User).await;
    // Neither a closed one nor another's counts.
    sessions.insert(&session_of(&guest.user_id, SessionStatus::Closed)).await.unwrap();
    sessions.insert(&session_of(&UserId::generate(), SessionStatus::Active)).await.unwrap();
    service.create(&guest, "Dinner", Map::new()).await.unwrap();

    let refused = service.create(&guest, "Dinner", Map::new()).await;

    assert!(matches!(refused, Err(SessionError::OneForGuests)), "{refused:?}");
    let kind = ClientError::from(refused.unwrap_err()).kind();
    assert_eq!((kind.rest_code(), kind.socket_code()), ("FORBIDDEN", "PERMISSION_DENIED"));
    assert_eq!(sessions.0.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn account_begins_as_many_sessions_as_it_likes() {
    let sessions = Arc::new(MemoryRepository::default());
    let (service, _folder) = service(sessions).await;
    let ada = employee().await;
    let mut begun = Vec::new();
    for _ in 0..3 {
        begun.insert(0, service.create(&ada, " Dinner ", Map::new()).await.unwrap());
    }
    assert_eq!(begun[0].title, "Dinner");
    assert_eq!(begun[0].created_at.timestamp_subsec_nanos() % 1_000_000, 0, "whole milliseconds");
    let active = Some(SessionStatus::Active);
    assert_eq!(service.list_mine(&ada, active, None, 2).await.unwrap(), begun[..2]);
    assert_eq!(service.list_mine(&ada, None, Some(begun[1].id), 2).await.unwrap(), begun[2..]);
    assert!(service.list_mine(&employee().await, None, None, 2).await.unwrap().is_empty());
}

#[tokio::test]
async fn broken_storage_is_told_as_unavailable() {
    let (service, _folder) = service(Arc::new(BrokenRepository)).await;
    let (ada, guest) = (employee().await, caller(UserType::Guest, Role::User).await);
    let policy = SessionPolicy::new(Arc::new(BrokenRepository), Arc::default());
    let id = ConversationId::generate();

    let failures: [SessionError; 5] = [
        service.create(&ada, "Dinner", Map::new()).await.unwrap_err(),
        service.create(&guest, "Dinner", Map::new()).await.unwrap_err(),
        service.get(&ada, id).await.unwrap_err(),
        service.list_mine(&ada, None, None, 9).await.unwrap_err(),
        policy.require(&ada, id, Right::Read).await.unwrap_err().into(),
    ];

    for failure in failures {
        let kind = ClientError::from(failure).kind();
        assert_eq!((kind.status().as_u16(), kind.rest_code()), (503, "SERVICE_UNAVAILABLE"));
        assert_eq!((kind.socket_code(), kind.recoverable()), ("SERVER_ERROR", true));
    }
}

fn session_of(owner: &UserId, status: SessionStatus) -> Session {
    Session {
        id: ConversationId::generate(),
        user_id: owner.clone(),
        title: "Dinner".to_owned(),
        status,
        metadata: Map::new(),
        message_count: 0,
        created_at: Utc::now(),
        updated_at: Utc::now(),
        last_activity_at: Utc::now(),
    }
}
