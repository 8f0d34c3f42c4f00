//! What a message says, on the wire: text, or an object in messages of type graph.

use std::{fmt, sync::Arc};

use hornero::rules;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Map, Value, value::RawValue};
use utoipa::openapi::{
    Object, ObjectBuilder,
    schema::{SchemaType, Type},
};
use validator::ValidationError;

use crate::{
    error::ChatError,
    html::harmless,
    message::{Formatting, MessageType},
};

/// Longest text, in characters.
const MAX_TEXT: usize = 10_000;

/// Text that shows something, in which only line ends and tabs are control characters.
const TEXT: &str = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$";

/// What somebody sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// 1 to 10,000 Unicode scalar values, after line ends have become LF.
    Text(String),
    /// An object of at most 16 KiB and 8 levels: for messages of type graph, and for them alone.
    Graph(Map<String, Value>),
}

impl Content {
    /// What is stored: of HTML what can do no harm, of a graph its JSON.
    ///
    /// # Errors
    ///
    /// [`ChatError::OtherContent`], [`ChatError::NothingHarmless`].
    pub(crate) fn stored(
        self,
        of: MessageType,
        formatting: Formatting,
    ) -> Result<Arc<str>, ChatError> {
        match (self, of) {
            (Self::Graph(graph), MessageType::Graph) => Ok(Value::Object(graph).to_string().into()),
            (Self::Text(text), it) if it != MessageType::Graph => harmless(text, formatting),
            _ => Err(ChatError::OtherContent),
        }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Reads text, in which CRLF and CR become LF.
///
/// # Errors
///
/// Whatever is no text.
pub fn with_plain_line_ends<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(plain_line_ends)
}

/// CRLF and CR become LF, so that the same text has the same length on every system.
fn plain_line_ends(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrObject)
    }
}

struct TextOrObject;

impl<'de> Visitor<'de> for TextOrObject {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, or an object")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Content, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Content, E> {
        Ok(Content::Text(plain_line_ends(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Content, A::Error> {
        Map::deserialize(MapAccessDeserializer::new(map)).map(Content::Graph)
    }
}

/// Accepts a text or an object within their limits.
pub(crate) fn within_limits(content: &Content) -> Result<(), ValidationError> {
    match content {
        Content::Text(text) if !(1..=MAX_TEXT).contains(&text.chars().count()) => {
            Err(ValidationError::new("length").with_message("1 to 10000 characters".into()))
        }
        Content::Text(text) => rules::text(text),
        Content::Graph(graph) => rules::metadata(graph),
    }
}

/// The schema of what is sent.
pub(crate) fn sent() -> Object {
    let text = "1 to 10,000 Unicode scalar values, after line ends have become LF; of type graph, an \
                object of at most 16 KiB and 8 levels.";
    let schema = text_or_object().description(Some(text));
    schema.min_length(Some(1)).max_length(Some(MAX_TEXT)).pattern(Some(TEXT)).build()
}

/// The schema of what is told.
pub(crate) fn told() -> Object {
    text_or_object().description(Some("An object where the type is graph, else text.")).build()
}

fn text_or_object() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Array(vec![Type::String, Type::Object]))
}

/// What was said, as it is told.
#[derive(Debug)]
pub(crate) struct ContentView {
    stored: Arc<str>,
    is_graph: bool,
}

impl ContentView {
    pub(crate) fn of(stored: &Arc<str>, r#type: MessageType) -> Self {
        Self { stored: Arc::clone(stored), is_graph: r#type == MessageType::Graph }
    }
}

impl Serialize for ContentView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Of a deleted one nothing is left, which is no JSON.
        let graph = self.is_graph.then(|| serde_json::from_str::<&RawValue>(&self.stored));
        match graph {
            Some(Ok(graph)) => graph.serialize(serializer),
            _ => self.stored.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graph_is_told_as_it_was_sent_and_a_deleted_one_as_nothing() {
        let sent: Content = serde_json::from_str(r#"{"nodes":[{"id":"a\r\n"}],"n":1.50}"#).unwrap();
        let stored = sent.stored(MessageType::Graph, Formatting::Html).unwrap();
        let view =
            |stored: &str, of| serde_json::to_string(&ContentView::of(&stored.into(), of)).unwrap();
        let told: Value = serde_json::from_str(&view(&stored, MessageType::Graph)).unwrap();
        assert_eq!(told, serde_json::json!({ "nodes": [{ "id": "a\r\n" }], "n": 1.5 }));
        assert_eq!(view("", MessageType::Graph), r#""""#);
        assert_eq!(view("{}", MessageType::Chat), r#""{}""#);
    }

    #[test]
    fn objects_are_for_graphs_and_text_for_all_others() {
        let (text, graph) = (Content::from("hello"), Content::Graph(Map::new()));
        let stored = |content: &Content, of| content.clone().stored(of, Formatting::Plain);
        assert!(matches!(stored(&text, MessageType::Graph), Err(ChatError::OtherContent)));
        assert!(matches!(stored(&graph, MessageType::Chat), Err(ChatError::OtherContent)));
        assert_eq!(&*stored(&text, MessageType::Chat).unwrap(), "hello");
        assert_eq!(&*stored(&graph, MessageType::Graph).unwrap(), "{}");
    }
}
