//! A TCP stream that is written to by more than one.

use std::{
    io::{self, IoSlice},
    net::Shutdown,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll, ready},
    time::Duration,
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// A TCP stream, of which a [`Writer`] is to be had besides.
pub(crate) struct Stream {
    reading: OwnedReadHalf,
    writing: Arc<OwnedWriteHalf>,
}

/// Writes to the stream of a connection as far as that is possible at once.
///
/// Whoever has one sees to it that nobody writes into the middle of what somebody else writes.
#[derive(Debug, Clone)]
pub(crate) struct Writer(Arc<OwnedWriteHalf>);

/// Where the stream of a connection is, if it still is.
#[derive(Debug, Clone)]
pub(crate) struct WeakWriter {
    writing: Weak<OwnedWriteHalf>,
    /// How long a client that reads nothing is waited for.
    pub(crate) timeout: Duration,
}

impl Stream {
    pub(crate) fn new(stream: TcpStream) -> Self {
        let (reading, writing) = stream.into_split();
        Self { reading, writing: Arc::new(writing) }
    }

    pub(crate) fn writer(&self, timeout: Duration) -> WeakWriter {
        WeakWriter { writing: Arc::downgrade(&self.writing), timeout }
    }

    fn poll_try(
        &self,
        context: &mut Context<'_>,
        write: impl Fn(&OwnedWriteHalf) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(TcpStream::poll_write_ready((*self.writing).as_ref(), context))?;
            match write(&self.writing) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }
}

impl WeakWriter {
    pub(crate) fn upgrade(&self) -> Option<Writer> {
        self.writing.upgrade().map(Writer)
    }
}

impl Writer {
    /// Writes what there is room for.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] where there is none.
    pub(crate) fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match slices {
            [one] => self.0.try_write(one),
            _ => self.0.try_write_vectored(slices),
        }
    }

    /// Waits until there is room. Any number may wait.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        self.0.writable().await
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reading).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_try(context, |it| it.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match slices {
            [one] => self.poll_write(context, one),
            _ => self.poll_try(context, |it| it.try_write_vectored(slices)),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream: &TcpStream = (*self.writing).as_ref();
        match SockRef::from(stream).shutdown(Shutdown::Write) {
            // The other side was first.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            shut => Poll::Ready(shut),
        }
    }
}
