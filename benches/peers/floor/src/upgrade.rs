//! The step from HTTP to WebSocket and Engine.IO.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

/// Answers an upgrade; nothing for a request that is none.
pub(crate) fn answer(request: &str) -> Option<String> {
    let key = request.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim())
    })?;
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = STANDARD.encode(hash.finalize());
    Some(format!(
        "HTTP/1.1 101 Switching Protocols\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ))
}

/// The packet that opens an Engine.IO connection.
pub(crate) fn open(number: u64) -> String {
    format!(
        r#"0{{"sid":"{number:020}","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":65535}}"#
    )
}
