//! The words of the chat, for tests that come in through the doors.
//!
//! ```text
//! let app = TestApp::start().await;
//! let ada = app.register("Ada").await;
//! let room = ada.room("public").await;                            // its id
//! let mut socket = ada.connect("/chat").await;
//! socket.join(&room).await;
//! ada.post(&format!("/rooms/{room}/messages"), json!({ "content": "hello" })).await.expect(201);
//! let message = socket.event("chat:message:received").await;
//! ```
//!
//! All else, `get` and `post`, `emit` and `event`, is that of `hornero::testing`.

use std::{
    net::SocketAddr,
    ops::{Deref, DerefMut},
};

use auth::{ChangeUser, Role, UserService, UserType};
use database::{Database, DatabaseConfig};
use hornero::{
    App, Config, Module, ServerConfig,
    testing::{self, Handshake, Packet, Request, TestSocket},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::database::TestDatabase;

/// Password of everybody who registers.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// The chat server, for one test.
pub(crate) struct TestApp {
    app: testing::TestApp,
    database: TestDatabase,
}

impl TestApp {
    /// Starts a server that is configured by nothing but its defaults, without limits of rate.
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts a server that sees these environment variables.
    pub(crate) async fn with(variables: &[(&str, &str)]) -> Self {
        Self::serve(hornero_server::app(), variables).await
    }

    /// The same with another root module, which imports what it needs.
    pub(crate) async fn of<M: Module>(variables: &[(&str, &str)]) -> Self {
        Self::serve(App::of::<M>(), variables).await
    }

    async fn serve(app: App, variables: &[(&str, &str)]) -> Self {
        let database = TestDatabase::new();
        let ours = database.variables();
        let ours = ours.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let variables: Vec<_> = ours.chain(variables.iter().copied()).collect();
        Self { app: testing::TestApp::start_with(app, &variables).await, database }
    }

    /// Stops the server, and starts another one on the same data folder.
    pub(crate) async fn restart(self) -> Self {
        Self { app: self.app.restart().await, database: self.database }
    }

    /// The server's database, for what there is no route for.
    pub(crate) async fn database(&self) -> Database {
        let server = ServerConfig { data_dir: self.data_dir(), ..Default::default() };
        let url = self.database.url().unwrap_or_default();
        let config = DatabaseConfig { url, ..Default::default() };
        Database::open(config.into(), server.into()).await.unwrap()
    }

    /// A new user with an account.
    pub(crate) async fn register(&self, name: &str) -> User {
        let email = format!("{}@example.org", Uuid::new_v4());
        let form = json!({ "email": email, "password": PASSWORD, "displayName": name });
        User::of(self.address(), &self.post("/auth/register").json(form).await.expect(201))
    }

    /// A new user of this rank, made so as by `hornero user promote`.
    pub(crate) async fn promoted(
        &self,
        name: &str,
        role: Option<Role>,
        user_type: Option<UserType>,
    ) -> User {
        let email = self.register(name).await.email.unwrap();
        let change = ChangeUser { role, user_type, ..ChangeUser::default() };
        self.change(&email, change).await;
        self.login(&email).await
    }

    /// Somebody who has registered here, or at a server with the same database.
    pub(crate) async fn login(&self, email: &str) -> User {
        let login = json!({ "email": email, "password": PASSWORD });
        User::of(self.address(), &self.post("/auth/login").json(login).await.expect(200))
    }

    /// Changes a user from another process than the server, as operators do.
    pub(crate) async fn change(&self, email: &str, change: ChangeUser) {
        let folder = self.data_dir();
        let data = ("HORNERO__SERVER__DATA_DIR".to_owned(), folder.display().to_string());
        let variables = self.database.variables().into_iter().chain([data]);
        let app = hornero_server::app().with_config(Config::load(&folder, variables).unwrap());
        let users = app.resolve::<UserService>().await.unwrap();
        users.change_named(email, change).await.unwrap();
    }

    /// A new user without an account.
    pub(crate) async fn guest(&self, name: &str) -> User {
        let form = json!({ "displayName": name });
        User::of(self.address(), &self.post("/auth/guest").json(form).await.expect(201))
    }
}

impl Deref for TestApp {
    type Target = testing::TestApp;

    fn deref(&self) -> &Self::Target {
        &self.app
    }
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) address: SocketAddr,
    pub(crate) id: String,
    pub(crate) email: Option<String>,
    pub(crate) token: String,
}

