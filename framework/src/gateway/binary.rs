//! Bytes among the data of an event.

use std::{cell::RefCell, collections::VecDeque, fmt};

use axum::body::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, Unexpected, Visitor},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

/// Bytes in the payload of an event: what a client gives as a `Buffer`, an `ArrayBuffer` or the
/// like, at any place.
///
/// ```
/// use hornero::Binary;
///
/// #[derive(serde::Deserialize, utoipa::ToSchema)]
/// struct Picture {
///     title: String,
///     pixels: Binary,
/// }
/// ```
///
/// A payload that has something else there is refused, and the field named. It is parsed only as
/// part of an event: as text, bytes are not understood.
#[derive(Clone, PartialEq, Eq)]
pub struct Binary(pub Bytes);

thread_local! {
    /// The binary parts of the event that this thread is parsing. Its text says only at which
    /// place each belongs, and types that are parsed are given nothing but the text.
    static PARTS: RefCell<VecDeque<Bytes>> = const { RefCell::new(VecDeque::new()) };
}

/// Calls `parse`, which finds these parts in the text that it parses.
pub(super) fn with_parts<T>(parts: &VecDeque<Bytes>, parse: impl FnOnce() -> T) -> T {
    /// The next event's parts are others, also after a panic.
    struct Forgotten;

    impl Drop for Forgotten {
        fn drop(&mut self) {
            PARTS.with_borrow_mut(VecDeque::clear);
        }
    }

    let _forgotten = Forgotten;
    // Cheap: they are reference-counted.
    PARTS.with_borrow_mut(|it| it.clone_from(parts));
    parse()
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Placeholder)
    }
}

/// What stands in the text: `{"_placeholder":true,"num":0}`.
struct Placeholder;

impl<'de> Visitor<'de> for Placeholder {
    type Value = Binary;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("binary data")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Binary, A::Error> {
        let (mut is_one, mut number) = (false, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "_placeholder" => is_one = map.next_value()?,
                "num" => number = Some(map.next_value::<usize>()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let part = |number| PARTS.with_borrow(|it| it.get(number).cloned());
        let part = number.filter(|_| is_one).and_then(part);
        part.map(Binary).ok_or_else(|| A::Error::invalid_value(Unexpected::Map, &self))
    }
}

/// Shows how many bytes there are, and none of them.
impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Binary({} bytes)", self.0.len())
    }
}

impl PartialSchema for Binary {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("Bytes, which are a binary part of the packet."))
            .into()
    }
}

impl ToSchema for Binary {}
