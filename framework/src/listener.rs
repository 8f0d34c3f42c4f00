//! Accepting connections, and ending those whose client does not read, or takes too long to send.

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
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

mod held;
mod pace;
mod stream;

use held::Held;
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
        (Closable { stream, closer, patience, alarm, held: Held::default() }, address)
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
    held: Held,
}

/// Ends a connection, also one that cannot be written to.
#[derive(Debug)]
pub(crate) struct Closer {
    closed: AtomicBool,
    holds_answer: AtomicBool,
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
            holds_answer: AtomicBool::default(),
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

    /// Lets the answer that is written next wait for what is written behind it, and go with that;
    /// or until something is to be read.
    ///
    /// For upgrades that say something at once: a write costs as much as all that is said by it.
    pub(crate) fn hold_answer(&self) {
        self.holds_answer.store(true, Ordering::Relaxed);
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
    fn poll_write_slices(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.closer.is_closed() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if self.closer.holds_answer.load(Ordering::Relaxed) {
            self.closer.holds_answer.store(false, Ordering::Relaxed);
            return Poll::Ready(Ok(self.held.hold(slices)));
        }
        let stream = self.stream.as_mut();
        let written = if self.held.is_empty() {
            stream.poll_write_vectored(context, slices)
        } else {
            self.held.poll_write_before(stream, context, slices)
        };
        self.end_after(written, context)
    }

    /// Writes what is held.
    fn poll_held(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.held.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let written = self.held.poll_write_before(self.stream.as_mut(), context, &[]);
        self.end_after(written, context).map_ok(drop)
    }

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
        ready!(this.poll_held(context))?;
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
        self.poll_write_slices(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_slices(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_held(context))?;
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

#[cfg(test)]
mod tests {
    use std::io::Read;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    use super::*;

    /// A connection and its client.
    async fn connected() -> (Closable, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let limit = Duration::from_secs(10);
        let patience = Patience { head: limit, idle: limit };
        let mut listener = PatientListener::new(listener, limit, patience);
        (Listener::accept(&mut listener).await.0, client)
    }

    /// What the client reads at once, if it waits.
    fn read(client: &mut std::net::TcpStream, wait: bool) -> String {
        client.set_nonblocking(!wait).unwrap();
        let mut bytes = [0; 100];
        let count = client.read(&mut bytes).unwrap_or_default();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    #[tokio::test]
    async fn held_answer_goes_with_what_is_written_next() {
        let (mut connection, client) = connected().await;
        let mut client = client.into_std().unwrap();
        connection.closer.hold_answer();
        connection.write_all(b"101").await.unwrap();
        connection.flush().await.unwrap();
        assert_eq!(read(&mut client, false), "");

        connection.write_all(b"open").await.unwrap();

        assert_eq!(read(&mut client, true), "101open");
        connection.write_all(b"more").await.unwrap();
        assert_eq!(read(&mut client, true), "more");
    }

    /// A client that waits for the answer would never send what is waited for.
    #[tokio::test]
    async fn held_answer_is_written_before_anything_is_read() {
        let (mut connection, mut client) = connected().await;
        connection.closer.hold_answer();
        connection.write_all(b"101").await.unwrap();
        let talk = async {
            let mut answer = [0; 3];
            client.read_exact(&mut answer).await.unwrap();
            client.write_all(&answer).await.unwrap();
        };

        let mut heard = [0; 3];
        let both = async { tokio::join!(connection.read_exact(&mut heard), talk) };
        let (read, ()) = tokio::time::timeout(Duration::from_secs(10), both).await.unwrap();

        assert_eq!((read.unwrap(), &heard), (3, b"101"));
    }

    #[tokio::test]
    async fn held_answer_is_written_before_the_connection_ends() {
        let (mut connection, mut client) = connected().await;
        connection.closer.hold_answer();
        connection.write_all(b"101").await.unwrap();

        connection.shutdown().await.unwrap();

        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "101");
    }
}
