//! What a client remembers, to be recovered when its connection is lost.

use std::collections::HashMap;

use serde_json::{Value, json};

/// Remembers what Socket.IO's own client does, for each namespace.
#[derive(Debug, Default)]
pub(super) struct Memory(HashMap<String, Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    id: String,
    pid: Option<String>,
    offset: Option<String>,
}

impl Memory {
    /// Looks at a packet of the server: `<type>[/namespace,][ack id][json]`
    pub(super) fn look_at(&mut self, text: &str) {
        let (kind, rest) = text.split_at(1);
        let (namespace, rest) = match rest.split_once(',') {
            Some((namespace, rest)) if namespace.starts_with('/') => (namespace, rest),
            _ => ("/", rest),
        };
        let data: Value = serde_json::from_str(rest).unwrap_or_default();
        let text = |it: &Value| it.as_str().map(str::to_owned);
        let known = self.0.entry(namespace.to_owned()).or_default();
        match kind {
            "0" => {
                known.id = text(&data["sid"]).unwrap_or_default();
                known.pid = text(&data["pid"]);
            }
            "2" => {
                let last = data.as_array().and_then(|it| it[1..].last()).and_then(text);
                known.offset = last.or(known.offset.take());
            }
            _ => {}
        }
    }

    pub(super) fn id(&self, namespace: &str) -> &str {
        self.0.get(namespace).map_or("", |it| &it.id)
    }

    pub(super) fn recovery(&self, namespace: &str) -> Value {
        match self.0.get(namespace) {
            Some(Remembered { pid: Some(pid), offset: Some(offset), .. }) => {
                json!({ "pid": pid, "offset": offset })
            }
            Some(Remembered { pid: Some(pid), .. }) => json!({ "pid": pid }),
            _ => Value::Null,
        }
    }
}
