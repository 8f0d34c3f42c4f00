//! Conversations that a client names when it connects, and hears again without asking twice.

use std::sync::Arc;

use auth::Caller;
use hornero::{ClientError, EmitEvent, SocketRef};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    access::Access, conversation::ConversationId, error::AccessError, replay::Since,
    subscriptions::Subscriptions,
};

/// Most conversations that a handshake may name.
const MAX_CONVERSATIONS: usize = 1_000;

/// What a client wants to hear as soon as it is connected: `auth.conversations`.
#[derive(Clone)]
pub(crate) struct Wanted(Arc<[(ConversationId, Since)]>);

/// What a client has seen of one life of the log.
#[derive(Deserialize)]
struct Seen {
    #[serde(deserialize_with = "hornero::whole")]
    seq: i64,
    epoch: Option<Uuid>,
}

impl Wanted {
    /// Reads the `auth` object of a handshake.
    ///
    /// # Errors
    ///
    /// Whatever is not `{"<id>": <lastSeq>}` or `{"<id>": {"seq": .., "epoch": ..}}`, and more
    /// than 1,000 of them.
    pub(crate) fn read(auth: &Value) -> Result<Option<Self>, ClientError> {
        let Some(named) = auth.get("conversations").filter(|it| !it.is_null()) else {
            return Ok(None);
        };
        let odd = || {
            let text = "must be an object of ids with a seq, or `{seq, epoch}`, each";
            ClientError::field("conversations", "type", text)
        };
        let named = named.as_object().ok_or_else(odd)?;
        if named.len() > MAX_CONVERSATIONS {
            return Err(ClientError::field("conversations", "length", "at most 1000"));
        }
        let read = |(id, seen): (&String, &Value)| {
            let id = ConversationId(Uuid::try_parse(id).ok()?);
            let Seen { seq, epoch } = match seen {
                Value::Object(_) => Seen::deserialize(seen).ok()?,
                seq => Seen { seq: hornero::whole(seq).ok()?, epoch: None },
            };
            (seq >= 0).then_some((id, Since { seq, epoch }))
        };
        let wanted: Option<Arc<[_]>> = named.iter().map(read).collect();
        Ok(Some(Self(wanted.ok_or_else(odd)?)))
    }
}

/// Joins what clients have named.
pub(crate) struct Rejoin {
    access: Arc<Access>,
    subscriptions: Arc<Subscriptions>,
}

impl Rejoin {
    pub(crate) fn new(access: Arc<Access>, subscriptions: Arc<Subscriptions>) -> Self {
        Self { access, subscriptions }
    }

    /// Joins each conversation as its own event would, one after the other, and sends what
    /// was missed. One that is refused is told of, and the next one is joined.
    pub(crate) async fn join_all(&self, socket: &SocketRef, wanted: &Wanted) {
        let Some(caller) = socket.extensions.get::<Caller>() else { return };
        for (id, since) in wanted.0.iter() {
            if !socket.connected() {
                return;
            }
            // One that has come back as who it was goes on there, and is not told twice.
            if self.subscriptions.has_joined(socket, *id) {
                continue;
            }
            if let Err(error) = self.join(socket, &caller, *id, *since).await {
                let refusal = ClientError::from(error).detail("conversationId", id.to_string());
                socket.emit_error("chat:error", &refusal);
            }
        }
    }

    async fn join(
        &self,
        socket: &SocketRef,
        caller: &Caller,
        id: ConversationId,
        since: Since,
    ) -> Result<(), AccessError> {
        let to = (id, self.access.kind(id).await?.vocabulary());
        let (joined, replay) = self.subscriptions.join(socket, caller, to, Some(since)).await?;
        if let Some(frame) = self.access.joined(id, joined).await? {
            replay.answer(&frame).await;
        }
        replay.run().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(conversations: Value) -> Result<Vec<(ConversationId, Since)>, ClientError> {
        let wanted = Wanted::read(&json!({ "conversations": conversations }))?;
        Ok(wanted.map(|it| it.0.to_vec()).unwrap_or_default())
    }

    #[test]
    fn both_forms_are_read() {
        let (a, b, epoch) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let seven = (ConversationId(a), Since { seq: 7, epoch: None });
        let eight = (ConversationId(b), Since { seq: 8, epoch: Some(epoch) });
        // A fraction of nothing changes no number.
        for (first, second) in [(json!(7), json!(8)), (json!(7.0), json!(8.0))] {
            let second = json!({ "seq": second, "epoch": epoch });
            let object = json!({ a.to_string(): first, b.to_string(): second });
            let mut wanted = read(object).unwrap();
            wanted.sort_by_key(|it| it.0);
            assert_eq!(wanted, [seven, eight]);
        }
        assert_eq!(read(Value::Null).unwrap(), []);
    }

    #[test]
    fn anything_else_is_refused() {
        let id = Uuid::from_u128(1).to_string();
        for odd in [
            json!([]),
            json!("all"),
            json!({ "kitchen": 7 }),
            json!({ &id: "7" }),
            json!({ &id: -1 }),
            json!({ &id: 1.5 }),
            json!({ &id: { "epoch": &id } }),
        ] {
            assert!(read(odd.clone()).is_err(), "{odd}");
        }
        let many = |count| (0..count).map(|n| (Uuid::from_u128(n).to_string(), json!(0))).collect();
        assert_eq!(read(Value::Object(many(1_000))).unwrap().len(), 1_000);
        assert!(read(Value::Object(many(1_001))).is_err());
    }
}
