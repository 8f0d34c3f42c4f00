//! The contract of events as TypeScript: what `socket.io-client` takes as its type parameters.

use std::{collections::BTreeMap, fmt::Write};

use utoipa::openapi::{
    RefOr, Schema,
    schema::{
        AdditionalProperties, ArrayItems, KnownFormat, Object, SchemaFormat, SchemaType, Type,
    },
};

use super::{
    About, GatewayContract, Shape,
    events::{Spoken, handled, heard},
    schemas::{self, Schemas, referred},
};
use crate::error::{CONTRACT_VERSION, SocketErrorBody};

/// Declares the events of all gateways, and the types of their data.
pub(super) fn declarations(about: &About, gateways: &[&GatewayContract]) -> String {
    let mut schemas = Schemas::new();
    schemas::add_type::<SocketErrorBody<'_>>(&mut schemas);
    let client = client_events(gateways, &mut schemas);
    let server = server_events(gateways, &mut schemas);
    schemas::share(&mut schemas);
    let mut text = format!("// {} {}: the events of Socket.IO.\n", about.title, about.version);
    text += HEAD;
    text += &client;
    text += &server;
    text += &FRAMES.replace("VERSION", CONTRACT_VERSION);
    for (name, schema) in &schemas {
        text.push('\n');
        declare(&mut text, name, schema);
    }
    text
}

const HEAD: &str = r#"// Generated from the types of the server: do not edit.
//
//   import { io, type Socket } from "socket.io-client";
//   import type { ClientToServerEvents, ServerToClientEvents } from "./socket";
//
//   const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io(url);
"#;

const FRAMES: &str = r#"
/** The bare data, or an envelope around it, whose `requestId` comes back in the answers. */
export type Payload<Name extends string, Data> =
  | Data
  | { event?: Name; data: Data; requestId?: string; version?: string };

/** What the server acknowledges an event with. */
export type Ack<Data> =
  | { status: "ok"; data: Data; requestId?: string }
  | { status: "error"; error: ErrorObject; requestId?: string };

/** An event of the server. */
export type Sent<Data> = Data & { version: "VERSION" };

/** The answer to an event, as an event. */
export type Reply<Data> = Data & { version: "VERSION"; requestId?: string };
"#;

/// One signature for each event that clients may send.
///
/// An ack that carries data is a required argument, since `emitWithAck` can read its type from
/// nothing else; one that carries none may be left out.
fn client_events(gateways: &[&GatewayContract], schemas: &mut Schemas) -> String {
    let mut events: BTreeMap<&str, (Vec<String>, Vec<String>)> = BTreeMap::new();
    let mut order = Vec::new();
    for event in handled(gateways) {
        let parts = event.signature.payload.iter().map(|it| reference(it, schemas));
        let parts: Vec<_> = parts.collect();
        let (payloads, answers) = events.entry(event.name).or_default();
        if !order.iter().any(|(name, _)| *name == event.name) {
            order.push((event.name, event));
        }
        if !parts.is_empty() {
            insert(payloads, parts.join(" & "));
        }
        let answer = event.signature.reply.as_ref();
        insert(answers, answer.map_or("null".to_owned(), |it| reference(it, schemas)));
    }
    let mut text =
        "\n/** What clients send. */\nexport interface ClientToServerEvents {\n".to_owned();
    for (name, event) in order {
        let (payloads, answers) = &events[name];
        let mut comment = format!("For: {}.", event.signature.access.join(", "));
        if let Some(reply) = event.reply_event {
            comment += &format!(" The answer is also sent as `{reply}`.");
        }
        let answers = answers.join(" | ");
        let optional = if answers == "null" { "?" } else { "" };
        let ack = format!("ack{optional}: (answer: Ack<{answers}>) => void");
        let arguments = if payloads.is_empty() {
            ack
        } else {
            format!("payload: Payload<\"{name}\", {}>, {ack}", payloads.join(" | "))
        };
        comments(&mut text, "  ", &comment);
        let _ = writeln!(text, "  \"{name}\": ({arguments}) => void;");
    }
    text + "}\n"
}

/// One signature for each event that clients hear.
fn server_events(gateways: &[&GatewayContract], schemas: &mut Schemas) -> String {
    let mut text =
        "\n/** What clients hear. */\nexport interface ServerToClientEvents {\n".to_owned();
    for (name, kinds) in heard(gateways) {
        let mut data = Vec::new();
        for kind in kinds {
            insert(
                &mut data,
                match kind {
                    Spoken::Emitted(shape) => format!("Sent<{}>", reference(shape, schemas)),
                    Spoken::Reply(Some(shape)) => format!("Reply<{}>", reference(shape, schemas)),
                    Spoken::Reply(None) => "Reply<unknown>".to_owned(),
                    Spoken::Error => "ErrorObject".to_owned(),
                },
            );
        }
        let _ = writeln!(text, "  \"{name}\": (data: {}) => void;", data.join(" | "));
    }
    text + "}\n"
}

