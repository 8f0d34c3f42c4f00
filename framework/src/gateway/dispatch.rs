//! From a packet to a job in the socket's mailbox, and from its result to an answer.

use std::{
    borrow::Cow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use axum::body::Bytes;
use futures_util::FutureExt;
use serde::{
    Deserialize, Serialize,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use socketioxide::{
    SendError, SocketError,
    adapter::LocalAdapter,
    extract::{AckSender, SocketRef},
    handler::{FromMessageParts, MessageHandler, Value},
    socket::Socket,
};

use super::{
    extract::Incoming,
    mailbox::{Full, Mailbox},
    namespace::{Namespace, Ours},
};
use crate::{
    error::{CONTRACT_VERSION, ClientError},
    provider::BoxFuture,
};

/// Longest `requestId` that is taken, in bytes.
const MAX_REQUEST_ID: usize = 128;

/// Receives every event of one socket.
///
/// It is the socket's only handler, so that a socket carries one small value
/// instead of a table of its own.
pub(super) struct Dispatcher {
    pub(super) namespace: Arc<Namespace>,
    pub(super) mailbox: Arc<Mailbox>,
}

/// socketioxide calls this synchronously, in the order in which packets arrive.
impl MessageHandler<LocalAdapter, Ours> for Dispatcher {
    fn call(&self, socket: Arc<Socket<LocalAdapter>>, mut value: Value, ack_id: Option<i64>) {
        let mut answer = Answer {
            socket: Arc::clone(&socket),
            ack_id,
            request_id: None,
            error_event: self.namespace.error_event,
            reply_event: None,
        };
        // A panic here, say in a validation rule, would take the whole connection with it.
        let prepare = AssertUnwindSafe(|| self.prepare(&socket, &mut value, &mut answer));
        let prepared = catch_unwind(prepare).unwrap_or_else(|_| Err(ClientError::internal()));
        let job = match prepared {
            Ok(job) => guarded(job, answer.clone()),
            Err(error) => {
                let answer = answer.clone();
                Box::pin(async move { answer.error(&error) })
            }
        };
        if let Err(Full) = self.mailbox.push(job) {
            answer.error(&ClientError::unavailable("Too many events of this socket are waiting"));
        }
    }
}

impl Dispatcher {
    fn prepare(
        &self,
        socket: &Arc<Socket<LocalAdapter>>,
        value: &mut Value,
        answer: &mut Answer,
    ) -> Result<BoxFuture<()>, ClientError> {
        // Cheap: the text is reference-counted. Extractors may take binary parts out of `value`.
        let Value::Str(text, _) = value.clone() else {
            return Err(ClientError::invalid("Events must be sent as text"));
        };
        let packet = serde_json::from_str::<Packet<'_>>(text.as_str())
            .map_err(|_| ClientError::invalid("The event does not have the expected form"))?;
        let handler = self.namespace.handler(&packet.event).ok_or_else(|| {
            ClientError::invalid("There is no such event").detail("reason", "unknown_event")
        })?;
        answer.error_event = handler.error_event();
        answer.reply_event = handler.reply_event();

        let mut payload = packet.payload.map_or("null", RawValue::get);
        if let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(payload) {
            answer.request_id = envelope.request_id()?;
            envelope.check(&packet.event)?;
            payload = envelope.data.get();
        }
        let mut incoming = Incoming { socket, payload, value, ack_id: answer.ack_id };
        handler.prepare(&mut incoming, answer.clone())
    }
}

/// Answers for a handler that panics, so that the client is not left waiting.
fn guarded(job: BoxFuture<()>, answer: Answer) -> BoxFuture<()> {
    Box::pin(async move {
        if AssertUnwindSafe(job).catch_unwind().await.is_err() {
            answer.error(&ClientError::internal());
        }
    })
}

/// An event's arguments as they stand in the packet: `["name", payload, ..]`.
struct Packet<'a> {
    event: Cow<'a, str>,
    payload: Option<&'a RawValue>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Packet<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PacketVisitor;

        impl<'de> Visitor<'de> for PacketVisitor {
            type Value = Packet<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an event's name and arguments")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Packet<'de>, A::Error> {
                let event = seq.next_element::<Name<'de>>()?.map_or(Cow::Borrowed(""), |it| it.0);
                let payload = seq.next_element()?;
                // A client that sends more arguments means the first one all the same.
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Packet { event, payload })
            }
        }

        deserializer.deserialize_seq(PacketVisitor)
    }
}

