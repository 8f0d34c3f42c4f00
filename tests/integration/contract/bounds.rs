//! Limits stand twice, in the schema of a type and in its validator. Here every one of the
//! schemas' is tried at its edge and one beyond, through the door, so that the two stay equal:
//! what a schema allows is accepted, and what it forbids is refused.

use auth::Role;
use hornero::testing::part;
use regex::Regex;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::document::{self, Operation, Property, needs_an_optional_one, properties, resolved};
use crate::util::{Socket, TestApp, User};

/// Texts by which validators differ from each other.
const TEXTS: [&str; 18] = [
    "", " ", "\t", "\n", "\u{a0}", "\u{2003}", "a", " a ", "a b", "a\tb", "a\nb", "a\0", "a\u{7}",
    "a\u{7f}", "a\u{85}", "!~", "é", "🏠",
];

/// Longer than any limit.
const LONG: usize = 20_000;

#[tokio::test]
async fn bodies_are_judged_as_their_schemas_say() {
    let world = World::new().await;
    let document = document::openapi();
    let mut tried = 0;
    for operation in document::operations() {
        let Some(schema) = operation.body() else { continue };
        for case in bodies(&required(schema, &document), &world) {
            let answer = world.send(&operation, "", &[], Some(case.value.clone())).await;
            case.check(answer == 400, &operation.path);
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}

#[tokio::test]
async fn parameters_are_judged_as_their_schemas_say() {
    let world = World::new().await;
    let document = document::openapi();
    let mut tried = 0;
    for operation in document::operations() {
        let body = operation.body().map(|it| sample_object(&required(it, &document), &world));
        for parameter in operation.parameters("query") {
            let schema = resolved(&parameter.schema, &document);
            // Cursors are texts of the server's own making, and refused by rules of their own.
            if kinds(schema)[0] == "string" && schema.get("enum").is_none() {
                continue;
            }
            for (value, allowed) in probes(schema) {
                let Some(text) = as_text(&value) else { continue };
                let query = format!("?{}={text}", parameter.name);
                let status = world.send(&operation, &query, &[], body.clone()).await;
                let case = Case { value, allowed, of: parameter.name.clone() };
                case.check(status == 400, &operation.path);
                tried += 1;
            }
        }
        for parameter in operation.parameters("header") {
            for (value, allowed) in probes(resolved(&parameter.schema, &document)) {
                let Some(text) = value.as_str().filter(|it| stands_in_header(it)) else { continue };
                let headers = [(parameter.name.as_str(), text)];
                let status = world.send(&operation, "", &headers, body.clone()).await;
                let case = Case { value: json!(text), allowed, of: parameter.name.clone() };
                case.check(status == 400, &operation.path);
                tried += 1;
            }
        }
        for parameter in operation.parameters("path") {
            // Ids of users are those of whoever issues tokens: any text may be one.
            if resolved(&parameter.schema, &document)["format"] != "uuid" {
                continue;
            }
            let path = operation.path_with(&|_| "no-id".to_owned());
            let status = world.send_to(&operation.method, &path, &[], body.clone()).await;
            assert_eq!(status, 400, "{path}: {parameter:?}");
        }
    }
    assert!(tried > 30, "{tried}");
}

#[tokio::test]
async fn payloads_are_judged_as_their_schemas_say() {
    let world = World::new().await;
    let document = document::asyncapi();
    let mut socket = world.user.connect("/chat").await;
    let mut tried = 0;
    for event in document::client_events() {
        for case in bodies(&required(&event.payload, &document), &world) {
            let refused = is_refused(&mut socket, &event.name, case.value.clone()).await;
            case.check(refused, &event.name);
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}

async fn is_refused(socket: &mut Socket, event: &str, payload: Value) -> bool {
    let has_bytes = payload.as_object().is_some_and(|it| it.values().any(|it| *it == part(0)));
    let ack = if has_bytes {
        socket.emit_ack_with_parts(event, payload, [&b"hello"[..]]).await
    } else {
        socket.emit_ack(event, payload).await
    };
    ack["error"]["code"] == "PROTOCOL_ERROR"
}

/// A user who may do everything, and things to do it with.
struct World {
    /// Serves as long as it is kept.
    _app: TestApp,
    user: User,
    /// Somebody else, who can be changed without harm.
    other: String,
    room: String,
    session: String,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let user = app.promoted("Ada", Some(Role::Admin), None).await;
        let other = app.guest("Ben").await.id;
        let (room, session) = (user.room("public").await, user.session().await);
        Self { _app: app, user, other, room, session }
    }

    /// The id that a property or parameter of this name asks for.
    fn id(&self, name: &str) -> String {
        match name {
            "userId" => self.other.clone(),
            name if name.starts_with("session") => self.session.clone(),
            _ => self.room.clone(),
        }
    }

    async fn send(
        &self,
        operation: &Operation,
        query: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> u16 {
        let path = operation.path_with(&|name| self.id(name)) + query;
        self.send_to(&operation.method, &path, headers, body).await
    }

    async fn send_to(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> u16 {
        let request = self.user.request(method, path).headers(headers);
        let answer = match body {
            Some(body) => request.json(body).await,
            None => request.await,
        };
        assert!(answer.status < 500, "{method} {path}: {answer:?}");
        answer.status
    }
}

/// Something to send, and whether the schema allows it.
struct Case {
    value: Value,
    allowed: bool,
    /// What it is about.
    of: String,
}

impl Case {
    #[track_caller]
    fn check(&self, refused: bool, door: &str) {
        let (says, does) = (verdict(self.allowed), verdict(!refused));
        let text: String = self.value.to_string().chars().take(300).collect();
        let of = &self.of;
        assert_eq!(says, does, "{door}, `{of}`: the schema {says}, the server {does} {text}");
    }
}

fn verdict(allowed: bool) -> &'static str {
    if allowed { "accepts" } else { "refuses" }
}

/// The properties of a schema. Where one of the optional ones is needed, the first id among them
/// is taken for it, or else the first.
fn required(schema: &Value, document: &Value) -> Vec<Property> {
    let mut properties = properties(schema, document);
    if needs_an_optional_one(schema, document) {
        let optional = |it: &Property| !it.required;
        let is_id = |it: &Property| optional(it) && it.schema["format"] == "uuid";
        let id = properties.iter().position(is_id);
        let taken = id.or_else(|| properties.iter().position(optional)).unwrap();
        properties[taken].required = true;
    }
    properties
}

/// Objects with one property at a time at the edges of its schema, the others as they should be.
fn bodies(properties: &[Property], world: &World) -> Vec<Case> {
    let mut cases = Vec::new();
    for property in properties {
        let mut without = sample_object(properties, world);
        without.as_object_mut().unwrap().remove(&property.name);
        cases.push(Case { value: without, allowed: !property.required, of: property.name.clone() });
        for (value, allowed) in probes(&property.schema) {
            let mut body = sample_object(properties, world);
            body[&property.name] = value;
            // The one rule on two properties: a schema says it in words.
            if property.name == "type" && body["type"] == "graph" {
                body["content"] = json!({});
            }
            cases.push(Case { value: body, allowed, of: property.name.clone() });
        }
    }
    cases
}

/// An object with all that is required, and nothing else.
fn sample_object(properties: &[Property], world: &World) -> Value {
    let required = properties.iter().filter(|it| it.required);
    let entries = required.map(|it| (it.name.clone(), sample(it, world)));
    Value::Object(entries.collect::<Map<_, _>>())
}

fn sample(property: &Property, world: &World) -> Value {
    let schema = &property.schema;
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match (kinds(schema)[0], schema["format"].as_str()) {
        ("string", Some("uuid")) => json!(world.id(&property.name)),
        ("string", Some("email")) => json!(email(40)),
        ("string", Some("binary")) => part(0),
        ("string", _) => json!("x".repeat(schema["minLength"].as_u64().unwrap_or(1) as usize)),
        ("integer", _) => schema.get("minimum").cloned().unwrap_or(json!(1)),
        ("boolean", _) => json!(true),
        ("object", _) => json!({}),
        (other, _) => panic!("no sample of {other}"),
    }
}

/// Values around the edges of a schema, and whether it allows them.
fn probes(schema: &Value) -> Vec<(Value, bool)> {
    let kinds = kinds(schema);
    let mut probes = vec![(Value::Null, kinds.contains(&"null"))];
    if let Some(values) = schema["enum"].as_array() {
        probes.extend(values.iter().map(|it| (it.clone(), true)));
        probes.push((json!("no-such-value"), false));
        return probes;
    }
    match (kinds[0], schema["format"].as_str()) {
        ("string", Some("uuid")) => probes.push((json!("no-uuid"), false)),
        ("string", Some("binary")) => {
            probes.extend([(part(0), true), (json!("aGVsbG8="), false), (json!({}), false)]);
        }
        // A text of ours: what is none is refused by other rules than a schema's.
        ("string", Some("cursor")) => {}
        ("string", Some("email")) => {
            probes.push((json!("no address"), false));
            let max = schema["maxLength"].as_u64().unwrap() as usize;
            probes.extend([(json!(email(max)), true), (json!(email(max + 1)), false)]);
        }
        ("string", _) => probes.extend(text_probes(schema)),
        ("integer", _) => {
            let (min, max) = (schema["minimum"].as_i64(), schema["maximum"].as_i64());
            probes
                .extend(min.into_iter().flat_map(|it| [(json!(it - 1), false), (json!(it), true)]));
            probes
                .extend(max.into_iter().flat_map(|it| [(json!(it), true), (json!(it + 1), false)]));
            probes.push((json!("many"), false));
        }
        ("boolean", _) => probes.extend([(json!(false), true), (json!("maybe"), false)]),
        ("object", _) => probes.extend([(json!({ "a": 1 }), true), (json!([]), false)]),
        (other, _) => panic!("no probes of {other}"),
    }
    probes
}

fn text_probes(schema: &Value) -> Vec<(Value, bool)> {
    let length = |key: &str| schema[key].as_u64().map(|it| it as usize);
    let (min, max) = (length("minLength"), length("maxLength"));
    let pattern = schema["pattern"].as_str().map(|it| Regex::new(it).unwrap());
    let lengths = [min.and_then(|it| it.checked_sub(1)), min, max, max.map(|it| it + 1)];
    let long = [Some(LONG)].into_iter().filter(|_| max.is_none_or(|it| it < LONG));
    let texts = lengths.into_iter().chain(long).flatten().map(|it| "x".repeat(it));
    // A limit counts characters, and not the bytes or the halves that they are made of.
    let wide = max.map(|it| "é".repeat(it));
    let texts = texts.chain(wide).chain(TEXTS.map(str::to_owned));
    let allows = |text: &str| {
        let count = text.chars().count();
        min.is_none_or(|it| count >= it)
            && max.is_none_or(|it| count <= it)
            && pattern.as_ref().is_none_or(|it| it.is_match(text))
    };
    let mut probes: Vec<_> = texts.map(|text| (json!(text), allows(&text))).collect();
    probes.push((json!(7), false));
    probes
}

/// The types that a schema allows.
fn kinds(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => panic!("{schema} has no type"),
    }
}

/// An address of this length that nobody has.
fn email(length: usize) -> String {
    let local = Uuid::new_v4().simple().to_string();
    let domain = length - local.len() - 1;
    let labels = "x".repeat(domain).into_bytes();
    let labels: Vec<_> = labels.chunks(50).map(|it| String::from_utf8_lossy(it)).collect();
    let mut address = format!("{local}@{}", labels.join("."));
    // The dots take the place of letters.
    address.truncate(length);
    address.trim_end_matches('.').to_owned() + if address.ends_with('.') { "x" } else { "" }
}

/// A value as it stands in a query.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Whether HTTP carries a text as it is.
fn stands_in_header(text: &str) -> bool {
    text.trim() == text && !text.chars().any(char::is_control)
}