/// Adds a shape's declarations, and names its type.
fn reference(shape: &Shape, schemas: &mut Schemas) -> String {
    type_of(&schemas::add(schemas, shape), "")
}

fn insert(texts: &mut Vec<String>, text: String) {
    if !texts.contains(&text) {
        texts.push(text);
    }
}

fn declare(text: &mut String, name: &str, schema: &RefOr<Schema>) {
    comments(text, "", schemas::description(schema).unwrap_or_default());
    let name = identifier(name);
    let _ = match schema {
        RefOr::T(Schema::Object(object)) if !object.properties.is_empty() => {
            writeln!(text, "export interface {name} {}", members(object, ""))
        }
        _ => writeln!(text, "export type {name} = {};", type_of(schema, "")),
    };
}

/// A schema as a type. `indent` is that of the line on which it stands.
fn type_of(schema: &RefOr<Schema>, indent: &str) -> String {
    let any = |items: &[RefOr<Schema>], between: &str| {
        let types: Vec<_> = items.iter().map(|it| type_of(it, indent)).collect();
        types.join(between)
    };
    match schema {
        RefOr::Ref(reference) => identifier(referred(reference)),
        RefOr::T(Schema::Object(object)) => type_of_object(object, indent),
        RefOr::T(Schema::Array(array)) => {
            let items = match &array.items {
                ArrayItems::RefOrSchema(items) => type_of(items, indent),
                _ => "never".to_owned(),
            };
            let list = format!("Array<{items}>");
            if allows_null(&array.schema_type) { format!("{list} | null") } else { list }
        }
        RefOr::T(Schema::OneOf(one)) => any(&one.items, " | "),
        RefOr::T(Schema::AnyOf(one)) => any(&one.items, " | "),
        RefOr::T(Schema::AllOf(all)) => {
            let types = all.items.iter().map(|it| match type_of(it, indent) {
                union if union.contains(" | ") => format!("({union})"),
                one => one,
            });
            types.collect::<Vec<_>>().join(" & ")
        }
        _ => "unknown".to_owned(),
    }
}

fn type_of_object(object: &Object, indent: &str) -> String {
    if let Some(values) = &object.enum_values {
        return values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
    }
    let types = match &object.schema_type {
        SchemaType::Type(one) => vec![one],
        SchemaType::Array(several) => several.iter().collect(),
        SchemaType::AnyValue => return "unknown".to_owned(),
    };
    let types = types.into_iter().map(|it| match it {
        // What Node has for it, a `Buffer`, is the second; it has no name where there is no Node.
        Type::String if is_binary(object) => "ArrayBuffer | Uint8Array".to_owned(),
        Type::String => "string".to_owned(),
        Type::Integer | Type::Number => "number".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Array => "Array<unknown>".to_owned(),
        Type::Object if object.properties.is_empty() => {
            let value = match object.additional_properties.as_deref() {
                Some(AdditionalProperties::RefOr(value)) => type_of(value, indent),
                _ => "unknown".to_owned(),
            };
            format!("Record<string, {value}>")
        }
        Type::Object => members(object, indent),
    });
    types.collect::<Vec<_>>().join(" | ")
}

fn is_binary(object: &Object) -> bool {
    matches!(object.format, Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
}

/// The members of an interface, in braces.
fn members(object: &Object, indent: &str) -> String {
    let inner = format!("{indent}  ");
    let mut text = "{\n".to_owned();
    for (name, schema) in &object.properties {
        comments(&mut text, &inner, schemas::description(schema).unwrap_or_default());
        let optional = if object.required.contains(name) { "" } else { "?" };
        let _ = writeln!(text, "{inner}{}{optional}: {};", key(name), type_of(schema, &inner));
    }
    if object.additional_properties.is_some() {
        let _ = writeln!(text, "{inner}[key: string]: unknown;");
    }
    text + indent + "}"
}

fn comments(text: &mut String, indent: &str, comment: &str) {
    // What would end the comment is taken apart.
    let comment = comment.trim().replace("*/", "* /");
    match comment.lines().collect::<Vec<_>>().as_slice() {
        [] => {}
        [line] => *text += &format!("{indent}/** {line} */\n"),
        lines => {
            *text += &format!("{indent}/**\n");
            for line in lines {
                *text += format!("{indent} * {line}").trim_end();
                text.push('\n');
            }
            *text += &format!("{indent} */\n");
        }
    }
}

fn allows_null(schema_type: &SchemaType) -> bool {
    matches!(schema_type, SchemaType::Array(types) if types.contains(&Type::Null))
}

/// A schema's name as TypeScript's identifiers allow it.
fn identifier(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// A property's name, in quotes if it is no identifier.
fn key(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$');
    if name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        return name.to_owned();
    }
    format!("{name:?}")
}