impl User {
    /// The user whom the answer to a registration or login tells of.
    pub(crate) fn of(address: SocketAddr, signed_in: &Value) -> Self {
        Self {
            address,
            id: text(&signed_in["user"]["id"]),
            email: signed_in["user"]["email"].as_str().map(str::to_owned),
            token: text(&signed_in["accessToken"]),
        }
    }

    /// A request with the user's token.
    #[track_caller]
    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.address, method, path).bearer(&self.token)
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: Value) -> Request {
        self.request("POST", path).json(body)
    }

    /// Makes a room, and gives its id.
    pub(crate) async fn room(&self, visibility: &str) -> String {
        let form = json!({ "name": "Kitchen", "visibility": visibility });
        text(&self.post("/rooms", form).await.expect(201)["id"])
    }

    /// Begins a session, and gives its id.
    pub(crate) async fn session(&self) -> String {
        let form = json!({ "title": "Dinner" });
        text(&self.post("/sessions", form).await.expect(201)["id"])
    }

    /// Reads a list from its first to its last page. `path` has a query.
    pub(crate) async fn pages(&self, path: &str) -> Vec<Vec<Value>> {
        let mut pages = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("{path}{cursor}")).await.expect(200);
            pages.push(page["items"].as_array().unwrap().clone());
            let next = page["nextCursor"].as_str();
            assert_eq!(page["hasMore"], next.is_some(), "{page}");
            match next {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return pages,
            }
        }
    }

    /// Connects to a namespace over a WebSocket.
    pub(crate) async fn connect(&self, namespace: &str) -> Socket {
        self.connect_to(namespace, Value::Null).await
    }

    /// Connects, and names conversations with the last seq of each that was seen.
    pub(crate) async fn connect_to(&self, namespace: &str, conversations: Value) -> Socket {
        let auth = json!({ "token": self.token, "conversations": conversations });
        Socket(Handshake::new(self.address, namespace).auth(auth).connect().await.unwrap())
    }

    /// Connects again as a client that remembers this, and names conversations.
    pub(crate) async fn back(
        &self,
        namespace: &str,
        memory: &Value,
        conversations: Value,
    ) -> Socket {
        let mut auth = memory.clone();
        auth["token"] = json!(self.token);
        auth["conversations"] = conversations;
        Socket(Handshake::new(self.address, namespace).auth(auth).connect().await.unwrap())
    }
}

/// A user's client, connected to one namespace.
pub(crate) struct Socket(TestSocket);

impl Socket {
    /// Joins a room in the chat vocabulary.
    pub(crate) async fn join(&mut self, room: &str) -> Value {
        self.call("chat:room:join", json!({ "roomId": room })).await
    }

    /// Joins a session in the session vocabulary.
    pub(crate) async fn join_session(&mut self, session: &str) -> Value {
        self.call("join_session", json!({ "sessionId": session })).await
    }

    /// Sends a message to a room, and gives the message.
    pub(crate) async fn say(&mut self, room: &str, content: &str) -> Value {
        self.call("chat:message:send", json!({ "roomId": room, "content": content })).await
    }

    /// Waits until the server has sent the socket away from its namespace.
    pub(crate) async fn sent_away(&mut self) {
        while !matches!(self.next_packet().await, Packet::Disconnect(_)) {}
    }

    /// Loses the connection, and gives what the client remembers of it.
    pub(crate) async fn cut(self) -> Value {
        let memory = self.recovery();
        self.0.close().await;
        memory
    }

    /// Leaves the namespace and ends the connection.
    pub(crate) async fn disconnect(self) {
        self.0.disconnect().await;
    }
}

impl Deref for Socket {
    type Target = TestSocket;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Socket {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// The text in a JSON value.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} should be text")).to_owned()
}
