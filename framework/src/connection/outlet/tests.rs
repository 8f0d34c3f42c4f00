use std::time::Duration;

use futures_util::FutureExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc::UnboundedReceiver,
};

use super::*;
use crate::{
    connection::{frame, wire::Wire},
    listener::Stream,
    settings::Parser,
};

const MARK_PACKET: &str = r#"42["hornero:mark",null]"#;

/// A connection of which the system keeps little, and that does not read by itself.
struct Connection {
    session: Arc<Session>,
    wire: Wire<Stream>,
    flusher: UnboundedReceiver<Arc<Session>>,
    client: TcpStream,
}

async fn connection() -> Connection {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2_048).unwrap();
    let client = socket.connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    socket2::SockRef::from(&server).set_send_buffer_size(2_048).unwrap();
    let stream = Stream::new(server);
    let closer = Arc::new(Closer::new(stream.writer(Duration::from_secs(5))));
    let (flush, flusher) = mpsc::unbounded_channel();
    let line = Line {
        writer: closer.stream.upgrade().unwrap(),
        closer,
        flusher: flush,
        traffic: Arc::default(),
        capacity: 8_192,
    };
    let session = Session::new(Parser::Default);
    let traffic = Arc::default();
    let wire = Wire::new(stream, Arc::clone(&session), traffic, 1_000, None, Some(line), None);
    lock(session.outlet()).is_open = true;
    Connection { session, wire, flusher, client }
}

/// Does what flushers do.
async fn flush(mut flusher: UnboundedReceiver<Arc<Session>>) {
    while let Some(session) = flusher.recv().await {
        session.flush();
    }
}

/// Reads texts as they come, a little at a time.
async fn read(mut client: TcpStream, mut each: impl FnMut(String) -> bool) {
    let (mut bytes, mut part) = (Vec::new(), [0; 1_500]);
    loop {
        let count = client.read(&mut part).await.unwrap();
        assert!(count > 0, "the connection has ended");
        bytes.extend_from_slice(&part[..count]);
        while let Some(header) = frame::Header::read(&bytes)
            && header.total() <= bytes.len() as u64
        {
            assert!(header.is_text(), "{header:?}");
            let rest = bytes.split_off(header.total() as usize);
            let text = String::from_utf8(bytes.split_off(header.header)).unwrap();
            bytes = rest;
            if each(text) {
                return;
            }
        }
        tokio::task::yield_now().await;
    }
}

/// Frames of both sides are whole and in order, however they are cut; what is held comes behind what
/// it was held for, and what was sent before comes before that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_comes_between_parts_of_a_frame_or_before_it_may() {
    const PACKETS: usize = 4_000;
    const CONNECTS: usize = 300;
    let Connection { session, mut wire, flusher, client } = connection().await;
    tokio::spawn(flush(flusher));
    let pushing = Arc::clone(&session);
    let (connect, mut connecting) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut connects = 0;
        for number in 0..PACKETS {
            while lock(pushing.outlet()).waiting.len() > 20 {
                tokio::task::yield_now().await;
            }
            {
                let mut outlet = lock(pushing.outlet());
                if number % 9 == 0 && connects < CONNECTS && outlet.held.is_empty() {
                    connects += 1;
                    let sent = outlet.sent();
                    outlet.held.push_back(sent);
                    connect.send(connects).unwrap();
                }
                let packet = format!("42[{number},{connects},{}]", "7".repeat(number % 900));
                let packet = [frame::text(&packet).into()];
                let pushed = pushing.take(&mut outlet, packet.into_iter());
                assert_eq!(pushed.unwrap(), Pushed::Taken);
            }
            tokio::task::yield_now().await;
        }
    });
    tokio::spawn(async move {
        for others in 0.. {
            let other = format!("6{others},{}", "x".repeat(others % 3_000));
            wire.write_all(&frame::text(&other)).await.unwrap();
            if let Ok(connect) = connecting.try_recv() {
                let mut written = frame::text(&format!("40{connect}"));
                written.extend(frame::text(MARK_PACKET));
                wire.write_all(&written).await.unwrap();
            } else if connecting.is_closed() {
                break;
            }
            wire.flush().await.unwrap();
        }
        // As long as there is a connection, what waits is written.
        std::future::pending::<()>().await;
    });

    let (mut numbers, mut connects, mut others) = (0, 0, 0);
    let reading = read(client, |text| {
        if let Some(other) = text.strip_prefix('6') {
            assert_eq!(other.split(',').next(), Some(others.to_string().as_str()));
            others += 1;
        } else if let Some(connect) = text.strip_prefix("40") {
            connects += 1;
            assert_eq!(connect, connects.to_string());
        } else {
            let mut fields = text.strip_prefix("42[").expect(&text).split(',');
            assert_eq!(fields.next(), Some(numbers.to_string().as_str()));
            let held_for: usize = fields.next().unwrap().parse().unwrap();
            assert_eq!(held_for, connects, "at {numbers}");
            numbers += 1;
        }
        numbers == PACKETS
    });
    tokio::time::timeout(Duration::from_secs(60), reading).await.unwrap();
    assert!(connects > 20 && others > connects, "{connects}, {others}");
}

