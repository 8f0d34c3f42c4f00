//! Whatever a stranger sends is answered, and never as a mistake of ours.
//!
//! What is sent is made up by proptest, which also finds the shortest that breaks this. It has the
//! form that lets it come as far as it can: known events and routes, known fields with values that
//! nobody expects. What has no form at all is for `clients/attacks.test.mjs`.

use hornero::testing::Answer;
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::select,
    test_runner::{Config, TestRunner},
};
use serde_json::{Map, Value, json};

use crate::{
    files::{PNG, posted, to_room},
    util::{Socket, TestApp, User, text},
};

const EVENTS: [&str; 18] = [
    "chat:room:join",
    "chat:room:leave",
    "chat:room:create",
    "chat:message:send",
    "chat:message:edit",
    "chat:message:delete",
    "chat:message:read",
    "chat:typing:start",
    "chat:typing:stop",
    "chat:file:upload",
    "chat:robot:interact",
    "chat:escalation:create",
    "auth:refresh",
    "join_session",
    "leave_session",
    "send_message",
    "typing",
    "get_session_info",
];

const FIELDS: [&str; 24] = [
    "roomId",
    "sessionId",
    "messageId",
    "content",
    "metadata",
    "fileId",
    "type",
    "role",
    "formatting",
    "clientMessageId",
    "seq",
    "lastSeq",
    "epoch",
    "isTyping",
    "name",
    "visibility",
    "prompt",
    "robotId",
    "reason",
    "priority",
    "token",
    "data",
    "event",
    "requestId",
];

/// Routes that read; `{}` is an id.
const ROUTES: [&str; 9] = [
    "/rooms",
    "/sessions",
    "/rooms/{}",
    "/rooms/{}/messages",
    "/rooms/{}/members",
    "/rooms/{}/presence",
    "/chat/sessions/{}/messages",
    "/chat/messages/{}",
    "/files/{}",
];

const PARAMETERS: [&str; 8] =
    ["cursor", "limit", "before", "after", "order", "changedAfter", "includeDeleted", "status"];

const HEADERS: [&str; 8] = [
    "if-none-match",
    "if-range",
    "range",
    "accept",
    "content-type",
    "x-request-id",
    "x-forwarded-for",
    "cookie",
];

/// Beginnings that let what looks at content go on.
const BEGINNINGS: [&[u8]; 7] =
    [b"", PNG, b"PK\x03\x04", b"\0\0\0\x18ftyp", b"RIFF", b"%PDF-1.7", b"\xef\xbb\xbf"];

/// What somebody sends.
#[derive(Debug, Clone)]
enum Sent {
    Event(&'static str, Value),
    Read { route: &'static str, id: Word, query: Vec<(&'static str, Word)> },
    File { header: &'static str, value: Word },
    Body(&'static str, Value),
    Upload { name: Word, beginning: &'static [u8], rest: Vec<u8> },
}

/// A text, or what only the server can know.
#[derive(Debug, Clone)]
enum Word {
    Text(String),
    Room,
    File,
}

fn word() -> impl Strategy<Value = Word> {
    let odd =
        ["", "0", "-1", "1.0", "99999999999999999999", "null", "\0", "\u{202e}", "../..", "%"];
    prop_oneof![
        2 => Just(Word::Room),
        1 => Just(Word::File),
        2 => select(odd.to_vec()).prop_map(|it| Word::Text(it.to_owned())),
        1 => Just(Word::Text("a".repeat(11_000))),
        // As cursors are written.
        2 => any::<Vec<u8>>().prop_map(|it| Word::Text(base64(&it))),
        3 => any::<String>().prop_map(Word::Text),
    ]
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// `"$room"` and `"$file"` stand for what only the server can know.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        2 => Just(json!("$room")),
        1 => Just(json!("$file")),
        4 => word().prop_map(|it| match it {
            Word::Text(text) => Value::from(text),
            Word::Room => json!("$room"),
            Word::File => json!("$file"),
        }),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((select(FIELDS.to_vec()), inner), 0..6).prop_map(object),
        ]
    })
}

