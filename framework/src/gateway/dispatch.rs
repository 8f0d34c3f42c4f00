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
    fn call(&self, socket: Arc<Socket<LocalAdapter>>, value: Value, ack_id: Option<i64>) {
        let answer = Answer {
            socket,
            ack_id,
            request_id: None,
            error_event: self.namespace.error_event,
            reply_event: None,
        };
        let job = handle(Arc::clone(&self.namespace), value, answer.clone());
        if let Err(Full) = self.mailbox.push(Box::pin(job)) {
            answer.error(&ClientError::unavailable("Too many events of this socket are waiting"));
        }
    }
}

/// Handles an event when its turn has come. Not before: what the events before it have
/// changed, such as who the caller is, counts.
async fn handle(namespace: Arc<Namespace>, mut value: Value, mut answer: Answer) {
    // A panic here, say in a validation rule, would leave the client without an answer.
    let prepare = AssertUnwindSafe(|| prepare(&namespace, &mut value, &mut answer));
    let prepared = catch_unwind(prepare).unwrap_or_else(|_| Err(ClientError::internal()));
    match prepared {
        Ok(call) => call.await,
        Err(error) => answer.error(&error),
    }
}

/// Finds the event's handler, opens its envelope, and extracts the handler's arguments.
fn prepare(
    namespace: &Namespace,
    value: &mut Value,
    answer: &mut Answer,
) -> Result<BoxFuture<()>, ClientError> {
    // Cheap: the text is reference-counted. Extractors may take binary parts out of `value`.
    let Value::Str(text, _) = value.clone() else {
        return Err(ClientError::invalid("Events must be sent as text"));
    };
    let packet = serde_json::from_str::<Packet<'_>>(text.as_str())
        .map_err(|_| ClientError::invalid("The event does not have the expected form"))?;
    let handler = namespace.handler(&packet.event).ok_or_else(|| {
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
    let socket = &Arc::clone(&answer.socket);
    let received = Received { socket, payload, value, ack_id: answer.ack_id };
    handler.prepare(received, answer.clone())
}

/// An event that was taken out of its packet, for the handler it belongs to.
pub(super) struct Received<'a> {
    pub(super) socket: &'a Arc<Socket<LocalAdapter>>,
    pub(super) payload: &'a str,
    pub(super) value: &'a mut Value,
    pub(super) ack_id: Option<i64>,
}
