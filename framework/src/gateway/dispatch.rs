//! From a packet to a call of its handler, when its turn in the socket's mailbox has come.

use std::{
    collections::VecDeque,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::body::Bytes;
use socketioxide::{
    adapter::LocalAdapter,
    handler::{MessageHandler, Value},
    socket::Socket,
};
use tokio::task::coop;

use super::{
    answer::Answer,
    arrived::Arrived,
    events::EventCall,
    mailbox::{Full, Mailbox, Turn},
    namespace::{Handler, Namespace, Ours},
    packet::{self, Envelope},
    rate::{RateClass, Used},
};
use crate::error::{ClientError, ErrorKind};

/// Receives every event of one socket.
///
/// It is the socket's only handler, so that a socket carries one small value
/// instead of a table of its own.
pub(super) struct Dispatcher {
    pub(super) namespace: Arc<Namespace>,
    pub(super) mailbox: Arc<Mailbox>,
    /// What the socket has used up of its limits.
    pub(super) used: Used,
}

/// socketioxide calls this synchronously, in the order in which packets arrive.
impl MessageHandler<LocalAdapter, Ours> for Dispatcher {
    fn call(&self, socket: Arc<Socket<LocalAdapter>>, value: Value, ack_id: Option<i64>) {
        let event = Arrived::new(value);
        let answer = Answer {
            socket,
            ack_id,
            request_id: None,
            error_event: self.namespace.error_event,
            reply_event: None,
            mailbox: Arc::clone(&self.mailbox),
            progress: Arc::default(),
            max_protocol_errors: self.namespace.max_protocol_errors,
        };
        let handler = self.namespace.handler_of(&event);
        if let Err(after) = self.take_token(handler) {
            return refuse(handler, &event, answer, after);
        }
        if let Some(turn) = self.turn() {
            return self.handle_now(turn, handler, event, answer);
        }
        let (namespace, mailbox) = (Arc::clone(&self.namespace), Arc::clone(&self.mailbox));
        let job = handle(namespace, mailbox, event, answer.clone());
        if let Err(Full) = self.mailbox.push(Box::pin(job)) {
            answer.error(&ClientError::unavailable("Too many events of this socket are waiting"));
        }
    }
}

impl Dispatcher {
    /// The turn of an event that comes while none is at work. None as well if the connection's
    /// task has done so much that others should have the thread.
    fn turn(&self) -> Option<Turn<'_>> {
        let turn = self.mailbox.turn()?;
        match coop::poll_proceed(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(budget) => budget.made_progress(),
            Poll::Pending => return None,
        }
        Some(turn)
    }

    /// Handles an event on the task that has read it, as far as its handler needs not wait. Most
    /// need not, and starting a task would cost more than what they do.
    fn handle_now(
        &self,
        turn: Turn<'_>,
        handler: Option<&dyn Handler>,
        mut event: Arrived,
        mut answer: Answer,
    ) {
        let Some(call) = call(handler, &mut event, &mut answer) else { return };
        // Nobody needs to be woken: what is pending is polled again by the task that gets it.
        let context = &mut Context::from_waker(Waker::noop());
        let poll = AssertUnwindSafe(|| {
            let mut call = call;
            call.as_mut().poll(context).is_pending().then_some(call)
        });
        // A panic has been answered unless it is that of `around`.
        let Ok(Some(call)) = catch_unwind(poll) else { return };
        let pending = match answer.has_ended_turn() {
            true => self.mailbox.try_set_aside(call).err(),
            false => Some(call),
        };
        if let Some(call) = pending {
            turn.leave_to(Box::pin(take_turn(call, answer, Arc::clone(&self.mailbox))));
        }
    }

    /// Lets an event through that does not come too soon after those before it; else says how
    /// long too soon it comes. Nothing is parsed for it.
    fn take_token(&self, handler: Option<&dyn Handler>) -> Result<(), Duration> {
        let Some(limits) = &self.namespace.limits else { return Ok(()) };
        limits.take(handler.map_or(RateClass::default(), Handler::rate), &self.used)
    }
}

