//! Accepting connections, and ending those whose client does not read, or takes too long to send.

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use futures_util::task::AtomicWaker;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpListener,
};
use tokio_io_timeout::TimeoutWriter;

mod pace;
mod stream;

pub(crate) use pace::Patience;
use pace::{Alarm, Pace};
pub(crate) use stream::{Stream, WeakWriter, Writer};

/// A TCP listener whose connections can be ended from elsewhere, and end by themselves when
/// nothing can be written to them for too long, or a request does not come for too long.
///
/// A WebSocket whose client does not read fills the system's buffers, and whoever writes to
/// it waits: also for the ping that would find out that the client is gone.
pub(crate) struct PatientListener {
    listener: TcpListener,
    write_timeout: Duration,
    patience: Patience,
}

impl PatientListener {
    pub(crate) fn new(listener: TcpListener, write_timeout: Duration, patience: Patience) -> Self {
        Self { listener, write_timeout, patience }
    }
}

impl Listener for PatientListener {
    type Io = Closable;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Closable, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // A chat message is smaller than what Nagle's algorithm would wait for.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "Could not set TCP_NODELAY: {error}");
        }
        let stream = Stream::new(stream);
        let closer = Arc::new(Closer::new(stream.writer(self.write_timeout)));
        let mut stream = TimeoutWriter::new(stream);
        stream.set_timeout(Some(self.write_timeout));
        let (stream, patience, alarm) = (Box::pin(stream), self.patience, Alarm::default());
        (Closable { stream, closer, patience, alarm }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Listener::local_addr(&self.listener)
    }
}

/// A connection that its [`Closer`] can end.
pub(crate) struct Closable {
    stream: Pin<Box<TimeoutWriter<Stream>>>,
    closer: Arc<Closer>,
    patience: Patience,
    alarm: Alarm,
}

/// Ends a connection, also one that cannot be written to.
#[derive(Debug)]
pub(crate) struct Closer {
    closed: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
    /// Where its requests are.
    pub(crate) pace: Pace,
    /// For whoever writes to it and is not the one that reads it.
    pub(crate) stream: WeakWriter,
}

impl Closer {
    pub(crate) fn new(stream: WeakWriter) -> Self {
        Self {
            closed: AtomicBool::default(),
            reader: AtomicWaker::default(),
            writer: AtomicWaker::default(),
            pace: Pace::default(),
            stream,
        }
    }

    /// Lets the next read find the end, and the next write fail. Both are woken.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.reader.wake();
        self.writer.wake();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether the connection was closed while somebody found that they have to wait; else
    /// `waker` will be woken when it is. Who need not wait need not be woken.
    fn is_closed_on<T>(
        &self,
        polled: &Poll<T>,
        waker: &AtomicWaker,
        context: &Context<'_>,
    ) -> bool {
        polled.is_pending() && {
            waker.register(context.waker());
            self.is_closed()
        }
    }
}

impl Closable {
    /// Notes that the connection was written to, and ends it when it could not be.
    ///
    /// Who writes may ignore it and go on with the next packet, which then waits as long: only
    /// what is read from the connection tells everybody that it is over.
    fn end_after<T>(
        &self,
        written: Poll<io::Result<T>>,
        context: &Context<'_>,
    ) -> Poll<io::Result<T>> {
        if self.closer.is_closed_on(&written, &self.closer.writer, context) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        match &written {
            Poll::Ready(Ok(_)) => self.closer.pace.said(),
            Poll::Ready(Err(_)) => self.closer.close(),
            Poll::Pending => {}
        }
        written
    }
}

impl AsyncRead for Closable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.closer.is_closed() {
            return Poll::Ready(Ok(()));
        }
        let this = &mut *self;
        let before = buffer.filled().len();
        let read = this.stream.as_mut().poll_read(context, buffer);
        if buffer.filled().len() > before {
            this.closer.pace.heard();
        } else if read.is_pending() && this.alarm.rings(&this.closer.pace, this.patience, context) {
            tracing::debug!("Closing a connection on which no request comes in time");
            this.closer.close();
            return Poll::Ready(Ok(()));
        }
        if this.closer.is_closed_on(&read, &this.closer.reader, context) {
            return Poll::Ready(Ok(()));
        }
        read
    }
}

impl AsyncWrite for Closable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.closer.is_closed() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let written = self.stream.as_mut().poll_write(context, bytes);
        self.end_after(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.closer.is_closed() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let written = self.stream.as_mut().poll_write_vectored(context, slices);
        self.end_after(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(context)
    }
}

/// What the requests of a connection know of it.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) closer: Arc<Closer>,
    pub(crate) address: SocketAddr,
}

impl Connected<IncomingStream<'_, PatientListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, PatientListener>) -> Self {
        Self { closer: Arc::clone(&stream.io().closer), address: *stream.remote_addr() }
    }
}
