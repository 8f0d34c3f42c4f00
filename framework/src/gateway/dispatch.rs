//! From a packet to a job in the socket's mailbox, and from its result to an answer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use serde_json::value::RawValue;
use socketioxide::{
    adapter::LocalAdapter,
    handler::{MessageHandler, Value},
    socket::Socket,
};

use super::{
    answer::Answer,
    mailbox::{Full, Mailbox},
    namespace::{Namespace, Ours},
    packet::{Envelope, Packet},
};
use crate::{error::ClientError, provider::BoxFuture};

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
            Ok(job) => job,
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
        let received = Received { socket, payload, value, ack_id: answer.ack_id };
        handler.prepare(received, answer.clone())
    }
}

/// An event that was taken out of its packet, for the handler it belongs to.
pub(super) struct Received<'a> {
    pub(super) socket: &'a Arc<Socket<LocalAdapter>>,
    pub(super) payload: &'a str,
    pub(super) value: &'a mut Value,
    pub(super) ack_id: Option<i64>,
}