/// Refuses an event that came too soon. Only its frame is read, for the answer: whose error event
/// tells of it, and the request's id. What is wrong with the frame itself does not matter any more.
fn refuse(handler: Option<&dyn Handler>, event: &Arrived, mut answer: Answer, after: Duration) {
    let _ = open(handler, event.text(), &mut answer);
    let error = ClientError::new(ErrorKind::RateLimited, "Too many events in too short a time");
    answer.error(&error.retry_after(after));
}

/// Handles an event that has waited for its turn.
async fn handle(
    namespace: Arc<Namespace>,
    mailbox: Arc<Mailbox>,
    mut event: Arrived,
    mut answer: Answer,
) {
    let handler = namespace.handler_of(&event);
    if let Some(call) = call(handler, &mut event, &mut answer) {
        take_turn(call, answer, mailbox).await;
    }
}

/// The call of an event's handler, now that its turn has come. Not before: what the events before
/// it have changed, such as who the caller is, counts. None if there is nothing to wait for.
fn call(
    handler: Option<&dyn Handler>,
    event: &mut Arrived,
    answer: &mut Answer,
) -> Option<EventCall> {
    // A panic here, say in a validation rule, would leave the client without an answer.
    let prepare = AssertUnwindSafe(|| prepare(handler, event, answer));
    let prepared = catch_unwind(prepare).unwrap_or_else(|_| Err(ClientError::internal()));
    match prepared {
        Ok(Call { call, concurrent: false }) => return Some(call),
        Ok(Call { call, concurrent: true }) => drop(tokio::spawn(call)),
        Err(error) => answer.error(&error),
    }
    None
}

/// Runs a call until it is answered, or until it says that the answer comes later.
async fn take_turn(mut call: EventCall, answer: Answer, mailbox: Arc<Mailbox>) {
    // Whatever came of it was answered.
    let answered = poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending if answer.has_ended_turn() => Poll::Ready(false),
        Poll::Pending => Poll::Pending,
    });
    if !answered.await {
        mailbox.set_aside(call).await;
    }
}

/// A handler's call, which has all its arguments.
pub(super) struct Call {
    pub(super) call: EventCall,
    /// Whether the socket's later events need not wait for it at all.
    pub(super) concurrent: bool,
}

/// Opens an event's packet, and extracts the arguments of its handler.
fn prepare(
    handler: Option<&dyn Handler>,
    event: &mut Arrived,
    answer: &mut Answer,
) -> Result<Call, ClientError> {
    let Arrived { value, read } = event;
    // Cheap: the text is reference-counted. Extractors may take binary parts out of `value`.
    let text = match read.as_ref().unwrap_or(value) {
        Value::Str(text, _) => text.clone(),
        Value::Bytes(_) => return Err(ClientError::invalid("Events must be sent as text")),
    };
    let parts = match read {
        Some(Value::Str(_, parts)) => parts.as_ref(),
        _ => None,
    };
    let (handler, payload) = open(handler, text.as_str(), answer)?;
    let socket = &Arc::clone(&answer.socket);
    let received = Received { socket, payload, parts, value, ack_id: answer.ack_id };
    handler.prepare(received, answer.clone())
}

/// Takes the event's payload out of the packet and the envelope, for the handler that there is.
fn open<'n, 't>(
    handler: Option<&'n dyn Handler>,
    text: &'t str,
    answer: &mut Answer,
) -> Result<(&'n dyn Handler, &'t str), ClientError> {
    let (event, mut payload) = packet::cut(text)
        .ok_or_else(|| ClientError::invalid("The event does not have the expected form"))?;
    let handler = handler.ok_or_else(|| {
        ClientError::invalid("There is no such event").detail("reason", "unknown_event")
    })?;
    answer.error_event = handler.error_event();
    answer.reply_event = handler.reply_event();

    if let Some(envelope) = Envelope::of(payload) {
        answer.request_id = envelope.request_id()?;
        envelope.check(event)?;
        payload = envelope.data.get();
    }
    Ok((handler, payload))
}

/// An event that was taken out of its packet, for the handler it belongs to.
pub(super) struct Received<'a> {
    pub(super) socket: &'a Arc<Socket<LocalAdapter>>,
    pub(super) payload: &'a str,
    /// Binary parts that are not in `value`.
    pub(super) parts: Option<&'a VecDeque<Bytes>>,
    pub(super) value: &'a mut Value,
    pub(super) ack_id: Option<i64>,
}
