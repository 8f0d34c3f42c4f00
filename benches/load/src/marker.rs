//! What a message says of itself, so that every delivery can be accounted for.

use std::{str, time::Duration};

use memchr::memmem;

/// Bytes of a message's content.
const CONTENT_LENGTH: usize = 100;

/// Who sent a message, as how manieth of theirs in the room, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) room: usize,
    pub(crate) sender: usize,
    /// From 0, without holes.
    pub(crate) number: u64,
    /// Since the generator started.
    pub(crate) at: Duration,
}

impl Marker {
    /// Content that carries the marker.
    pub(crate) fn content(&self) -> String {
        let Self { room, sender, number, at } = self;
        let marker = format!("@@{room}.{sender}.{number}.{}@@", at.as_nanos());
        format!("{marker:x<CONTENT_LENGTH$}")
    }

    /// The marker in an event's JSON.
    pub(crate) fn find(json: &[u8]) -> Option<Self> {
        let start = memmem::find(json, b"@@")? + 2;
        let length = memmem::find(&json[start..], b"@@")?;
        let mut numbers = str::from_utf8(&json[start..start + length]).ok()?.split('.');
        let mut next = || numbers.next()?.parse::<u64>().ok();
        Some(Self {
            room: next()? as usize,
            sender: next()? as usize,
            number: next()?,
            at: Duration::from_nanos(next()?),
        })
    }
}

/// The number that the server gave to an event of its room, if it gives any.
pub(crate) fn seq(json: &[u8]) -> Option<u64> {
    const KEY: &[u8] = br#""seq":"#;
    let start = memmem::find(json, KEY)? + KEY.len();
    let digits = json[start..].iter().take_while(|it| it.is_ascii_digit()).count();
    str::from_utf8(&json[start..start + digits]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_found_again() {
        let at = Duration::from_nanos(1_234_567_890);
        let marker = Marker { room: 3, sender: 17, number: 42, at };
        let content = marker.content();
        assert_eq!(content.len(), CONTENT_LENGTH);
        let json = format!(r#"["chat:message:received",{{"content":"{content}"}}]"#);
        assert_eq!(Marker::find(json.as_bytes()), Some(marker));
        assert_eq!(Marker::find(br#"["chat:system:notification",{}]"#), None);
    }

    #[test]
    fn the_servers_number_is_found() {
        assert_eq!(seq(br#"{"id":"x","seq":12,"eventSeq":13}"#), Some(12));
        assert_eq!(seq(br#"{"eventSeq":13}"#), None);
    }
}
