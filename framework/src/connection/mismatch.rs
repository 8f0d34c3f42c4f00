//! Clients that write text to a server that reads MessagePack. The service would end their
//! connection without a word, and they would come back for ever.

use super::frame::Header;
use crate::error::{ClientError, ErrorKind};

/// Longest namespace that is told of a refusal.
const MAX_NAMESPACE: usize = 128;

/// The packet that refuses a CONNECT which is text, in the client's words; `None` if it is none.
pub(super) fn refusal(packet: &[u8]) -> Option<String> {
    let rest = packet.strip_prefix(b"40")?;
    let length = rest.iter().position(|it| matches!(it, b',' | b'?')).unwrap_or(rest.len());
    let namespace = rest.get(..length).filter(|it| it.starts_with(b"/"));
    let namespace = match namespace.map(std::str::from_utf8) {
        Some(Ok(namespace)) if length <= MAX_NAMESPACE => format!("{namespace},"),
        _ => String::new(),
    };
    let text =
        "This server reads MessagePack: the client needs `parser` of socket.io-msgpack-parser";
    let error = ClientError::new(ErrorKind::Invalid, text).detail("reason", "parser");
    let data = serde_json::to_value(error.socket_body(None)).ok()?;
    let answer = serde_json::json!({ "message": error.socket_code(), "data": data });
    Some(format!("44{namespace}{answer}"))
}

/// The same for the packet in a client's frame, as far as that is there.
pub(super) fn refusal_of_frame(frame: &[u8]) -> Option<String> {
    refusal(&packet_in(frame)?)
}

/// Whether a client's frame says that it speaks WebSocket from now on.
pub(super) fn upgrades(frame: &[u8]) -> bool {
    packet_in(frame).is_some_and(|it| it == b"5")
}

fn packet_in(frame: &[u8]) -> Option<Vec<u8>> {
    let header = Header::read(frame)?;
    let mask = frame.get(header.header.checked_sub(4)?..header.header)?;
    let length = usize::try_from(header.payload).unwrap_or(usize::MAX).min(MAX_NAMESPACE + 3);
    let payload = frame.get(header.header..)?.iter().take(length);
    Some(payload.zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_connect_is_refused_and_in_its_namespace() {
        for (packet, beginning) in [
            ("40", "44{"),
            (r#"40{"token":"x"}"#, "44{"),
            (r#"40/chat,{"token":"x"}"#, "44/chat,{"),
            ("40/chat?a=b", "44/chat,{"),
        ] {
            assert!(refusal(packet.as_bytes()).unwrap().starts_with(beginning), "{packet}");
        }
        assert!(refusal(format!("40/{}", "x".repeat(200)).as_bytes()).unwrap().starts_with("44{"));
        for other in ["", "4", "2probe", "42[\"a\"]", "5", "3"] {
            assert_eq!(refusal(other.as_bytes()), None);
        }
        for cut in
            [&[][..], &[0x81], &[0x81, 0x84], &[0x81, 0x82, 1, 2, 3], &[0x81, 0x82, 0, 0, 0, 0]]
        {
            assert_eq!(refusal_of_frame(cut), None);
        }
        assert!(refusal_of_frame(&[0x81, 0x82, 1, 2, 3, 4, b'4' ^ 1, b'0' ^ 2]).is_some());
        assert!(upgrades(&[0x81, 0x81, 1, 2, 3, 4, b'5' ^ 1]));
        assert!(!upgrades(&[0x81, 0x81, 1, 2, 3, 4, b'3' ^ 1]));
    }
}
