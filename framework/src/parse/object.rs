//! Whether a type is written as an object.
//!
//! serde takes a list in the place of an object: its items for the fields, in their order. No
//! schema says so, and a field more would give all behind it another meaning.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeOwned, Error, Visitor},
    forward_to_deserialize_any,
};

/// Whether a `T` has named fields.
pub(super) fn is_object<T: DeserializeOwned>() -> bool {
    matches!(T::deserialize(Asked), Err(Wanted::Object))
}

/// Gives nothing, but sees what is wanted.
struct Asked;

#[derive(Debug)]
enum Wanted {
    Object,
    SomethingElse,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing is given here")
    }
}

impl std::error::Error for Wanted {}

impl Error for Wanted {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::SomethingElse
    }
}

impl<'de> Deserializer<'de> for Asked {
    type Error = Wanted;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Wanted> {
        Err(Wanted::SomethingElse)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Wanted> {
        Err(Wanted::Object)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wanted> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wanted> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
