//! All arguments of an event: those of the Admin UI have several, and not always as many.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{SeqAccess, Visitor},
    ser::SerializeTuple,
};
use serde_json::Value;

/// Arguments, which socketioxide takes and sends as such because they look like a tuple.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Arguments(pub(crate) Vec<Value>);

impl Arguments {
    /// The argument at this place as text, if it is there and is one.
    pub(crate) fn text(&self, at: usize) -> Option<&str> {
        self.0.get(at)?.as_str()
    }
}

impl Serialize for Arguments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        for argument in &self.0 {
            tuple.serialize_element(argument)?;
        }
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Arguments;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the arguments of an event")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Arguments, A::Error> {
                let mut arguments = Vec::new();
                while let Some(argument) = list.next_element()? {
                    arguments.push(argument);
                }
                Ok(Arguments(arguments))
            }
        }

        // The number is not looked at.
        deserializer.deserialize_tuple(0, All)
    }
}
