//! A packet of Socket.IO.

use serde_json::Value;

/// A packet of the server, with its namespace.
#[derive(Debug, Clone, PartialEq)]
pub enum Packet {
    /// The namespace lets the client in.
    Connect(String),
    /// The namespace refuses the client, for this reason.
    ConnectError(String, Value),
    /// The namespace sends the client away.
    Disconnect(String),
    /// Namespace, the event's name and its first argument.
    Event(String, String, Value),
    /// Namespace, id and first argument.
    Ack(String, i64, Value),
    /// A packet that has binary parts, as it stands.
    Other(String),
    /// The connection has ended.
    Closed,
}

impl Packet {
    pub(super) fn is_event(&self, namespace: &str, name: &str) -> bool {
        matches!(self, Self::Event(ns, event, _) if ns == namespace && event == name)
    }

    pub(super) fn is_ack(&self, namespace: &str, id: i64) -> bool {
        matches!(self, Self::Ack(ns, acked, _) if ns == namespace && *acked == id)
    }

    /// `<type>[/namespace,][ack id][json]`
    pub(super) fn read(text: &str) -> Self {
        let (kind, rest) = text.split_at(1);
        let (namespace, rest) = match rest.split_once(',') {
            Some((namespace, rest)) if namespace.starts_with('/') => (namespace, rest),
            _ => ("/", rest),
        };
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (id, json) = rest.split_at(digits);
        let namespace = namespace.to_owned();
        let mut data: Value = serde_json::from_str(json).unwrap_or_default();
        match (kind, id.parse()) {
            ("0", _) => Self::Connect(namespace),
            ("1", _) => Self::Disconnect(namespace),
            ("2", _) => {
                let event = data[0].as_str().unwrap_or_default().to_owned();
                Self::Event(namespace, event, data[1].take())
            }
            ("3", Ok(id)) => Self::Ack(namespace, id, data[0].take()),
            ("4", _) => Self::ConnectError(namespace, data),
            _ => Self::Other(text.to_owned()),
        }
    }
}