fn object(fields: Vec<(&'static str, Value)>) -> Value {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
}

/// Mostly an object with a room in it, so that more is looked at than that there is none.
fn payload() -> impl Strategy<Value = Value> {
    let fields = vec((select(FIELDS.to_vec()), value()), 0..6);
    let likely = fields.prop_map(|mut fields| {
        let room = || json!("$room");
        fields.splice(..0, [("roomId", room()), ("sessionId", room()), ("content", json!("x"))]);
        object(fields)
    });
    prop_oneof![3 => likely, 1 => value()]
}

fn sent() -> impl Strategy<Value = Sent> {
    let query = vec((select(PARAMETERS.to_vec()), word()), 0..3);
    let bodies = ["/rooms", "/sessions", "/rooms/{}/messages", "/rooms/{}/read", "/escalations"];
    prop_oneof![
        6 => (select(EVENTS.to_vec()), payload()).prop_map(|(event, data)| Sent::Event(event, data)),
        3 => (select(ROUTES.to_vec()), word(), query)
            .prop_map(|(route, id, query)| Sent::Read { route, id, query }),
        1 => (select(HEADERS.to_vec()), word()).prop_map(|(header, value)| Sent::File { header, value }),
        3 => (select(bodies.to_vec()), payload()).prop_map(|(route, body)| Sent::Body(route, body)),
        1 => (word(), select(BEGINNINGS.to_vec()), any::<Vec<u8>>())
            .prop_map(|(name, beginning, rest)| Sent::Upload { name, beginning, rest }),
    ]
}

#[test]
fn whatever_strangers_send_is_answered_and_never_as_a_mistake_of_ours() {
    let cases = if std::env::var_os("HORNERO_TEST_FULL").is_some() { 5_000 } else { 600 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stranger = tokio::sync::Mutex::new(runtime.block_on(Stranger::come()));
    let config =
        Config { failure_persistence: None, max_shrink_iters: 300, ..Config::with_cases(cases) };
    let outcome = TestRunner::new(config).run(&sent(), |sent| {
        runtime.block_on(async { stranger.lock().await.send(sent).await });
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// Somebody with a room, a file and a socket.
struct Stranger {
    user: User,
    room: String,
    file: String,
    socket: Socket,
    _app: TestApp,
}

impl Stranger {
    async fn come() -> Self {
        let app = TestApp::start().await;
        let user = app.register("Eve").await;
        let room = user.room("public").await;
        let file = text(&to_room(&user, &room, "a.png", PNG).await.expect(201)["id"]);
        let socket = user.connect("/chat").await;
        Self { user, room, file, socket, _app: app }
    }

    async fn send(&mut self, sent: Sent) {
        match sent {
            Sent::Event(event, data) => {
                let data = self.known(data);
                let ack = self.socket.emit_ack(event, data).await;
                let code = &ack["error"]["code"];
                assert!(ack["status"] == "ok" || ack["status"] == "error", "{ack}");
                assert!(code != "SERVER_ERROR", "{ack}");
                self.socket.take_heard();
            }
            Sent::Read { route, id, query } => {
                let query: Vec<_> = query
                    .iter()
                    .map(|(name, value)| format!("{name}={}", encoded(self.word(value))))
                    .collect();
                let path = route.replace("{}", &encoded(self.word(&id)));
                answered(self.user.get(&format!("{path}?{}", query.join("&"))).await);
            }
            Sent::File { header, value } => {
                let value: String =
                    self.word(&value).chars().filter(|it| !it.is_control()).take(4_000).collect();
                let request = self.user.get(&format!("/files/{}", self.file));
                answered(request.header(header, &value).await);
            }
            Sent::Body(route, body) => {
                let path = route.replace("{}", &self.room);
                let body = self.known(body);
                answered(self.user.post(&path, body).await);
            }
            Sent::Upload { name, beginning, rest } => {
                let name: String =
                    self.word(&name).chars().filter(|it| !matches!(it, '\r' | '\n')).collect();
                let parts = [
                    ("roomId", None, self.room.as_bytes()),
                    ("file", Some(name.as_str()), &[beginning, &rest].concat()),
                ];
                answered(posted(&self.user, &parts).await);
            }
        }
    }

    fn word<'a>(&'a self, word: &'a Word) -> &'a str {
        match word {
            Word::Text(text) => text,
            Word::Room => &self.room,
            Word::File => &self.file,
        }
    }

    fn known(&self, value: Value) -> Value {
        let known = value.to_string().replace("\"$room\"", &json!(self.room).to_string());
        let known = known.replace("\"$file\"", &json!(self.file).to_string());
        serde_json::from_str(&known).unwrap()
    }
}

fn encoded(text: &str) -> String {
    text.bytes().take(4_000).map(|byte| format!("%{byte:02X}")).collect()
}

/// Judges an answer: it is not the server's fault, and a refusal says what it is.
#[track_caller]
fn answered(answer: Answer) {
    let is_ours = answer.status >= 500;
    let is_told = answer.status < 400 || answer.body["error_code"].is_string();
    assert!(!is_ours && is_told, "{}: {}", answer.status, answer.text);
}
