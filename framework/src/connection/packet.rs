//! The answers to a client's CONNECT, with what the service cannot say itself.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::session::{Announced, Session};
use crate::{msgpack, settings::Parser};

/// Whether an Engine.IO packet is a message whose Socket.IO packet is CONNECT or `CONNECT_ERROR`.
pub(super) fn answers_connect(packet: &[u8]) -> bool {
    matches!(packet, [b'4', b'0' | b'4', ..])
}

/// The packet with what `session` was to tell; `None` if it stays as it is.
pub(super) fn rewritten(packet: &[u8], session: &Session) -> Option<String> {
    let packet = std::str::from_utf8(packet).ok()?;
    let (kind, rest) = packet.split_at_checked(2)?;
    let (namespace, data) = match rest.split_once(',') {
        Some((namespace, data)) if namespace.starts_with('/') => (namespace, data),
        _ => ("/", rest),
    };
    let prefix = &rest[..rest.len() - data.len()];
    let message = || Some(serde_json::from_str::<Refused>(data).ok()?.message);
    let data = match kind {
        "40" => told(session, namespace, true, message)?,
        "44" => told(session, namespace, false, message)?,
        _ => return None,
    };
    Some(format!("{kind}{prefix}{data}"))
}

/// What [`rewritten`] is for text, for MessagePack.
pub(super) fn rewritten_msgpack(packet: &[u8], session: &Session) -> Option<Vec<u8>> {
    if msgpack::answers_connect(packet) != Some(true) {
        return None;
    }
    msgpack::rewritten(packet, |kind, namespace, data| {
        let message = || Some(data["message"].as_str()?.to_owned());
        told(session, namespace, kind == 0, message)
    })
}

/// What [`rewritten`] is, for a packet in the answer to a poll.
pub(super) fn rewritten_record(record: &[u8], session: &Session) -> Option<String> {
    match session.parser() {
        Parser::Default if answers_connect(record) => rewritten(record, session),
        Parser::Default => None,
        Parser::Msgpack => {
            let packet = BASE64_STANDARD.decode(record.strip_prefix(b"b")?).ok()?;
            let packet = rewritten_msgpack(&packet, session)?;
            Some(format!("b{}", BASE64_STANDARD.encode(packet)))
        }
    }
}

/// The data of an answer to CONNECT, with what `session` was to tell, if there is something.
fn told(
    session: &Session,
    namespace: &str,
    is_in: bool,
    message: impl FnOnce() -> Option<String>,
) -> Option<String> {
    let fits: fn(&Announced) -> bool = match is_in {
        true => |it| matches!(it, Announced::Connected(..)),
        false => |it| matches!(it, Announced::Refused(_)),
    };
    let data = match session.take_announced(namespace, fits)? {
        Announced::Connected(id, pid) => {
            let pid = pid.map(|it| it.reveal());
            serde_json::to_string(&Connected { sid: id.as_str(), pid })
        }
        Announced::Refused(error) => {
            serde_json::to_string(&Refused { message: message()?, data: Some(&error) })
        }
    };
    data.ok()
}

#[derive(Serialize)]
struct Connected<'a> {
    sid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Refused<'a> {
    message: String,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use serde_json::{json, value::to_raw_value};

    use super::*;
    use crate::connection::PublicId;

    fn refused(code: &str) -> Announced {
        Announced::Refused(to_raw_value(&json!({ "code": code })).unwrap())
    }

    #[test]
    fn each_namespace_gets_what_was_announced_to_it_and_each_only_once() {
        let session = Session::default();
        let (root, chat) = (PublicId::random(), PublicId::random());
        session.announce("/chat", refused("AUTH_FAILED"));
        session.announce("/chat", Announced::Connected(chat.clone(), None));
        session.announce("/", Announced::Connected(root.clone(), None));

        let told = |packet: &str| rewritten(packet.as_bytes(), &session);
        assert_eq!(told(r#"40{"sid":"x"}"#), Some(format!(r#"40{{"sid":"{root}"}}"#)));
        assert_eq!(told(r#"40{"sid":"x"}"#), None);
        assert_eq!(told(r#"40/chat,{"sid":"x"}"#), Some(format!(r#"40/chat,{{"sid":"{chat}"}}"#)));
        assert_eq!(
            told(r#"44/chat,{"message":"NO"}"#).as_deref(),
            Some(r#"44/chat,{"message":"NO","data":{"code":"AUTH_FAILED"}}"#)
        );
        assert_eq!(told(r#"44/nowhere,{"message":"Invalid namespace"}"#), None);
        assert!(!session.has_announced());
    }
}
