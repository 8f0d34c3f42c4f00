//! Engine.IO and Socket.IO packets in the namespace of the chat.

use std::str;

/// Every client connects here.
pub(crate) const NAMESPACE: &str = "/chat";

/// What a server says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// The connection is open.
    Open,
    Ping,
    /// The namespace has let us in.
    Connected,
    /// An event: `["name",data]`.
    Event(&'a [u8]),
    /// The answer to the event sent with this id: `[data]`.
    Ack {
        id: u64,
        data: &'a [u8],
    },
    /// A refusal, or the end.
    Refused,
    Other,
}

/// Reads the text of a frame.
pub(crate) fn read(text: &[u8]) -> Packet<'_> {
    match text {
        [b'0', ..] => Packet::Open,
        b"2" => Packet::Ping,
        b"1" => Packet::Refused,
        [b'4', kind, rest @ ..] => {
            let Some(rest) = rest.strip_prefix(NAMESPACE.as_bytes()) else { return Packet::Other };
            let rest = rest.strip_prefix(b",").unwrap_or(rest);
            match kind {
                b'0' => Packet::Connected,
                b'1' | b'4' => Packet::Refused,
                b'2' => Packet::Event(rest),
                b'3' => ack(rest).unwrap_or(Packet::Other),
                _ => Packet::Other,
            }
        }
        _ => Packet::Other,
    }
}

fn ack(rest: &[u8]) -> Option<Packet<'_>> {
    let digits = rest.iter().take_while(|it| it.is_ascii_digit()).count();
    let (id, data) = rest.split_at(digits);
    Some(Packet::Ack { id: str::from_utf8(id).ok()?.parse().ok()?, data })
}

/// The packet by which a client enters the namespace.
pub(crate) fn connect(token: &str) -> String {
    format!(r#"40{NAMESPACE},{{"token":"{token}"}}"#)
}

/// An event whose answer comes under `id`.
pub(crate) fn event(id: u64, name: &str, json: &str) -> String {
    format!(r#"42{NAMESPACE},{id}["{name}",{json}]"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_told_apart() {
        assert_eq!(read(br#"0{"sid":"x"}"#), Packet::Open);
        assert_eq!(read(b"2"), Packet::Ping);
        assert_eq!(read(br#"40/chat,{"sid":"x"}"#), Packet::Connected);
        assert_eq!(read(br#"44/chat,{"message":"AUTH_FAILED"}"#), Packet::Refused);
        assert_eq!(read(b"41/chat,"), Packet::Refused);
        assert_eq!(read(br#"42/chat,["a",1]"#), Packet::Event(br#"["a",1]"#));
        assert_eq!(read(br#"43/chat,17[{}]"#), Packet::Ack { id: 17, data: b"[{}]" });
        assert_eq!(read(br#"42["in another namespace"]"#), Packet::Other);
        assert_eq!(read(b""), Packet::Other);
    }

    #[test]
    fn an_event_asks_for_its_ack() {
        assert_eq!(event(3, "a", "{}"), r#"42/chat,3["a",{}]"#);
    }
}
