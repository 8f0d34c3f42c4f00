//! What a module is tested with: `hornero::testing`, tested through a module.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::HeaderMap,
    routing::{any, get},
};
use hornero::{
    App, Broadcast, ClientError, Controller, Data, ErrorKind, Event, EventAccess, Events, Frame,
    Gateway, Handshake, Module, ModuleDef, Routes, ServerConfig, SocketIo, SocketRef, StartError,
    testing::{Packet, Refused, TestApp, TestSocket, environment},
};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Says who writes. A trait that tests replace.
trait Author: Send + Sync {
    fn name(&self) -> String;
}

struct Named(&'static str);

impl Named {
    fn bind() -> Arc<dyn Author> {
        Arc::new(Self("Ada"))
    }
}

impl Author for Named {
    fn name(&self) -> String {
        self.0.to_owned()
    }
}

/// Largest number of notes. A type that tests replace.
struct Limit(usize);

/// Keeps notes in a file of the data folder, and counts in memory.
struct NoteService {
    file: PathBuf,
    added: AtomicU32,
    author: Arc<dyn Author>,
    limit: Arc<Limit>,
    io: Arc<SocketIo>,
}

impl NoteService {
    fn new(
        settings: Arc<ServerConfig>,
        author: Arc<dyn Author>,
        limit: Arc<Limit>,
        io: Arc<SocketIo>,
    ) -> io::Result<Self> {
        fs::create_dir_all(&settings.data_dir)?;
        let file = settings.data_dir.join("notes.txt");
        Ok(Self { file, added: 0.into(), author, limit, io })
    }

    fn all(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    async fn add(&self, text: &str) -> Result<NoteAdded, ClientError> {
        let mut notes = self.all();
        if notes.len() >= self.limit.0 {
            return Err(ClientError::new(ErrorKind::Conflict, "The notebook is full"));
        }
        notes.push(format!("{}: {text}", self.author.name()));
        fs::write(&self.file, notes.join("\n")).unwrap();
        let number = self.added.fetch_add(1, Ordering::Relaxed) + 1;
        let added = NoteAdded { text: text.to_owned(), number };
        Broadcast::new(&self.io, "/notes").emit(&Frame::of(&added).unwrap()).await;
        Ok(added)
    }
}

#[derive(Clone, Serialize, ToSchema)]
struct NoteAdded {
    text: String,
    /// How many were added since the server has started.
    number: u32,
}

impl Event for NoteAdded {
    const NAME: &'static str = "added";
}

struct NoteController {
    notes: Arc<NoteService>,
}

impl Controller for NoteController {
    fn routes() -> Routes<Self> {
        Routes::new()
            .route("/notes", get(list).post(add))
            .route("/echo", any(echo))
            .route("/chunks", get(chunks))
    }
}

async fn list(State(this): State<Arc<NoteController>>) -> axum::Json<Vec<String>> {
    axum::Json(this.notes.all())
}

async fn add(
    State(this): State<Arc<NoteController>>,
    hornero::Json(text): hornero::Json<String>,
) -> Result<axum::Json<NoteAdded>, ClientError> {
    Ok(axum::Json(this.notes.add(&text).await?))
}

async fn echo(headers: HeaderMap, request: Request) -> axum::Json<Value> {
    let method = request.method().to_string();
    let body = axum::body::to_bytes(request.into_body(), 1_000).await.unwrap();
    let header = |name: &str| headers.get(name).map(|it| it.to_str().unwrap().to_owned());
    axum::Json(json!({
        "method": method,
        "body": String::from_utf8(body.to_vec()).unwrap(),
        "type": header("content-type"),
        "authorization": header("authorization"),
        "x-colour": header("x-colour"),
    }))
}

/// An answer whose length nobody knows at its beginning.
async fn chunks() -> Body {
    let chunks = ["in ", "three ", "pieces"].map(Ok::<_, io::Error>);
    Body::from_stream(futures_util::stream::iter(chunks))
}

struct NoteGateway {
    notes: Arc<NoteService>,
}

impl Gateway for NoteGateway {
    const NAMESPACES: &'static [&'static str] = &["/notes", "/elsewhere"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("add", Self::add).on("later", Self::later).on("leave", Self::leave);
        on.emits::<NoteAdded>();
    }

    async fn authenticate(self: Arc<Self>, handshake: Handshake) -> Result<(), ClientError> {
        let query = handshake.socket.req_parts().uri.query().unwrap_or_default();
        if handshake.auth["token"] == "bad" || query.ends_with("&token=bad") {
            return Err(ClientError::new(ErrorKind::Unauthorized, "Show your token"));
        }
        Ok(())
    }
}

impl NoteGateway {
    async fn add(self: Arc<Self>, Data(text): Data<String>) -> Result<NoteAdded, ClientError> {
        self.notes.add(&text).await
    }

    /// Adds a note when a client that answers no ping would be gone.
    async fn later(self: Arc<Self>, Data(text): Data<String>) -> Result<NoteAdded, ClientError> {
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        self.notes.add(&text).await
    }

    async fn leave(self: Arc<Self>, socket: SocketRef) {
        socket.disconnect().unwrap();
    }
}

struct NotesModule;

impl Module for NotesModule {
    fn define(m: &mut ModuleDef) {
        m.bind(Named::bind)
            .value(Limit(10))
            .try_provide(NoteService::new)
            .controller(|notes| NoteController { notes })
            .gateway(|notes| NoteGateway { notes });
    }
}

async fn notes() -> TestApp {
    TestApp::start(App::of::<NotesModule>()).await
}

/// What a future panics with.
async fn panic_of<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> String {
    match tokio::spawn(future).await {
        Ok(_) => panic!("nothing went wrong"),
        Err(error) => *error.into_panic().downcast().expect("a message that was made up"),
    }
}

#[tokio::test]
async fn requests_arrive_as_they_were_made() {
    let app = notes().await;

    for (method, request) in [
        ("GET", app.get("/echo")),
        ("POST", app.post("/echo")),
        ("PUT", app.put("/echo")),
        ("PATCH", app.patch("/echo")),
        ("DELETE", app.delete("/echo")),
        ("OPTIONS", app.request("OPTIONS", "/echo")),
    ] {
        let echo = request.await.expect(200);
        assert_eq!((&echo["method"], &echo["body"]), (&json!(method), &json!("")));
    }
    let request = app.post("/echo").bearer("t-1").header("x-colour", "green").json([1, 2]);
    let echo = request.await.expect(200);
    assert_eq!(echo["body"], "[1,2]");
    assert_eq!(echo["type"], "application/json");
    assert_eq!(echo["authorization"], "Bearer t-1");
    assert_eq!(echo["x-colour"], "green");
    let echo = app.put("/echo").body("plain").await.expect(200);
    assert_eq!((&echo["body"], &echo["type"]), (&json!("plain"), &Value::Null));
}

#[tokio::test]
async fn answers_are_read_whatever_form_they_have() {
    let app = notes().await;

    let json = app.get("/notes").await;
    assert_eq!((json.status, json.header("content-type")), (200, "application/json"));
    assert_eq!((json.body, json.text.as_str()), (json!([]), "[]"));
    let chunks = app.get("/chunks").await;
    assert_eq!(chunks.header("transfer-encoding"), "chunked");
    assert_eq!((chunks.body, chunks.text.as_str()), (Value::Null, "in three pieces"));
}

#[tokio::test]
#[should_panic(expected = "404 instead of 200: {\"error\":\"There is no such route\"")]
async fn unexpected_status_panics_with_the_body() {
    notes().await.get("/nowhere").await.expect(200);
}

#[tokio::test]
async fn refusals_of_the_same_kind_are_equal() {
    let app = notes().await;

    let (one, other) = (app.get("/nowhere").await, app.get("/neither").await);

    assert_ne!(one.body["request_id"], other.body["request_id"]);
    assert_eq!(one.clone().refusal(), other.clone().refusal());
    assert_eq!(one.refusal().0, 404);
    assert_ne!(app.put("/notes").await.refusal(), other.refusal());
}

#[tokio::test]
#[should_panic(expected = "200 is no refusal: []")]
async fn what_is_no_refusal_panics() {
    notes().await.get("/notes").await.refusal();
}

#[tokio::test]
async fn request_without_an_answer_panics_and_names_the_test() {
    let app = notes().await;
    let line = line!() + 1;
    let request = app.get("/notes");
    app.stop().await;

    let message = panic_of(request.into_future()).await;

    let expected = format!("no answer to GET /notes, at {}:{line}:", file!());
    assert!(message.starts_with(&expected), "{message}");
}

#[tokio::test]
async fn type_and_trait_can_be_overridden() {
    let app = App::of::<NotesModule>()
        .override_with(Arc::new(Limit(1)))
        .override_with::<dyn Author>(Arc::new(Named("Eve")));
    let app = TestApp::start(app).await;

    app.post("/notes").json("one").await.expect(200);
    let refused = app.post("/notes").json("two").await.expect(409);

    assert_eq!(refused["error"], "The notebook is full");
    assert_eq!(app.get("/notes").await.expect(200), json!(["Eve: one"]));
}

#[tokio::test]
async fn type_and_trait_can_be_overridden_by_constructors() {
    let author = |limit: Arc<Limit>| -> Arc<dyn Author> {
        Arc::new(Named(if limit.0 == 1 { "one of us" } else { "nobody" }))
    };
    let app = App::of::<NotesModule>().override_by(|| Arc::new(Limit(1))).override_by(author);
    let app = TestApp::start(app).await;

    app.post("/notes").json("one").await.expect(200);

    app.post("/notes").json("two").await.expect(409);
    assert_eq!(app.get("/notes").await.expect(200), json!(["one of us: one"]));
}

#[tokio::test]
async fn override_of_what_nobody_provides_does_not_start() {
    let (app, line) = (App::of::<NotesModule>().override_with(Arc::new(Named("Eve"))), line!());

    let error = TestApp::try_start(app, &[]).await.unwrap_err();

    let StartError::Wiring(mistakes) = error else { panic!("{error}") };
    let [mistake] = &mistakes.0[..] else { panic!("{mistakes}") };
    assert_eq!(mistake.text, "an override replaces `Named`, which no module provides");
    assert!(mistake.place.starts_with(&format!("{}:{line}:", file!())), "{}", mistake.place);
}

#[tokio::test]
async fn app_that_does_not_start_panics_with_its_mistakes_and_names_the_test() {
    let start = |app| async { drop(TestApp::start(app).await) };
    let line = line!() - 1;

    let message = panic_of(start(App::of::<NotesModule>().override_with(Arc::new(1_u8)))).await;

    assert!(message.contains("error: an override replaces `u8`"), "{message}");
    let end = format!("The app was started at {}:{line}:", file!());
    assert!(message.contains(&end), "{message}");
}

#[tokio::test]
async fn variables_win_over_the_configuration_of_the_app() {
    let docs = [("HORNERO__SERVER__DOCS", "false"), ("HORNERO__SERVER__CORS__ORIGINS", "")];
    let app = || App::of::<NotesModule>().with_config(environment(&docs));
    TestApp::start(app()).await.get("/openapi.json").await.expect(404);

    let app = TestApp::start_with(app(), &[("HORNERO__SERVER__DOCS", "true")]).await;

    app.get("/openapi.json").await.expect(200);
    let unknown = [("HORNERO__NOWHERE__KEY", "x")];
    let error = TestApp::try_start(App::of::<NotesModule>(), &unknown).await.unwrap_err();
    assert!(matches!(error, StartError::Config(_)), "{error}");
}

#[tokio::test]
async fn restart_keeps_the_data_and_the_overrides_but_nothing_in_memory() {
    let eve: Arc<dyn Author> = Arc::new(Named("Eve"));
    let app = TestApp::start(App::of::<NotesModule>().override_with(eve)).await;
    let mut socket = app.connect("/notes").await;
    for (text, number) in [("one", 1), ("two", 2)] {
        assert_eq!(socket.call("add", text).await["number"], number);
    }
    let folder = app.data_dir();

    let app = app.restart().await;

    socket.closed().await;
    assert_eq!(app.data_dir(), folder);
    assert_eq!(app.connect("/notes").await.call("add", "three").await["number"], 1);
    let all = json!(["Eve: one", "Eve: two", "Eve: three"]);
    assert_eq!(app.get("/notes").await.expect(200), all);
}

#[tokio::test]
async fn data_folder_is_removed_at_the_end() {
    let (stopped, dropped) = (notes().await, notes().await);
    let folders = [stopped.data_dir(), dropped.data_dir()];
    assert!(folders.iter().all(|it| it.is_dir()), "{folders:?}");

    stopped.stop().await;
    drop(dropped);

    for folder in folders {
        assert!(!folder.exists() && !folder.parent().unwrap().exists(), "{folder:?}");
    }
}

#[tokio::test]
async fn two_apps_have_nothing_in_common() {
    let (app, other) = (notes().await, notes().await);

    app.post("/notes").json("one").await.expect(200);

    assert_ne!(app.address(), other.address());
    assert_eq!(other.get("/notes").await.expect(200), json!([]));
}

#[tokio::test]
async fn handshake_shows_who_refuses_it() {
    let app = notes().await;
    let good = app.handshake("/notes").auth(json!({ "token": "good" }));

    for bad in [good.clone().auth(json!({ "token": "bad" })), good.clone().query("token=bad")] {
        let refused = bad.connect().await.unwrap_err();
        let Refused::Connect(error) = refused else { panic!("{refused:?}") };
        assert_eq!(error["message"], "AUTH_FAILED");
        assert_eq!(error["data"]["code"], "AUTH_FAILED");
    }
    let foreign = good.clone().header("origin", "https://evil.example");
    assert_eq!(foreign.connect().await.unwrap_err(), Refused::Upgrade(403));
    good.connect().await.unwrap().call("add", "one").await;
}

#[tokio::test]
async fn socket_that_is_refused_panics_and_names_the_test() {
    let app = notes().await;
    let line = line!() + 1;
    let socket = app.connect("/nowhere");

    let message = panic_of(socket).await;

    let expected = format!("refused, at {}:{line}:", file!());
    assert!(message.starts_with(&expected), "{message}");
}

#[tokio::test]
async fn acks_and_events_are_told_apart_whichever_comes_first() {
    let app = notes().await;
    let (mut ada, mut ben) = (app.connect("/notes").await, app.connect("/notes").await);

    for text in ["one", "two"] {
        assert_eq!(ada.call("add", text).await["text"], text);
    }
    ben.emit("add", "three").await;

    for text in ["one", "two", "three"] {
        assert_eq!(ada.event("added").await["text"], text);
    }
    assert_eq!(ben.event("added").await["text"], "one");
    ben.emit_ack("leave", json!({})).await;
    let heard = ben.heard("added");
    assert_eq!(heard.iter().map(|it| &it["text"]).collect::<Vec<_>>(), ["two", "three"]);
    assert!(ben.take_heard().is_empty());
}

#[tokio::test]
async fn events_that_nobody_waits_for_are_kept_in_order() {
    let app = TestApp::start(App::of::<NotesModule>().override_with(Arc::new(Limit(1)))).await;
    let mut socket = app.connect("/notes").await;
    socket.emit("add", "one").await;
    socket.emit("add", "two").await;
    socket.emit_ack("add", "three").await;

    assert!(socket.heard("never").is_empty());
    let heard: Vec<_> = socket.take_heard().into_iter().map(|it| it.0).collect();

    assert_eq!(heard, ["added", "error"]);
    assert_eq!(socket.next_event().await.0, "error", "of the last one, which comes after its ack");
}

#[tokio::test]
async fn error_is_an_ack_and_no_answer_to_a_call() {
    let app = TestApp::start(App::of::<NotesModule>().override_with(Arc::new(Limit(0)))).await;
    let mut socket = app.connect("/notes").await;

    assert_eq!(socket.emit_ack("add", "one").await["status"], "error");
    let line = line!() + 1;
    let message = panic_of(async move { socket.call("add", "two").await }).await;

    assert!(message.contains("The notebook is full"), "{message}");
    assert!(message.contains(&format!(", at {}:{line}:", file!())), "{message}");
}

#[tokio::test]
async fn one_connection_may_be_in_several_namespaces() {
    let app = notes().await;
    let mut socket = app.connect("/elsewhere").await;
    let joined = socket.join("/notes", Value::Null).await;
    assert_eq!(joined, Packet::Connect("/notes".to_owned()));

    socket.call("add", "one").await;
    socket.speak_to("/elsewhere");
    socket.call("add", "two").await;

    // Both were announced in `/notes`.
    socket.speak_to("/notes");
    for text in ["one", "two"] {
        assert_eq!(socket.event("added").await["text"], text);
    }
    socket.leave().await;
    socket.speak_to("/elsewhere");
    socket.call("add", "three").await;
    assert!(socket.heard("added").is_empty());
}

#[tokio::test]
async fn pings_are_answered_while_something_is_waited_for() {
    let variables = [
        ("HORNERO__WEBSOCKET__PING_INTERVAL_MS", "50"),
        ("HORNERO__WEBSOCKET__PING_TIMEOUT_MS", "700"),
    ];
    let app = TestApp::start_with(App::of::<NotesModule>(), &variables).await;
    let mut socket = app.connect("/notes").await;

    socket.emit("later", "one").await;

    assert_eq!(socket.event("added").await["text"], "one");
}

#[tokio::test]
async fn connection_that_ends_panics_instead_of_waiting() {
    let app = notes().await;
    let mut socket = app.connect("/notes").await;
    socket.call("add", "one").await;
    app.stop().await;

    let line = line!() + 1;
    let message = panic_of(async move { socket.event("never").await }).await;

    let expected = format!("the connection ended before the event `never`, at {}:{line}:", file!());
    assert!(message.starts_with(&expected), "{message}");
    assert!(message.contains("added"), "what came instead should be told: {message}");
}

#[tokio::test]
async fn event_that_does_not_come_panics_after_some_time() {
    let app = notes().await;
    let mut socket = app.connect("/notes").await;

    let line = line!() + 1;
    let message = panic_of(async move { socket.event("never").await }).await;

    let expected = format!("no event `never` within 5s, at {}:{line}:", file!());
    assert!(message.starts_with(&expected), "{message}");
}

#[tokio::test]
async fn client_that_goes_is_seen_to_go() {
    let app = notes().await;
    let leave = async |socket: TestSocket| socket.disconnect().await;
    leave(app.connect("/notes").await).await;
    app.connect("/notes").await.close().await;

    // Nobody is left whom the server would have to close.
    app.stop().await;
}

#[test]
fn environment_is_all_that_is_configured() {
    let config = environment(&[("HORNERO_PROFILE", "production"), ("HORNERO__SERVER__PORT", "1")]);

    assert_eq!(config.profile(), "production");
    let server: ServerConfig = config.section().unwrap();
    assert_eq!((server.port, server.data_dir.as_path()), (1, Path::new("./data")));
}
