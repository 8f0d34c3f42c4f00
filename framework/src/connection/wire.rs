//! The stream under a WebSocket, as socketioxide has it.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::oneshot,
};

use super::{outgoing::Outgoing, session::Session};

/// A stream whose written frames tell the client what its session has to.
pub(super) struct Wire<T> {
    stream: T,
    session: Arc<Session>,
    outgoing: Outgoing,
    /// Nothing is sent by it: it tells that the stream is gone.
    _gone: oneshot::Sender<()>,
}

impl<T: AsyncWrite + Unpin> Wire<T> {
    pub(super) fn new(stream: T, session: Arc<Session>, gone: oneshot::Sender<()>) -> Self {
        Self { stream, session, outgoing: Outgoing::default(), _gone: gone }
    }

    /// Writes what is ready.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.ready().is_empty() {
            let written = Pin::new(&mut self.stream).poll_write(context, self.outgoing.ready());
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.outgoing.wrote_ready(count),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Wire<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_drain(context))?;
        let passing = this.outgoing.passing(bytes);
        if passing.length == 0 {
            // Written with the next bytes, or by the flush that follows.
            return Poll::Ready(Ok(this.outgoing.gather(bytes, &this.session)));
        }
        let passed = &bytes[..passing.length];
        let count = ready!(Pin::new(&mut this.stream).poll_write(context, passed))?;
        this.outgoing.wrote(bytes, passing, count);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(context))?;
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(context))?;
        Pin::new(&mut this.stream).poll_shutdown(context)
    }
}