/// A string that is borrowed unless it holds escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The wrapping that some clients put around every payload.
///
/// A payload counts as one only if it has `data` and nothing but these keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    data: &'a RawValue,
    // Not yet strings: an envelope with a wrong one is refused, and not taken for data.
    event: Option<serde_json::Value>,
    request_id: Option<serde_json::Value>,
    version: Option<serde_json::Value>,
}

impl Envelope<'_> {
    fn request_id(&self) -> Result<Option<Arc<str>>, ClientError> {
        match string("requestId", &self.request_id)? {
            Some(id) if id.len() > MAX_REQUEST_ID => {
                Err(ClientError::field("requestId", "length", "at most 128 bytes"))
            }
            id => Ok(id.map(Arc::from)),
        }
    }

    fn check(&self, event: &str) -> Result<(), ClientError> {
        if string("event", &self.event)?.is_some_and(|it| it != event) {
            return Err(ClientError::field("event", "mismatch", "must be the event's name"));
        }
        let version = string("version", &self.version)?;
        let major = version.map(|it| it.split('.').next().unwrap_or(it));
        if major.is_some_and(|it| it != "1") {
            return Err(ClientError::field("version", "unsupported", "must be a version 1"));
        }
        Ok(())
    }
}

fn string<'a>(
    key: &str,
    value: &'a Option<serde_json::Value>,
) -> Result<Option<&'a str>, ClientError> {
    let Some(value) = value else { return Ok(None) };
    let string = value.as_str().ok_or_else(|| ClientError::field(key, "type", "must be a string"));
    string.map(Some)
}

/// Where the answer to an event goes.
#[derive(Clone)]
#[doc(hidden)]
pub struct Answer {
    socket: Arc<Socket<LocalAdapter>>,
    ack_id: Option<i64>,
    request_id: Option<Arc<str>>,
    error_event: &'static str,
    reply_event: Option<&'static str>,
}

impl Answer {
    pub(super) fn ok(&self, data: &impl Serialize) {
        let request_id = self.request_id.as_deref();
        if let Some(event) = self.reply_event {
            self.sent(
                self.socket.emit(event, &Replied { data, request_id, version: CONTRACT_VERSION }),
            );
        }
        self.ack(&Ack::Ok { data, request_id });
    }

    pub(super) fn error(&self, error: &ClientError) {
        let body = error.socket_body(self.request_id.as_deref());
        self.ack(&Ack::Error::<()> { error: &body, request_id: self.request_id.as_deref() });
        self.sent(self.socket.emit(self.error_event, &body));
    }

    fn ack(&self, ack: &Ack<'_, impl Serialize>) {
        if self.ack_id.is_none() {
            return;
        }
        // The extractor is the only way to an `AckSender`, and it does not look at the value.
        let mut unused = Value::Bytes(Bytes::new());
        let Ok(sender) = AckSender::from_message_parts(&self.socket, &mut unused, &self.ack_id);
        self.sent(sender.send(ack));
    }

    /// A client whose buffer is full would miss this answer without knowing, so it is cut
    /// off and can come back. One that has left needs no answer.
    fn sent(&self, result: Result<(), SendError>) {
        match result {
            Err(SendError::Socket(SocketError::InternalChannelFull)) => {
                tracing::warn!(socket.ns = self.socket.ns(), "Closing a socket that does not read");
                SocketRef::from(Arc::clone(&self.socket)).disconnect().ok();
            }
            Err(SendError::Serialize(error)) => {
                tracing::error!(%error, "Could not encode an answer: {error}");
            }
            _ => {}
        }
    }
}

/// Data of a success event as clients see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replied<'a, T> {
    #[serde(flatten)]
    data: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    version: &'static str,
}

/// The ack as clients see it.
#[derive(Serialize)]
#[serde(tag = "status", rename_all = "lowercase", rename_all_fields = "camelCase")]
enum Ack<'a, T> {
    Ok {
        data: &'a T,
        #[serde(skip_serializing_if = "Option::is_none")]
        request_id: Option<&'a str>,
    },
    Error {
        error: &'a crate::error::SocketErrorBody<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        request_id: Option<&'a str>,
    },
}
