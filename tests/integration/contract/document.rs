//! The documents, read the way a client's tools read them.

use std::collections::BTreeSet;

use hornero_server::app;
use serde_json::{Map, Value};

/// An operation of `openapi.json`.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) description: Value,
}

/// An event that clients may send, of `asyncapi.json`.
#[derive(Debug)]
pub(crate) struct ClientEvent {
    pub(crate) name: String,
    /// Schema of the bare payload.
    pub(crate) payload: Value,
}

/// The schema of a property, parameter or the like.
#[derive(Debug, Clone)]
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) schema: Value,
    pub(crate) required: bool,
}

pub(crate) fn openapi() -> Value {
    serde_json::from_str(&app().documents().openapi).unwrap()
}

pub(crate) fn asyncapi() -> Value {
    serde_json::from_str(&app().documents().asyncapi).unwrap()
}

pub(crate) fn operations() -> Vec<Operation> {
    let document = openapi();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, description) in item.as_object().unwrap() {
            operations.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                description: description.clone(),
            });
        }
    }
    operations
}

pub(crate) fn client_events() -> Vec<ClientEvent> {
    let document = asyncapi();
    let messages = document["components"]["messages"].as_object().unwrap();
    let received = messages.iter().filter(|(key, _)| key.starts_with("client."));
    received
        .map(|(_, message)| ClientEvent {
            name: message["name"].as_str().unwrap().to_owned(),
            payload: message["payload"]["anyOf"][0].clone(),
        })
        .collect()
}

/// Names of the events that the server may send.
pub(crate) fn server_events() -> BTreeSet<String> {
    let document = asyncapi();
    let messages = document["components"]["messages"].as_object().unwrap();
    let sent = messages.iter().filter(|(key, _)| key.starts_with("server."));
    sent.map(|(_, message)| message["name"].as_str().unwrap().to_owned()).collect()
}

/// Every `$ref` in a document.
pub(crate) fn references(document: &Value) -> Vec<&str> {
    let own = document["$ref"].as_str();
    let inner: Vec<&Value> = match document {
        Value::Array(items) => items.iter().collect(),
        Value::Object(entries) => entries.values().collect(),
        _ => Vec::new(),
    };
    own.into_iter().chain(inner.into_iter().flat_map(references)).collect()
}

/// The schema of this name in `openapi.json`.
pub(crate) fn schema(name: &str) -> Value {
    openapi()["components"]["schemas"][name].clone()
}

impl Operation {
    pub(crate) fn is_public(&self) -> bool {
        self.description["security"] == serde_json::json!([{}])
    }

    /// What a token must be good for.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let scopes = self.description["security"][0]["bearer"].clone();
        serde_json::from_value(scopes).unwrap_or_default()
    }

    /// Schema of the request's body, if it has one.
    pub(crate) fn body(&self) -> Option<&Value> {
        self.description["requestBody"]["content"]["application/json"].get("schema")
    }

    /// Its parameters in `path`, `query` or `header`.
    pub(crate) fn parameters(&self, place: &str) -> Vec<Property> {
        let all = self.description["parameters"].as_array().into_iter().flatten();
        all.filter(|it| it["in"] == place)
            .map(|it| Property {
                name: it["name"].as_str().unwrap().to_owned(),
                schema: it["schema"].clone(),
                required: it["required"] == true,
            })
            .collect()
    }

    /// Its path with values for the parameters.
    pub(crate) fn path_with(&self, value: &dyn Fn(&str) -> String) -> String {
        let parts = self.path.split('/').map(|part| match part.strip_prefix('{') {
            Some(name) => value(name.trim_end_matches('}')),
            None => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// The properties of an object's schema, out of all parts of which it consists. `document` is
/// where its references lead.
pub(crate) fn properties(schema: &Value, document: &Value) -> Vec<Property> {
    let schema = resolved(schema, document);
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let mut all: Vec<_> = parts.flat_map(|part| properties(part, document)).collect();
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let own: Map<String, Value> = schema["properties"].as_object().cloned().unwrap_or_default();
    all.extend(own.into_iter().map(|(name, schema)| Property {
        required: required.contains(&Value::from(name.as_str())),
        schema: or_null(&schema, document),
        name,
    }));
    all
}

/// Whether an object of this schema needs one of its optional properties.
pub(crate) fn needs_an_optional_one(schema: &Value, document: &Value) -> bool {
    let schema = resolved(schema, document);
    let mut parts = schema["allOf"].as_array().into_iter().flatten();
    schema.get("minProperties").is_some() || parts.any(|it| needs_an_optional_one(it, document))
}

/// The schema, or what it refers to; with `null` among its types where it is one of two, and
/// that is the other.
fn or_null(schema: &Value, document: &Value) -> Value {
    let Some([inner, _]) = schema["oneOf"].as_array().map(Vec::as_slice) else {
        return resolved(schema, document).clone();
    };
    let mut schema = resolved(inner, document).clone();
    schema["type"] = Value::from(vec![schema["type"].take(), Value::from("null")]);
    schema
}

/// The schema itself, or what it refers to.
pub(crate) fn resolved<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}
