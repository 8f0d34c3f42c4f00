//! A connection, as those see it who send to it.

use std::sync::Arc;

use axum::extract::ws::{CloseCode, CloseFrame, Message, Utf8Bytes};
use tokio::sync::{mpsc, watch};

/// A client that reads too slowly is closed with "try again later".
const TOO_SLOW: CloseCode = 1013;

/// A live plain-WebSocket connection. Cheap to clone, and to keep where subscribers are kept.
pub struct Connection<S> {
    session: Arc<S>,
    outgoing: mpsc::Sender<Message>,
    closing: Arc<watch::Sender<Option<CloseFrame>>>,
}

impl<S> Clone for Connection<S> {
    fn clone(&self) -> Self {
        Self {
            session: Arc::clone(&self.session),
            outgoing: self.outgoing.clone(),
            closing: Arc::clone(&self.closing),
        }
    }
}

/// The connection is gone, or was closed because its client does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection is gone")]
pub struct Gone;

impl<S> Connection<S> {
    pub(super) fn new(
        session: S,
        outgoing: mpsc::Sender<Message>,
        closing: Arc<watch::Sender<Option<CloseFrame>>>,
    ) -> Self {
        Self { session: Arc::new(session), outgoing, closing }
    }

    /// What the protocol knows of the connection.
    pub fn session(&self) -> &S {
        &self.session
    }

    /// Sends a frame that was encoded, perhaps for many.
    ///
    /// # Errors
    ///
    /// [`Gone`]. A connection whose queue is full is closed: a frame is never left out of
    /// the middle, and the client learns that it has missed something.
    pub fn send(&self, frame: impl Into<Utf8Bytes>) -> Result<(), Gone> {
        match self.outgoing.try_send(Message::Text(frame.into())) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.close(TOO_SLOW, "the client reads too slowly");
                Err(Gone)
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Gone),
        }
    }

    /// Asks the client for a sign of life.
    pub(super) fn ping(&self) {
        // A full queue or a closed one will be noticed by those who send.
        let _ = self.outgoing.try_send(Message::Ping(Default::default()));
    }

    /// Closes the connection, without waiting for what is queued. The first reason counts.
    pub fn close(&self, code: CloseCode, reason: &'static str) {
        self.closing.send_if_modified(|closing| {
            let first = closing.is_none();
            if first {
                *closing = Some(CloseFrame { code, reason: reason.into() });
            }
            first
        });
    }
}
