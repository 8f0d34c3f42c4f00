//! What is written as JSON, as MessagePack.

use rmpv::Value;
use serde::{Serialize, Serializer, ser::Error};

/// Is encoded in the words of JSON, also where the format is not for people to read: ids are
/// texts, and what is JSON already is taken apart. Bytes stay bytes.
///
/// In JSON itself it is nothing but the value.
pub(crate) struct Readable<'a, T: ?Sized>(pub(crate) &'a T);

impl<T: Serialize + ?Sized> Serialize for Readable<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Known when this is compiled: text pays nothing for it.
        if serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        value_of(self.0).map_err(S::Error::custom)?.serialize(serializer)
    }
}

fn value_of(value: &(impl Serialize + ?Sized)) -> Result<Value, String> {
    let mut bytes = Vec::new();
    let encoder = rmp_serde::Serializer::new(&mut bytes);
    let mut encoder = encoder.with_struct_map().with_human_readable();
    value.serialize(&mut encoder).map_err(|it| it.to_string())?;
    let mut value = rmpv::decode::read_value(&mut &bytes[..]).map_err(|it| it.to_string())?;
    open(&mut value).map_err(|it| it.to_string())?;
    Ok(value)
}

/// What `serde_json` calls a text that is JSON already, and has as the only field of its struct.
const RAW: &str = "$serde_json::private::RawValue";

/// Takes texts apart that are JSON already.
fn open(value: &mut Value) -> Result<(), serde_json::Error> {
    match value {
        Value::Array(list) => list.iter_mut().try_for_each(open),
        Value::Map(map) => match &map[..] {
            [(key, Value::String(json))] if key.as_str() == Some(RAW) => {
                *value = serde_json::from_str(json.as_str().unwrap_or_default())?;
                Ok(())
            }
            _ => map.iter_mut().try_for_each(|(_, value)| open(value)),
        },
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use serde_json::{json, value::to_raw_value};
    use uuid::Uuid;

    use super::*;
    use crate::msgpack::to_json;

    #[derive(Serialize)]
    #[serde(tag = "status", rename_all = "camelCase")]
    enum Answer {
        Ok { id: Uuid, raw: Box<serde_json::value::RawValue>, none: Option<u8>, bytes: Bytes },
    }

    #[test]
    fn what_clients_see_is_what_json_says() {
        let raw = to_raw_value(&json!({ "a": [1, null, -0.5, { "b": "c" }] })).unwrap();
        let bytes = Bytes::from_static(&[1, 2]);
        let answer = Answer::Ok { id: Uuid::nil(), raw, none: None, bytes };
        let packed = rmp_serde::to_vec_named(&Readable(&answer)).unwrap();
        let (text, parts) = to_json(&packed.into(), 1).unwrap();
        let expected = json!({
            "status": "ok",
            "id": "00000000-0000-0000-0000-000000000000",
            "raw": { "a": [1, null, -0.5, { "b": "c" }] },
            "none": null,
            "bytes": { "_placeholder": true, "num": 0 },
        });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), expected);
        assert_eq!(parts, [Bytes::from_static(&[1, 2])]);
    }

    #[test]
    fn json_is_json() {
        let raw = to_raw_value(&json!([1, { "a": "b" }])).unwrap();
        assert_eq!(serde_json::to_string(&Readable(&raw)).unwrap(), r#"[1,{"a":"b"}]"#);
    }
}
