//! The answers to CONNECT.

use rmpv::Value;

/// What a packet begins with that has the fields that socketioxide writes: `{"type": `.
const BEGINNING: &[u8] = b"\xa4type";

/// Whether a packet is CONNECT or `CONNECT_ERROR`; `None` if more of it is needed to tell.
pub(crate) fn answers_connect(packet: &[u8]) -> Option<bool> {
    let (map, rest) = packet.split_first()?;
    let length = rest.len().min(BEGINNING.len());
    if map & 0xf0 != 0x80 || rest[..length] != BEGINNING[..length] {
        return Some(false);
    }
    rest.get(BEGINNING.len()).map(|kind| matches!(kind, 0 | 4))
}

/// The packet with the data, in JSON, that `told` has for its type, its namespace and the data that it had;
/// `None` if it stays as it is.
pub(crate) fn rewritten(
    packet: &[u8],
    told: impl FnOnce(u64, &str, Value) -> Option<String>,
) -> Option<Vec<u8>> {
    let Value::Map(mut fields) = rmpv::decode::read_value(&mut &packet[..]).ok()? else {
        return None;
    };
    let field = |name: &str| fields.iter().position(|(key, _)| key.as_str() == Some(name));
    let (kind, namespace, data) = (field("type")?, field("nsp")?, field("data")?);
    let old = std::mem::replace(&mut fields[data].1, Value::Nil);
    let new = told(fields[kind].1.as_u64()?, fields[namespace].1.as_str()?, old)?;
    fields[data].1 = serde_json::from_str(&new).ok()?;
    let mut packet = Vec::new();
    rmpv::encode::write_value(&mut packet, &Value::Map(fields)).ok()?;
    Some(packet)
}
