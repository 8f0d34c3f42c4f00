//! The answer to an event: ack, success event, error event.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::body::Bytes;
use serde::Serialize;
use socketioxide::{
    SendError,
    adapter::LocalAdapter,
    extract::{AckSender, SocketRef},
    handler::{FromMessageParts, Value},
    socket::Socket,
};

use super::{
    emission::push_ack,
    emit::{EmitEvent, act_on, emit_to},
    mailbox::{Mailbox, Place},
    namespace::count_refusal,
};
use crate::connection::{PublicId, Pushed, Session};
use crate::error::{CONTRACT_VERSION, ClientError, ErrorKind, SocketErrorBody};
use crate::msgpack::Readable;

/// Where the answer to an event goes.
#[derive(Clone)]
#[doc(hidden)]
pub struct Answer {
    pub(super) socket: Arc<Socket<LocalAdapter>>,
    pub(super) ack_id: Option<i64>,
    pub(super) request_id: Option<Arc<str>>,
    pub(super) error_event: &'static str,
    pub(super) reply_event: Option<&'static str>,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) progress: Arc<Progress>,
    /// How many protocol errors disconnect a socket; 0 for none.
    pub(super) max_protocol_errors: usize,
}

/// How far the answer is.
#[derive(Default)]
pub(super) struct Progress {
    /// Whether the socket's next event may be handled though this one is not answered.
    turn_ended: AtomicBool,
    /// Whether the ack was sent: there is only one, also where a handler panics after it.
    acked: AtomicBool,
}

impl Answer {
    /// Lets the socket's next event be handled while this one still waits for its answer, which
    /// has a place among those that are outstanding.
    pub(super) fn end_turn(&self) -> Place {
        self.progress.turn_ended.store(true, Ordering::Relaxed);
        self.mailbox.place()
    }

    pub(super) fn has_ended_turn(&self) -> bool {
        self.progress.turn_ended.load(Ordering::Relaxed)
    }

    pub(super) fn with(
        &self,
        outcome: Result<impl Serialize, ClientError>,
    ) -> Result<(), ErrorKind> {
        match &outcome {
            Ok(data) => self.ok(data),
            Err(error) => self.error(error),
        }
        outcome.map(drop).map_err(|error| error.kind())
    }

    pub(super) fn ok(&self, data: &impl Serialize) {
        let request_id = self.request_id.as_deref();
        if let Some(event) = self.reply_event {
            let replied = Replied { data, request_id, version: CONTRACT_VERSION };
            emit_to(&self.socket(), event, &replied);
        }
        self.ack(&Ack::Ok { data, request_id });
    }

    pub(super) fn error(&self, error: &ClientError) {
        let body = error.socket_body(self.request_id.as_deref());
        self.ack(&Ack::Error::<()> { error: &body, request_id: self.request_id.as_deref() });
        let socket = self.socket();
        count_refusal(&socket, error);
        emit_to(&socket, self.error_event, &body);
        if error.is_protocol_error() {
            self.count_protocol_error();
        }
    }

    /// Disconnects a client that errs again and again. By the namespace, so that it does not
    /// come back by itself: it would do the same.
    fn count_protocol_error(&self) {
        let (socket, most) = (SocketRef::from(Arc::clone(&self.socket)), self.max_protocol_errors);
        let often = || Session::of(&socket).is_some_and(|it| it.has_erred_too_often(most));
        if most > 0 && often() && socket.connected() {
            tracing::info!(socket = %PublicId::of(&socket), "Disconnecting after {most} protocol errors");
            if socket.clone().disconnect().is_err() {
                socket.disconnect_slow();
            }
        }
    }

    fn act_on(&self, sent: Result<(), SendError>) {
        if sent.is_err() {
            act_on(&self.socket(), sent);
        }
    }

    fn socket(&self) -> SocketRef {
        SocketRef::from(Arc::clone(&self.socket))
    }

    fn ack(&self, ack: &Ack<'_, impl Serialize>) {
        let Some(id) = self.ack_id else { return };
        if self.progress.acked.swap(true, Ordering::Relaxed) {
            return;
        }
        let socket = self.socket();
        match push_ack(&socket, id, ack) {
            Ok(Pushed::Taken) => return,
            Ok(Pushed::Full) => return socket.disconnect_slow(),
            Ok(Pushed::ByService) => {}
            Err(error) => return act_on(&socket, Err(error)),
        }
        // The extractor is the only way to an `AckSender`, and it does not look at the value.
        let mut unused = Value::Bytes(Bytes::new());
        let Ok(sender) = AckSender::from_message_parts(&self.socket, &mut unused, &self.ack_id);
        self.act_on(sender.send(&Readable(ack)));
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
        error: &'a SocketErrorBody<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        request_id: Option<&'a str>,
    },
}
