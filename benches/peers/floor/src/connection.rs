//! One client, from its first byte to its last.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    rc::Rc,
    task::{Poll, ready},
    time::Duration,
};

use memchr::memmem;
use tokio::{
    io::{AsyncRead, ReadBuf},
    net::{TcpStream, tcp::OwnedReadHalf},
    task::spawn_local,
    time::{Instant, interval_at},
};

use crate::{
    frame,
    hub::{Hub, Peer},
    talk, upgrade,
};

const PING: Duration = Duration::from_secs(25);

/// Bytes of a buffer that an idle client may keep.
const KEPT_BUFFER: usize = 8 * 1024;

thread_local! {
    /// All clients share one buffer, so that an idle one has none.
    static SCRATCH: std::cell::RefCell<Vec<u8>> = std::cell::RefCell::new(vec![0; 64 * 1024]);
}

/// Serves a client until it leaves.
pub(crate) async fn serve(hub: &Rc<Hub>, stream: TcpStream, number: u64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reading, writing) = stream.into_split();
    let mut incoming = Vec::new();
    let head = loop {
        read(&mut reading, &mut incoming).await?;
        if let Some(end) = memmem::find(&incoming, b"\r\n\r\n") {
            break end + 4;
        }
    };
    let request = String::from_utf8_lossy(&incoming[..head]).into_owned();
    incoming.drain(..head);
    let peer = Peer::new(number, writing);
    let Some(answer) = upgrade::answer(&request) else {
        peer.stream.try_write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")?;
        return Ok(());
    };
    hub.put(&peer, answer.as_bytes());
    let mut open = Vec::new();
    frame::text(&mut open, |it| it.extend(upgrade::open(number).bytes()));
    hub.put(&peer, &open);

    let helper = spawn_local(ping_and_resume(Rc::clone(hub), Rc::clone(&peer)));
    let ended = listen(hub, &peer, &mut reading, &mut incoming).await;
    helper.abort();
    hub.leave(number);
    ended
}

/// Pings the client, and goes on writing when its socket has been full.
async fn ping_and_resume(hub: Rc<Hub>, peer: Rc<Peer>) {
    let mut clock = interval_at(Instant::now() + PING, PING);
    let mut ping = Vec::new();
    frame::text(&mut ping, |it| it.push(b'2'));
    loop {
        tokio::select! {
            _ = clock.tick() => hub.put(&peer, &ping),
            () = peer.full.notified() => {
                while peer.is_full.get() {
                    if peer.stream.writable().await.is_err() {
                        return;
                    }
                    peer.is_full.set(false);
                    peer.flush();
                }
            }
        }
    }
}

async fn listen(
    hub: &Rc<Hub>,
    peer: &Rc<Peer>,
    reading: &mut OwnedReadHalf,
    incoming: &mut Vec<u8>,
) -> io::Result<()> {
    loop {
        let mut taken = 0;
        while let Some(found) = frame::read(incoming, taken)? {
            taken = found.end;
            match found.opcode {
                1 => talk::take(hub, peer, &incoming[found.start..found.end]),
                8 => return Ok(()),
                _ => {}
            }
        }
        incoming.drain(..taken);
        if incoming.is_empty() && incoming.capacity() > KEPT_BUFFER {
            *incoming = Vec::new();
        }
        read(reading, incoming).await?;
    }
}

async fn read(stream: &mut OwnedReadHalf, incoming: &mut Vec<u8>) -> io::Result<()> {
    let length = poll_fn(|context| {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
            incoming.extend_from_slice(buffer.filled());
            Poll::Ready(io::Result::Ok(buffer.filled().len()))
        })
    })
    .await?;
    if length == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}
