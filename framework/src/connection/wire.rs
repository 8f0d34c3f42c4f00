//! The stream under a WebSocket, as socketioxide has it.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::oneshot,
};

use super::{
    Traffic, frame,
    incoming::Incoming,
    mismatch,
    old_connect::OldConnect,
    outgoing::Outgoing,
    outlet::{Line, Outlet, no_slices},
    session::{Session, lock},
};
use crate::settings::Parser;

/// How much is read of what a client still sends when one of its messages was too large, as a
/// multiple of what it may send. To one who has not read all, the system says that the connection
/// was broken, and not why.
const MAX_LINGERING: usize = 16;

/// A stream whose written frames tell the client what its session has to, and whose client may
/// send messages of a certain size at most.
pub(super) struct Wire<T> {
    stream: T,
    session: Arc<Session>,
    traffic: Arc<Traffic>,
    incoming: Incoming,
    /// Of a client of Socket.IO 2 only.
    old: Option<OldConnect>,
    outgoing: Outgoing,
    /// Whether what waits in the session's outlet is written to this stream.
    has_outlet: bool,
    /// Who reads, as long as a ping may have to be answered.
    reader: Option<Waker>,
    /// Bytes that are still read for nothing, once a message was too large.
    lingering: usize,
    /// Nothing is sent by it: it tells who waits for that that the stream is gone.
    _gone: Option<oneshot::Sender<()>>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire<T> {
    pub(super) fn new(
        stream: T,
        session: Arc<Session>,
        traffic: Arc<Traffic>,
        max_message: usize,
        old: Option<OldConnect>,
        line: Option<Line>,
        gone: Option<oneshot::Sender<()>>,
    ) -> Self {
        let has_outlet = line.is_some_and(|it| lock(session.outlet()).connect(it));
        Self {
            stream,
            has_outlet,
            outgoing: Outgoing::of(&session),
            reader: None,
            session,
            traffic,
            incoming: Incoming::new(max_message),
            old,
            lingering: max_message.saturating_mul(MAX_LINGERING),
            _gone: gone,
        }
    }

    /// Writes to the connection while nobody else does; nor does anybody until it is done.
    fn alone<R>(
        &mut self,
        write: impl FnOnce(&mut Self, &mut Outlet) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if !self.has_outlet {
            return write(self, &mut Outlet::default());
        }
        let session = Arc::clone(&self.session);
        let mut outlet = lock(session.outlet());
        let written = write(self, &mut outlet);
        outlet.is_wire_busy = self.outgoing.is_within_frame() || written.is_pending();
        session.flush_soon(&mut outlet);
        written
    }

    /// Writes what is ready, and what is due of the outlet.
    fn poll_drain(
        &mut self,
        outlet: &mut Outlet,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.outgoing.lacking() == 0 {
            let ready = self.outgoing.ready();
            let mut slices = no_slices();
            let count = outlet.slices(ready, &mut slices);
            if count == 0 {
                break;
            }
            let stream = Pin::new(&mut self.stream);
            let count = ready!(stream.poll_write_vectored(context, &slices[..count]))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let (of_ready, packets) = outlet.wrote(count, ready.len());
            self.traffic.sent.add(count, packets);
            self.outgoing.wrote_ready(of_ready);
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what is ready, when it is the service's turn.
    fn poll_ready(
        &mut self,
        outlet: &mut Outlet,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.outgoing.ready().is_empty() {
            outlet.let_wait_for_turn();
            ready!(self.poll_drain(outlet, context))?;
            outlet.had_turn();
        }
        Poll::Ready(Ok(()))
    }

    /// Takes bytes of the service.
    fn poll_take(
        &mut self,
        outlet: &mut Outlet,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if outlet.expects_mark()
            && let Some(mark) = self.outgoing.mark(bytes)
        {
            // What it lets go on is written together with what is ready.
            outlet.mark_came();
            return Poll::Ready(Ok(mark));
        }
        outlet.let_wait_for_turn();
        ready!(self.poll_drain(outlet, context))?;
        // The rest of a frame goes first, and alone.
        let bytes = match self.outgoing.lacking() {
            0 => bytes,
            lacking => &bytes[..bytes.len().min(lacking)],
        };
        if self.outgoing.has_ended() {
            return Poll::Ready(Ok(bytes.len()));
        }
        self.outgoing.expects_mark = outlet.expects_mark();
        let passing = self.outgoing.passing(bytes);
        if passing.length == 0 {
            let count = self.outgoing.gather(bytes, &self.session);
            if self.outgoing.take_mark() {
                outlet.mark_came();
            }
            self.traffic.sent.add(0, u64::from(!self.outgoing.ready().is_empty()));
            if self.outgoing.owes_pong()
                && let Some(reader) = self.reader.take()
            {
                reader.wake();
            }
            outlet.had_turn();
            // Written with the next bytes, or by the flush that follows.
            return Poll::Ready(Ok(count));
        }
        let passed = &bytes[..passing.length];
        let count = ready!(Pin::new(&mut self.stream).poll_write(context, passed))?;
        outlet.had_turn();
        let packets = self.outgoing.wrote(bytes, passing, count);
        self.traffic.sent.add(count, packets);
        Poll::Ready(Ok(count))
    }

    /// Lets the service read an answer to the ping that its client was not told.
    fn give_pong(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let fits = self.incoming.is_between_messages() && buffer.remaining() >= frame::PONG.len();
        if fits {
            buffer.put_slice(&frame::PONG);
            self.outgoing.gave_pong();
            self.reader = None;
        }
        fits
    }

    /// Ends the stream by these frames, behind which nothing comes.
    fn end(&mut self, last: &[u8]) {
        self.outgoing.end(last);
        if self.has_outlet {
            lock(self.session.outlet()).end();
        }
    }

    /// Says that the WebSocket is closed, and reads until the client has heard it.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.alone(|this, outlet| this.poll_drain(outlet, context)))?;
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        let mut unread = [0; 4_096];
        while self.lingering > 0 {
            let mut buffer = ReadBuf::new(&mut unread);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            let bytes = buffer.filled();
            if bytes.is_empty() || self.incoming.look_at(bytes).closes {
                break;
            }
            self.lingering = self.lingering.saturating_sub(bytes.len());
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.outgoing.has_ended() {
            return this.poll_end(context);
        }
        if this.outgoing.may_owe_pong() {
            if this.outgoing.owes_pong() && this.give_pong(buffer) {
                return Poll::Ready(Ok(()));
            }
            this.reader = Some(context.waker().clone());
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        if let Some(old) = &mut this.old {
            old.correct(&mut buffer.filled_mut()[before..]);
        }
        let bytes = &buffer.filled()[before..];
        let found = this.incoming.look_at(bytes);
        this.traffic.received.add(bytes.len(), found.packets);
        let refusal = || {
            let frame = &bytes[found.text?..];
            // It was refused while it polled, and has not heard it.
            let polled = || mismatch::upgrades(frame).then(|| this.session.take_refusal())?;
            mismatch::refusal_of_frame(frame).or_else(polled)
        };
        let good = if let Some(good) = found.too_large {
            tracing::debug!("A client has sent a message that is too large");
            this.end(&frame::close(frame::TOO_LARGE));
            good
        } else if this.session.parser() == Parser::Msgpack
            && let Some(refusal) = refusal()
        {
            tracing::debug!("A client writes text to a server that reads MessagePack");
            let close = frame::close(frame::UNSUPPORTED);
            this.end(&[&frame::text(&refusal)[..], &close].concat());
            found.text.unwrap_or_default()
        } else {
            return Poll::Ready(Ok(()));
        };
        buffer.set_filled(before + good);
        // Nothing at all would mean that the stream has ended.
        if good > 0 { Poll::Ready(Ok(())) } else { this.poll_end(context) }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().alone(|this, outlet| this.poll_take(outlet, context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().alone(|this, outlet| {
            ready!(this.poll_ready(outlet, context))?;
            Pin::new(&mut this.stream).poll_flush(context)
        })
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().alone(|this, outlet| {
            ready!(this.poll_ready(outlet, context))?;
            Pin::new(&mut this.stream).poll_shutdown(context)
        })
    }
}

impl<T> Drop for Wire<T> {
    fn drop(&mut self) {
        if self.has_outlet {
            lock(self.session.outlet()).end();
        }
    }
}
