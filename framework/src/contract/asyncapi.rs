//! The contract of events as an AsyncAPI 3.0 document.
//!
//! A channel is a namespace, and the application that is described is the server: it receives
//! what clients send, and sends what they hear. An ack is the reply of the operation.

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::openapi::{ObjectBuilder, Type};

use super::{
    About, GatewayContract, HandledEvent, Shape,
    events::{Spoken, handled, heard, namespaces},
    schemas::{self, Schemas},
};
use crate::error::{SocketErrorBody, contract_version};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AsyncApi {
    asyncapi: &'static str,
    info: Value,
    default_content_type: &'static str,
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    components: Components,
}

#[derive(Default, Serialize)]
struct Components {
    messages: Map<String, Value>,
    schemas: Schemas,
}

/// Describes the events of all gateways.
pub(super) fn document(about: &About, gateways: &[&GatewayContract]) -> AsyncApi {
    let mut document = AsyncApi {
        asyncapi: "3.0.0",
        info: json!({ "title": about.title, "version": about.version, "description": ABOUT }),
        default_content_type: "application/json",
        channels: Map::new(),
        operations: Map::new(),
        components: Components::default(),
    };
    document.components.add_frames();
    for (namespace, gateways) in namespaces(gateways) {
        let mut channel = Channel::of(namespace);
        for event in handled(&gateways) {
            let message = document.components.client_message(event);
            let ack = document.components.ack(event);
            let message = document.components.keep("client", event.name, message, &channel);
            let ack = document.components.keep("ack", event.name, ack, &channel);
            channel.receives(event, &message, &ack);
        }
        for (name, data) in heard(&gateways) {
            let message = document.components.server_message(name, &data);
            let message = document.components.keep("server", name, message, &channel);
            channel.sends(name, &message);
        }
        document.operations.append(&mut channel.operations);
        document.channels.insert(channel.id, channel.description);
    }
    schemas::share(&mut document.components.schemas);
    document
}

const ABOUT: &str = "The events of Socket.IO. An ack is sent to those who ask for one; the \
                     event of the answer and the error event are sent in any case.";

impl Components {
    /// The parts that the framework adds to every event.
    fn add_frames(&mut self) {
        schemas::add_type::<SocketErrorBody<'_>>(&mut self.schemas);
        let version =
            || ObjectBuilder::new().property("version", contract_version()).required("version");
        let request_id = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The `requestId` of the envelope, if there was one."));
        let sent = version().description(Some("What every event of the server carries."));
        let reply = version()
            .property("requestId", request_id)
            .description(Some("What the answer to an event carries besides its data."));
        self.schemas.insert("Sent".to_owned(), sent.into());
        self.schemas.insert("Reply".to_owned(), reply.into());
    }

    fn client_message(&mut self, event: &HandledEvent) -> Value {
        let parts = event.signature.payload.iter();
        let parts: Vec<_> = parts.map(|it| json!(schemas::add(&mut self.schemas, it))).collect();
        let summary = event.signature.payload.first().and_then(summary);
        let data = all_of(parts);
        let envelope = json!({
            "type": "object",
            "description": "The envelope that some clients put around every payload.",
            "properties": {
                "event": { "type": "string", "const": event.name },
                "data": data,
                "requestId": { "type": "string", "maxLength": 128 },
                "version": { "type": "string", "pattern": r"^1(\.|$)" },
            },
            "required": ["data"],
            "additionalProperties": false,
        });
        let mut message = message(event.name, summary, json!({ "anyOf": [data, envelope] }));
        message["x-access"] = json!(event.signature.access);
        message
    }

    fn ack(&mut self, event: &HandledEvent) -> Value {
        let data = match &event.signature.reply {
            Some(shape) => json!(schemas::add(&mut self.schemas, shape)),
            None => json!({ "type": "null" }),
        };
        let request_id = json!({ "type": "string", "maxLength": 128 });
        let ok = json!({
            "type": "object",
            "properties": {
                "status": { "type": "string", "const": "ok" },
                "data": data,
                "requestId": request_id,
            },
            "required": ["status", "data"],
        });
        let error = json!({
            "type": "object",
            "properties": {
                "status": { "type": "string", "const": "error" },
                "error": { "$ref": "#/components/schemas/ErrorObject" },
                "requestId": request_id,
            },
            "required": ["status", "error"],
        });
        let summary = Some(format!("Answers `{}`.", event.name));
        message(&format!("ack of {}", event.name), summary, json!({ "oneOf": [ok, error] }))
    }

