//! The id of a socket that others may know.

use std::{fmt, sync::Arc};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Serialize, Serializer};
use socketioxide::extract::SocketRef;
use uuid::Uuid;

/// What a socket is called: `socket.id` at its client, and the channel that only it is in.
///
/// Each socket has its own, also those that one connection has in several namespaces or one
/// after the other. Unlike socketioxide's `socket.id`, which stands for the connection and must
/// stay between it and its client, it may be shown to anybody: nothing can be done with it.
///
/// Clients of Socket.IO 2 make an id of their own, and do not know this one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PublicId(Arc<str>);

impl PublicId {
    /// A new one, which nobody can guess.
    pub(crate) fn random() -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(Uuid::new_v4()).into())
    }

    /// The id of a socket. It has one before any gateway is asked to let it in.
    pub fn of(socket: &SocketRef) -> Self {
        socket.extensions.get().unwrap_or_else(|| {
            // No gateway serves its namespace, so its client was told another one.
            let id = Self::random();
            socket.extensions.insert(id.clone());
            id
        })
    }

    /// The id as text: 22 characters that can stand in a URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<PublicId> for String {
    fn from(id: PublicId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl Serialize for PublicId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
