//! The rules of rooms, on a repository in memory.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use auth::{AuthModule, Caller, Role, Status, TokenService, User, UserId, UserType};
use chrono::{DateTime, Utc};
use database::StorageError;
use delivery::{
    Access, AccessError, AccessPolicy, ConversationId, DeliveryModule, Participant, Right,
    Subscriptions, UnreadCounter,
};
use hornero::{App, ClientError, Config};
use serde_json::Map;

use crate::{
    Room, RoomError, RoomService, RoomsModule, Visibility,
    entity::room,
    member::Member,
    policy::RoomPolicy,
    repository::{
        RoomFilter, RoomRepository,
        members::{ChangeMember, MemberRepository},
    },
    room::{ChangeRoom, MemberRole},
};

#[derive(Default)]
struct MemoryRepository {
    rooms: Mutex<Vec<Room>>,
    members: Mutex<HashMap<(ConversationId, UserId), MemberRole>>,
}

#[async_trait]
impl RoomRepository for MemoryRepository {
    fn is_shared(&self) -> bool {
        false
    }

    async fn insert(&self, room: &Room) -> Result<(), StorageError> {
        self.put(room.id, &room.created_by, MemberRole::Owner);
        self.rooms.lock().unwrap().push(room.clone());
        Ok(())
    }

    async fn find(&self, id: ConversationId) -> Result<Option<Room>, StorageError> {
        Ok(self.rooms.lock().unwrap().iter().find(|it| it.id == id).cloned())
    }

    async fn update(
        &self,
        _: ConversationId,
        _: ChangeRoom,
        _: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        unreachable!("no rule here changes rooms")
    }

    async fn remove(&self, _: ConversationId) -> Result<bool, StorageError> {
        unreachable!("no rule here removes rooms")
    }

    async fn list(
        &self,
        filter: &RoomFilter,
        after: Option<ConversationId>,
        limit: u64,
    ) -> Result<Vec<Room>, StorageError> {
        let rooms = self.rooms.lock().unwrap();
        let newest_first = rooms.iter().rev().filter(|it| after.is_none_or(|after| it.id < after));
        let listed = newest_first.filter(|it| match filter {
            RoomFilter::Public => it.visibility == Visibility::Public,
            RoomFilter::OfMember(user) => self.role_of(it.id, user).is_some(),
        });
        Ok(listed.take(limit as usize).cloned().collect())
    }

    async fn visibility(&self, id: ConversationId) -> Result<Option<Visibility>, StorageError> {
        Ok(self.find(id).await?.map(|it| it.visibility))
    }

    async fn role(
        &self,
        id: ConversationId,
        user: &UserId,
    ) -> Result<Option<MemberRole>, StorageError> {
        Ok(self.role_of(id, user))
    }

    async fn add_member(
        &self,
        id: ConversationId,
        user: &UserId,
        _: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        self.put(id, user, MemberRole::Member);
        Ok(())
    }

    async fn members(
        &self,
        _: ConversationId,
        _: u64,
    ) -> Result<(Vec<Participant>, u64), StorageError> {
        unreachable!("no rule here lists members")
    }
}

#[async_trait]
impl MemberRepository for MemoryRepository {
    async fn list(
        &self,
        _: ConversationId,
        _: Option<(DateTime<Utc>, UserId)>,
        _: u64,
    ) -> Result<Vec<Member>, StorageError> {
        unreachable!("no rule here lists members")
    }

    async fn change(
        &self,
        _: ChangeMember,
        _: DateTime<Utc>,
    ) -> Result<(Option<MemberRole>, Option<Member>), RoomError> {
        unreachable!("no rule here changes members")
    }

    async fn last_read(
        &self,
        _: &UserId,
        _: &[ConversationId],
    ) -> Result<Vec<(ConversationId, i64)>, StorageError> {
        Ok(Vec::new())
    }

    async fn mark_read(&self, _: ConversationId, _: &UserId, _: i64) -> Result<(), StorageError> {
        unreachable!("nothing is read here")
    }
}

impl MemoryRepository {
    fn put(&self, room: ConversationId, user: &UserId, role: MemberRole) {
        self.members.lock().unwrap().entry((room, user.clone())).or_insert(role);
    }

    fn role_of(&self, room: ConversationId, user: &UserId) -> Option<MemberRole> {
        self.members.lock().unwrap().get(&(room, user.clone())).copied()
    }
}

/// A database that is down.
struct BrokenRepository;

/// The nearest failure of the database that needs none: a row without columns.
fn down() -> StorageError {
    room::Model::try_from(room::ActiveModel::default()).unwrap_err().into()
}