    fn server_message(&mut self, name: &'static str, data: &[Spoken<'_>]) -> Value {
        let frame = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let mut text = None;
        let mut kinds = Vec::new();
        for kind in data {
            kinds.push(match kind {
                Spoken::Emitted(shape) => {
                    text = text.or_else(|| summary(shape));
                    all_of(vec![json!(schemas::add(&mut self.schemas, shape)), frame("Sent")])
                }
                Spoken::Reply(Some(shape)) => {
                    text = text.or_else(|| summary(shape));
                    all_of(vec![json!(schemas::add(&mut self.schemas, shape)), frame("Reply")])
                }
                Spoken::Reply(None) => frame("Reply"),
                Spoken::Error => {
                    text = Some("An event was refused.".to_owned());
                    frame("ErrorObject")
                }
            });
        }
        let payload = if kinds.len() == 1 { kinds.remove(0) } else { json!({ "anyOf": kinds }) };
        message(name, text, payload)
    }

    /// Keeps a message under a key of its own. Namespaces that have the same one share it.
    fn keep(&mut self, role: &str, event: &str, message: Value, channel: &Channel) -> String {
        let mut key = format!("{role}.{}", word(event));
        if self.messages.get(&key).is_some_and(|it| *it != message) {
            key = format!("{key}.{}", channel.id);
        }
        self.messages.insert(key.clone(), message);
        key
    }
}

/// A namespace and its operations.
struct Channel {
    id: String,
    description: Value,
    operations: Map<String, Value>,
}

impl Channel {
    fn of(namespace: &str) -> Self {
        let id = match word(namespace.trim_start_matches('/')) {
            id if id.is_empty() => "main".to_owned(),
            id => id,
        };
        let description = json!({
            "address": namespace,
            "title": format!("Namespace {namespace}"),
            "messages": {},
        });
        Self { id, description, operations: Map::new() }
    }

    fn receives(&mut self, event: &HandledEvent, message: &str, ack: &str) {
        let (message, ack) = (self.refer(message), self.refer(ack));
        let summary = match event.reply_event {
            Some(reply) => format!("A client sends `{}`; the answer is `{reply}`.", event.name),
            None => format!("A client sends `{}`.", event.name),
        };
        let operation = json!({
            "action": "receive",
            "channel": self.reference(),
            "summary": summary,
            "messages": [message],
            "reply": { "channel": self.reference(), "messages": [ack] },
            "x-access": event.signature.access,
        });
        self.operations.insert(format!("{}.receive.{}", self.id, word(event.name)), operation);
    }

    fn sends(&mut self, name: &str, message: &str) {
        let message = self.refer(message);
        let operation = json!({
            "action": "send",
            "channel": self.reference(),
            "summary": format!("A client hears `{name}`."),
            "messages": [message],
        });
        self.operations.insert(format!("{}.send.{}", self.id, word(name)), operation);
    }

    fn reference(&self) -> Value {
        json!({ "$ref": format!("#/channels/{}", self.id) })
    }

    /// Lists a message in the channel, and refers to it there.
    fn refer(&mut self, message: &str) -> Value {
        self.description["messages"][message] =
            json!({ "$ref": format!("#/components/messages/{message}") });
        json!({ "$ref": format!("#/channels/{}/messages/{message}", self.id) })
    }
}

fn message(name: &str, summary: Option<String>, payload: Value) -> Value {
    let mut message = json!({ "name": name, "title": name, "payload": payload });
    if let Some(summary) = summary {
        message["summary"] = json!(summary);
    }
    message
}

fn summary(shape: &Shape) -> Option<String> {
    schemas::description(&shape.schema).map(str::to_owned)
}

fn all_of(mut parts: Vec<Value>) -> Value {
    match parts.len() {
        0 => json!({ "type": "null" }),
        1 => parts.remove(0),
        _ => json!({ "allOf": parts }),
    }
}

/// A name as AsyncAPI's keys allow it.
fn word(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '.' };
    name.chars().map(plain).collect()
}
