//! An event as it has arrived, in the words of whichever parser.

use socketioxide::handler::Value;

use crate::{app::MAX_ATTACHMENTS, msgpack};

/// An event that nobody has taken apart.
pub(super) struct Arrived {
    /// As socketioxide knows it, for its extractors.
    pub(super) value: Value,
    /// As JSON, if it came as MessagePack.
    pub(super) read: Option<Value>,
}

impl Arrived {
    pub(super) fn new(value: Value) -> Self {
        let read = match &value {
            Value::Str(..) => None,
            // What cannot be read is no event, and answered as such.
            Value::Bytes(bytes) => {
                let (json, parts) = msgpack::to_json(bytes, MAX_ATTACHMENTS).unwrap_or_default();
                Some(Value::Str(json.into(), Some(parts)))
            }
        };
        Self { value, read }
    }

    /// Name and arguments, as JSON.
    pub(super) fn text(&self) -> &str {
        match self.read.as_ref().unwrap_or(&self.value) {
            Value::Str(text, _) => text.as_str(),
            Value::Bytes(_) => "",
        }
    }
}
