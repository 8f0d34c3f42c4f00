//! The rules of files, with their bytes in memory.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use auth::{Caller, Role, Status, TokenService, User, UserId, UserType};
use bytes::Bytes;
use chrono::Utc;
use database::{Database, StorageError};
use delivery::{
    Access, AccessError, AccessPolicy, ConversationId, ConversationKind, Conversations, Joined,
    Participant, Right,
};
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use hornero::{App, BoxError, ClientError, Config, Frame, Module, ModuleDef, Server};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, memory::InMemory,
    path::Path,
};
use tempfile::TempDir;

use crate::{
    FileError, FilesModule,
    cleaning::Cleaning,
    file::File,
    finishing::Finishing,
    repository::FileRepository,
    service::{FileService, NewFile},
    storage::Storage,
};

mod keeping;
mod storing;

#[test]
fn wiring() {
    App::of::<FilesModule>().check().unwrap();
}

/// A store in memory, which can be away.
#[derive(Debug, Default)]
struct MemoryStore {
    store: InMemory,
    is_away: AtomicBool,
}

impl MemoryStore {
    fn is_there(&self) -> Result<(), Error> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(Error::Generic { store: "memory", source: "away".into() });
        }
        Ok(())
    }
}

impl std::fmt::Display for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.store.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn put_opts(
        &self,
        path: &Path,
        bytes: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult, Error> {
        self.is_there()?;
        self.store.put_opts(path, bytes, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>, Error> {
        self.is_there()?;
        self.store.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult, Error> {
        self.is_there()?;
        self.store.get_opts(path, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path, Error>>,
    ) -> BoxStream<'static, Result<Path, Error>> {
        if let Err(error) = self.is_there() {
            return futures_util::stream::once(async { Err(error) }).boxed();
        }
        self.store.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta, Error>> {
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult, Error> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<(), Error> {
        self.store.copy_opts(from, to, options).await
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

    async fn joined(&self, _: ConversationId, _: Joined) -> Result<Option<Frame>, StorageError> {
        unreachable!("nobody joins here")
    }
}

/// What a test needs of the modules around files.
struct Wired {
    access: Arc<Access>,
    conversations: Arc<Conversations>,
    db: Arc<Database>,
    tokens: Arc<TokenService>,
}

impl Wired {
    fn new(
        access: Arc<Access>,
        conversations: Arc<Conversations>,
        db: Arc<Database>,
        tokens: Arc<TokenService>,
    ) -> Self {
        Self { access, conversations, db, tokens }
    }
}

/// Where the app puts what it is wired up to.
#[derive(Default)]
struct Found(OnceLock<Inside>);

/// What is looked at inside.
#[derive(Clone)]
struct Inside {
    wired: Arc<Wired>,
    service: Arc<FileService>,
    rows: Arc<dyn FileRepository>,
    cleaning: Arc<Cleaning>,
    finishing: Arc<Finishing>,
}

/// The module itself, and a look into it.
struct TestModule;

impl Module for TestModule {
    fn define(m: &mut ModuleDef) {
        FilesModule::define(m);
        m.provide(Wired::new).value(Found::default()).on_init(find);
    }
}

async fn find(
    found: Arc<Found>,
    wired: Arc<Wired>,
    service: Arc<FileService>,
    rows: Arc<dyn FileRepository>,
    cleaning: Arc<Cleaning>,
    finishing: Arc<Finishing>,
) -> Result<(), BoxError> {
    let _ = found.0.set(Inside { wired, service, rows, cleaning, finishing });
    Ok(())
}

/// Files with a database of their own, gone at the end.
struct TestFiles {
    wired: Arc<Wired>,
    service: Arc<FileService>,
    rows: Arc<dyn FileRepository>,
    cleaning: Arc<Cleaning>,
    finishing: Arc<Finishing>,
    members: Arc<MembersOnly>,
    store: Arc<MemoryStore>,
    storage: Arc<Storage>,
    room: ConversationId,
    _server: Server,
    _folder: TempDir,
}

impl TestFiles {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().display().to_string();
        let data = ("HORNERO__SERVER__DATA_DIR".to_owned(), data);
        let most = ("HORNERO__FILES__MAX_BYTES".to_owned(), "20000000".to_owned());
        let config = Config::load(folder.path(), [data, most]).unwrap();
        let (found, store) = (Arc::<Found>::default(), Arc::<MemoryStore>::default());
        let storage = Arc::new(Storage::of(Arc::<MemoryStore>::clone(&store)));
        let app = App::of::<TestModule>().with_config(config);
        let app = app.override_with(Arc::clone(&found)).override_with(Arc::clone(&storage));
        let server = app.build().await.unwrap();
        let Inside { wired, service, rows, cleaning, finishing } = found.0.get().unwrap().clone();
        let members = Arc::new(MembersOnly::default());
        wired.access.set_policy(ConversationKind::Room, members.clone());
        let room = ConversationId::generate();
        let tx = wired.db.begin().await.unwrap();
        wired.conversations.begin(&tx, room, ConversationKind::Room, Utc::now()).await.unwrap();
        tx.commit().await.unwrap();
        let (_server, _folder) = (server, folder);
        Self {
            wired,
            service,
            rows,
            cleaning,
            finishing,
            members,
            store,
            storage,
            room,
            _server,
            _folder,
        }
    }

    async fn member(&self) -> Caller {
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
        let caller = tokens.verify(&tokens.issue(&user, None).unwrap()).await.unwrap();
        self.members.0.lock().unwrap().insert(caller.user_id.clone());
        caller
    }

    /// Brings a file in pieces, as a form does.
    async fn bring(&self, caller: &Caller, bytes: &[u8]) -> Result<File, FileError> {
        let mut upload = self.service.begin(caller).await?;
        for piece in bytes.chunks(100_000) {
            if let Err(error) = upload.add(Bytes::copy_from_slice(piece)).await {
                self.service.give_up(upload).await;
                return Err(error);
            }
        }
        let new = NewFile { conversation: self.room, name: "a.txt".to_owned(), announce: true };
        self.service.keep(caller, upload, new).await
    }

    async fn end_room(&self) {
        let tx = self.wired.db.begin().await.unwrap();
        self.wired.conversations.end(&tx, self.room).await.unwrap();
        tx.commit().await.unwrap();
    }

    fn store_is_away(&self, is_away: bool) {
        self.store.is_away.store(is_away, Ordering::Relaxed);
    }

    /// How many objects there are.
    async fn objects(&self) -> usize {
        self.store.list(None).try_collect::<Vec<_>>().await.unwrap().len()
    }
}

fn code(error: FileError) -> &'static str {
    ClientError::from(error).socket_code()
}