/// Somebody who is always told something is pinged all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn service_has_its_turn_though_something_always_waits() {
    let Connection { session, mut wire, flusher, client } = connection().await;
    tokio::spawn(flush(flusher));
    let pushing = Arc::clone(&session);
    tokio::spawn(async move {
        loop {
            {
                let mut outlet = lock(pushing.outlet());
                while outlet.waiting.len() < 200 {
                    let packet = [frame::text(&"4".repeat(700)).into()];
                    pushing.take(&mut outlet, packet.into_iter()).unwrap();
                }
            }
            tokio::task::yield_now().await;
        }
    });
    tokio::spawn(async move {
        for _ in 0..20 {
            wire.write_all(&frame::text("6")).await.unwrap();
            wire.flush().await.unwrap();
        }
        std::future::pending::<()>().await;
    });
    let (mut turns, mut between) = (0, 0);
    let reading = read(client, |text| {
        match text.as_str() {
            "6" => (turns, between) = (turns + 1, 0),
            _ => between += 1,
        }
        // What the system keeps, and what has waited before.
        assert!(between < 700, "after {turns}");
        turns == 20
    });
    tokio::time::timeout(Duration::from_secs(60), reading).await.unwrap();
}

/// Who has missed something is not told what came after it.
#[tokio::test]
async fn nothing_is_written_to_a_connection_that_was_told_to_close() {
    let Connection { session, wire, client, .. } = connection().await;
    let push = || {
        let mut outlet = lock(session.outlet());
        session.take(&mut outlet, [frame::text("4").into()].into_iter())
    };
    assert_eq!(push().unwrap(), Pushed::Taken);
    lock(session.outlet()).line.as_ref().unwrap().closer.close();

    assert!(push().is_err());
    session.flush();
    drop((session, wire));
    let mut heard = Vec::new();
    tokio::io::BufReader::new(client).read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"");
}

/// Whoever is let in is told so together with what was said to it upon that.
#[tokio::test]
async fn what_was_held_goes_with_what_it_was_held_for() {
    let Connection { session, mut wire, flusher: _idle, client } = connection().await;
    {
        let mut outlet = lock(session.outlet());
        outlet.held.push_back(0);
        session.take(&mut outlet, [frame::text("42[1]").into()].into_iter()).unwrap();
    }
    wire.write_all(&[frame::text("40{}"), frame::text(MARK_PACKET)].concat()).await.unwrap();
    wire.flush().await.unwrap();

    let mut texts = ["40{}", "42[1]"].into_iter();
    let reading = read(client, |text| {
        assert_eq!(Some(text.as_str()), texts.next());
        texts.len() == 0
    });
    tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap();
}

/// Else what is sent meanwhile would take the room that the service waits for.
#[tokio::test]
async fn nobody_else_writes_while_the_service_waits_for_its_turn() {
    const PACKETS: u64 = 100;
    let Connection { session, mut wire, flusher: _idle, mut client } = connection().await;
    let writer = {
        let mut outlet = lock(session.outlet());
        let packets = (0..PACKETS).map(|_| frame::text(&"4".repeat(700)).into());
        assert_eq!(session.take(&mut outlet, packets).unwrap(), Pushed::Taken);
        outlet.line.as_ref().unwrap().writer.clone()
    };
    let service = frame::text("6");
    let mut writing = std::pin::pin!(wire.write_all(&service));
    assert!(writing.as_mut().now_or_never().is_none());
    let written = || {
        let outlet = lock(session.outlet());
        (outlet.written, outlet.waiting.front().map(Bytes::len))
    };
    let before = written();
    let mut bytes = [0; 500];
    let reading = async { while client.read(&mut bytes).await.unwrap() > 0 {} };
    tokio::select! {
        () = reading => unreachable!("the connection has ended"),
        there_is_room = writer.writable() => there_is_room.unwrap(),
    }

    session.flush();

    assert_eq!(written(), before);
    tokio::spawn(async move { tokio::io::copy(&mut client, &mut tokio::io::sink()).await });
    tokio::time::timeout(Duration::from_secs(10), writing).await.unwrap().unwrap();
    assert_eq!(written(), (PACKETS, None));
}
