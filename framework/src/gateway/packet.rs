//! What a client sends: an event's name and payload, and the envelope around it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::ClientError;

/// Longest `requestId` that is taken, in bytes.
const MAX_REQUEST_ID: usize = 128;

/// The event's name in a packet that is not yet parsed. It has no escapes: socketioxide has read
/// it, and refuses those.
pub(super) fn name(packet: &str) -> Option<&str> {
    name_and_rest(packet).map(|it| it.0)
}

fn name_and_rest(packet: &str) -> Option<(&str, &str)> {
    let rest = packet.trim_start().strip_prefix('[')?.trim_start().strip_prefix('"')?;
    let end = end_of_text(rest.as_bytes(), 0)?;
    Some((rest.get(..end)?, rest.get(end + 1..)?))
}

/// An event's name and first argument, as they stand in the packet: `["name", payload, ..]`.
///
/// socketioxide has read the packet, so it is well-formed, and one look is enough to cut it.
pub(super) fn cut(packet: &str) -> Option<(&str, &str)> {
    let (event, rest) = name_and_rest(packet)?;
    let Some(rest) = rest.trim_start().strip_prefix(',') else { return Some((event, "null")) };
    // A client that sends more arguments means the first one all the same.
    let payload = rest.get(..end_of_value(rest)?)?;
    Some((event, payload.trim()))
}

/// Where the value ends that a list goes on with.
fn end_of_value(rest: &str) -> Option<usize> {
    let (bytes, mut at, mut depth) = (rest.as_bytes(), 0, 0_usize);
    loop {
        match *bytes.get(at)? {
            b'"' => at = end_of_text(bytes, at + 1)?,
            b'[' | b'{' => depth += 1,
            b',' | b']' if depth == 0 => return Some(at),
            b']' | b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
    }
}

/// Where the quote stands that ends a text which goes on at `at`.
fn end_of_text(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        // Nearly all of a packet is text, so this has to be quick.
        at += bytes.get(at..)?.iter().position(|it| matches!(it, b'"' | b'\\'))?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

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

impl<'a> Envelope<'a> {
    /// The envelope that a payload is, if it is one.
    pub(super) fn of(payload: &'a str) -> Option<Self> {
        // Nearly all are none, and their first key tells.
        let key = payload.strip_prefix('{')?.trim_start().strip_prefix('"')?.split('"').next()?;
        let may_be = matches!(key, "data" | "event" | "requestId" | "version");
        // A key may be spelled with escapes.
        if !may_be && !key.contains('\\') {
            return None;
        }
        serde_json::from_str(payload).ok()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_first_argument_are_cut_out() {
        for (packet, name, payload) in [
            (r#"["say"]"#, "say", "null"),
            (r#"["say",{"a":[1,2]}]"#, "say", r#"{"a":[1,2]}"#),
            (r#" [ "say" , 7 , 8 ] "#, "say", "7"),
            (r#"["say","]\",\"}",{}]"#, "say", r#""]\",\"}""#),
            (r#"["say","\\",1]"#, "say", r#""\\""#),
            (r#"["[",[]]"#, "[", "[]"),
            (r#"["ü","ö"]"#, "ü", r#""ö""#),
        ] {
            assert_eq!(cut(packet), Some((name, payload)), "{packet}");
        }
        for odd in ["", "[", "[1]", r#"["say"#, r#"["say",{"a":1}"#, "{}"] {
            assert_eq!(cut(odd), None, "{odd}");
        }
    }

    #[test]
    fn envelope_has_data_and_nothing_else_of_its_own() {
        for envelope in [
            r#"{"data":1}"#,
            r#"{ "requestId":"r","data":{} }"#,
            r#"{"version":"1.0","event":"say","data":null}"#,
            r#"{"d\u0061ta":1}"#,
        ] {
            assert!(Envelope::of(envelope).is_some(), "{envelope}");
        }
        for bare in [r#"{"data":1,"more":2}"#, r#"{"event":"say"}"#, r#"{"roomId":1}"#, "[1]", "{}"]
        {
            assert!(Envelope::of(bare).is_none(), "{bare}");
        }
    }
}