#[async_trait]
impl RoomRepository for BrokenRepository {
    fn is_shared(&self) -> bool {
        false
    }

    async fn insert(&self, _: &Room) -> Result<(), StorageError> {
        Err(down())
    }

    async fn find(&self, _: ConversationId) -> Result<Option<Room>, StorageError> {
        Err(down())
    }

    async fn update(
        &self,
        _: ConversationId,
        _: ChangeRoom,
        _: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        Err(down())
    }

    async fn remove(&self, _: ConversationId) -> Result<bool, StorageError> {
        Err(down())
    }

    async fn list(
        &self,
        _: &RoomFilter,
        _: Option<ConversationId>,
        _: u64,
    ) -> Result<Vec<Room>, StorageError> {
        Err(down())
    }

    async fn visibility(&self, _: ConversationId) -> Result<Option<Visibility>, StorageError> {
        Err(down())
    }

    async fn role(
        &self,
        _: ConversationId,
        _: &UserId,
    ) -> Result<Option<MemberRole>, StorageError> {
        Err(down())
    }

    async fn add_member(
        &self,
        _: ConversationId,
        _: &UserId,
        _: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        Err(down())
    }

    async fn members(
        &self,
        _: ConversationId,
        _: u64,
    ) -> Result<(Vec<Participant>, u64), StorageError> {
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

/// A service on `rooms`. Its data folder is gone at the end of the test.
async fn service(rooms: Arc<dyn RoomRepository>) -> (RoomService, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let config = || {
        let data = folder.path().display().to_string();
        let data = ("HORNERO__SERVER__DATA_DIR".to_owned(), data);
        Config::load(folder.path(), [data]).unwrap()
    };
    let delivery = || App::of::<DeliveryModule>().with_config(config());
    let access = delivery().resolve::<Access>().await.unwrap();
    let subscriptions = delivery().resolve::<Subscriptions>().await.unwrap();
    let unread = Arc::new(UnreadCounter::default());
    let members = Arc::new(MemoryRepository::default());
    let policy = Arc::new(RoomPolicy::new(Arc::clone(&rooms), Arc::default(), Arc::default()));
    (RoomService::new(rooms, members, policy, unread, access, subscriptions), folder)
}

#[test]
fn wiring() {
    App::of::<RoomsModule>().check().unwrap();
}

#[tokio::test]
async fn rights_follow_from_membership_then_rank_then_visibility() {
    use Right::{Join, Read, Send};
    use Visibility::{Private, Public};
    type Granted = Result<&'static str, &'static str>;
    type Row = ((UserType, Role), Option<MemberRole>, Visibility, [Granted; 3]);
    const ABSENT: Granted = Err("There is no such conversation, or you have no access to it");
    const NO_MEMBER: Granted = Err("Only members may do this: join the room first");

    let (guest, employee) = ((UserType::Guest, Role::User), (UserType::Employee, Role::User));
    let supervisor = (UserType::Supervisor, Role::User);
    let (admin, program) = ((UserType::Employee, Role::Admin), (UserType::Service, Role::User));
    let table: [Row; 13] = [
        // Who, as what in the room:              read, join, send
        (employee, Some(MemberRole::Owner), Private, [Ok("owner"); 3]),
        (employee, Some(MemberRole::Moderator), Private, [Ok("moderator"); 3]),
        (employee, Some(MemberRole::Member), Private, [Ok("member"); 3]),
        (guest, Some(MemberRole::Member), Private, [Ok("member"); 3]),
        (admin, Some(MemberRole::Member), Private, [Ok("member"); 3]),
        (employee, None, Public, [NO_MEMBER, Ok("member"), NO_MEMBER]),
        (guest, None, Public, [NO_MEMBER, Ok("member"), NO_MEMBER]),
        (employee, None, Private, [ABSENT; 3]),
        (guest, None, Private, [ABSENT; 3]),
        (supervisor, None, Public, [Ok("supervisor"), Ok("member"), NO_MEMBER]),
        (supervisor, None, Private, [Ok("supervisor"), ABSENT, ABSENT]),
        (admin, None, Private, [Ok("admin"); 3]),
        (program, None, Public, [Ok("admin"), Ok("member"), Ok("admin")]),
    ];
    for ((user_type, role), membership, visibility, expected) in table {
        for (right, expected) in [Read, Join, Send].into_iter().zip(expected) {
            let rooms = Arc::new(MemoryRepository::default());
            let room = room_of(&UserId::generate(), visibility);
            rooms.insert(&room).await.unwrap();
            let caller = caller(user_type, role).await;
            if let Some(role) = membership {
                rooms.put(room.id, &caller.user_id, role);
            }

            let granted = RoomPolicy::new(rooms.clone(), Arc::default(), Arc::default())
                .require(&caller, room.id, right)
                .await;

            let case = format!("{user_type:?} {role:?} {membership:?} {visibility:?} {right:?}");
            assert_eq!(
                granted.map_err(|it| it.to_string()),
                expected.map_err(str::to_owned),
                "{case}"
            );
            // Nobody becomes a member but by joining what is public.
            let became = rooms.role_of(room.id, &caller.user_id) != membership;
            let joins = membership.is_none() && right == Join && visibility == Public;
            assert_eq!(became, joins, "{case}");
        }
    }
}

#[tokio::test]
async fn nobody_may_do_anything_in_a_room_that_is_absent() {
    let policy =
        RoomPolicy::new(Arc::new(MemoryRepository::default()), Arc::default(), Arc::default());
    let admin = caller(UserType::Employee, Role::Admin).await;
    for right in [Right::Read, Right::Join, Right::Send] {
        let refused = policy.require(&admin, ConversationId::generate(), right).await;
        assert!(matches!(refused, Err(AccessError::Denied)), "{right:?}: {refused:?}");
    }
}

#[tokio::test]
async fn creator_of_a_room_is_its_owner() {
    let rooms = Arc::new(MemoryRepository::default());
    let (service, _folder) = service(rooms.clone()).await;
    let ada = employee().await;

    let room = service.create(&ada, " Kitchen ", Visibility::Private, Map::new()).await.unwrap();

    assert_eq!((room.name.as_str(), room.member_count), ("Kitchen", 1));
    assert_eq!(room.created_at.timestamp_subsec_nanos() % 1_000_000, 0, "whole milliseconds");
    assert_eq!(rooms.role_of(room.id, &ada.user_id), Some(MemberRole::Owner));
    assert_eq!(service.list_mine(&ada, None, 9).await.unwrap(), [room]);
    assert!(service.list_mine(&employee().await, None, 9).await.unwrap().is_empty());
    assert!(service.list_public(&ada, None, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn guest_makes_no_room() {
    let rooms = Arc::new(MemoryRepository::default());
    let (service, _folder) = service(rooms.clone()).await;
    let guest = caller(UserType::Guest, Role::User).await;

    let refused = service.create(&guest, "Kitchen", Visibility::Public, Map::new()).await;

    assert!(matches!(refused, Err(RoomError::Auth(_))), "{refused:?}");
    assert!(rooms.rooms.lock().unwrap().is_empty());
}

#[tokio::test]
async fn public_room_is_shown_to_strangers_and_a_private_one_is_not() {
    let rooms = Arc::new(MemoryRepository::default());
    let (service, _folder) = service(rooms.clone()).await;
    let (public, private) = (
        room_of(&UserId::generate(), Visibility::Public),
        room_of(&UserId::generate(), Visibility::Private),
    );
    rooms.insert(&public).await.unwrap();
    rooms.insert(&private).await.unwrap();
    let eve = employee().await;

    assert_eq!(service.get(&eve, public.id).await.unwrap(), public);
    for id in [private.id, ConversationId::generate()] {
        let refused = service.get(&eve, id).await;
        assert!(matches!(refused, Err(RoomError::Access(AccessError::Denied))), "{refused:?}");
    }
}

#[tokio::test]
async fn broken_storage_is_told_as_unavailable() {
    let (service, _folder) = service(Arc::new(BrokenRepository)).await;
    let (ada, id) = (employee().await, ConversationId::generate());
    let policy = RoomPolicy::new(Arc::new(BrokenRepository), Arc::default(), Arc::default());

    let failures: [RoomError; 5] = [
        service.create(&ada, "Kitchen", Visibility::Public, Map::new()).await.unwrap_err(),
        service.get(&ada, id).await.unwrap_err(),
        service.list_mine(&ada, None, 9).await.unwrap_err(),
        service.list_public(&ada, None, 9).await.unwrap_err(),
        policy.require(&ada, id, Right::Read).await.unwrap_err().into(),
    ];

    for failure in failures {
        let kind = ClientError::from(failure).kind();
        assert_eq!((kind.status().as_u16(), kind.rest_code()), (503, "SERVICE_UNAVAILABLE"));
        assert_eq!((kind.socket_code(), kind.recoverable()), ("SERVER_ERROR", true));
    }
}

fn room_of(owner: &UserId, visibility: Visibility) -> Room {
    Room {
        id: ConversationId::generate(),
        name: "Kitchen".to_owned(),
        visibility,
        created_by: owner.clone(),
        metadata: Map::new(),
        unread: delivery::Unread::default(),
        member_count: 1,
        created_at: Utc::now(),
        updated_at: Utc::now(),
    }
}
