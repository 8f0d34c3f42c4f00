//! What gateways do so that their sockets can be recovered.

use std::sync::{Arc, Weak};

use socketioxide::extract::SocketRef;

use super::Seat;

/// A socket that may lose its connection and come back as who it was.
pub trait Recoverable {
    /// Lets the socket hear what is emitted to a channel from now on.
    ///
    /// Unlike socketioxide's `join` it notes since when, so that a socket that comes back is
    /// sent nothing from before. A socket that comes back hears all its channels at once, when
    /// the [`recovered`](crate::Gateway::recovered) hooks have run.
    fn hear(&self, channel: impl Into<String>);

    /// Whether the socket has come back, and goes on where it was.
    fn has_recovered(&self) -> bool;

    /// Marks the beginning of something without whose end the socket cannot go on, such as
    /// sending it a backlog before it hears a channel. If its connection is lost before the mark
    /// is dropped, it comes back as new.
    fn unfinished(&self) -> Unfinished;

    /// Keeps `thing` until the socket is back, or cannot come back any more. For `disconnected`
    /// hooks: what is emitted to a channel only while somebody listens must go on meanwhile.
    fn leave_behind(&self, thing: impl Send + 'static);
}

impl Recoverable for SocketRef {
    fn hear(&self, channel: impl Into<String>) {
        match Seat::of(self) {
            Some(seat) => seat.hear(self, channel.into()),
            None => self.join(channel.into()),
        }
    }

    fn has_recovered(&self) -> bool {
        Seat::of(self).is_some_and(|it| it.has_recovered())
    }

    fn unfinished(&self) -> Unfinished {
        let seat = Seat::of(self);
        if let Some(seat) = &seat {
            seat.count_unfinished(true);
        }
        Unfinished(seat.map(|it| Arc::downgrade(&it)))
    }

    fn leave_behind(&self, thing: impl Send + 'static) {
        if let Some(seat) = Seat::of(self) {
            seat.leave(Box::new(thing));
        }
    }
}

/// Marks a socket that something is done for, until it is dropped.
#[derive(Debug)]
#[must_use = "what is unfinished is finished when this is dropped"]
pub struct Unfinished(Option<Weak<Seat>>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(seat) = self.0.as_ref().and_then(Weak::upgrade) {
            seat.count_unfinished(false);
        }
    }
}
