//! What a client sends: an event's name and payload, and the envelope around it.

use std::{borrow::Cow, sync::Arc};

use serde::{
    Deserialize,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::error::ClientError;

/// Longest `requestId` that is taken, in bytes.
const MAX_REQUEST_ID: usize = 128;

/// The event's name in a packet that is not yet parsed. It has no escapes: socketioxide has read
/// it, and refuses those.
pub(super) fn name(packet: &str) -> Option<&str> {
    let rest = packet.trim_start().strip_prefix('[')?.trim_start().strip_prefix('"')?;
    rest.split_once('"').map(|it| it.0)
}

/// An event's arguments as they stand in the packet: `["name", payload, ..]`.
pub(super) struct Packet<'a> {
    pub(super) event: Cow<'a, str>,
    pub(super) payload: Option<&'a RawValue>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Packet<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PacketVisitor;

        impl<'de> Visitor<'de> for PacketVisitor {
            type Value = Packet<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an event's name and arguments")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Packet<'de>, A::Error> {
                let event = seq.next_element::<Name<'de>>()?.map_or(Cow::Borrowed(""), |it| it.0);
                let payload = seq.next_element()?;
                // A client that sends more arguments means the first one all the same.
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Packet { event, payload })
            }
        }

        deserializer.deserialize_seq(PacketVisitor)
    }
}

/// A string that is borrowed unless it holds escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The wrapping that some clients put around every payload.
///
/// A payload counts as one only if it has `data` and nothing but these keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    pub(super) data: &'a RawValue,
    // Not yet strings: an envelope with a wrong one is refused, and not taken for data.
    event: Option<serde_json::Value>,
    request_id: Option<serde_json::Value>,
    version: Option<serde_json::Value>,
}

impl Envelope<'_> {
    /// The request's id, for answers.
    pub(super) fn request_id(&self) -> Result<Option<Arc<str>>, ClientError> {
        match string("requestId", &self.request_id)? {
            Some(id) if id.len() > MAX_REQUEST_ID => {
                Err(ClientError::field("requestId", "length", "at most 128 bytes"))
            }
            id => Ok(id.map(Arc::from)),
        }
    }

    /// Refuses an envelope that says something else than the packet around it.
    pub(super) fn check(&self, event: &str) -> Result<(), ClientError> {
        if string("event", &self.event)?.is_some_and(|it| it != event) {
            return Err(ClientError::field("event", "mismatch", "must be the event's name"));
        }
        let version = string("version", &self.version)?;
        let major = version.map(|it| it.split('.').next().unwrap_or(it));
        if major.is_some_and(|it| it != "1") {
            return Err(ClientError::field("version", "unsupported", "must be a version 1"));
        }
        Ok(())
    }
}

fn string<'a>(
    key: &str,
    value: &'a Option<serde_json::Value>,
) -> Result<Option<&'a str>, ClientError> {
    let Some(value) = value else { return Ok(None) };
    let string = value.as_str().ok_or_else(|| ClientError::field(key, "type", "must be a string"));
    string.map(Some)
}
