//! One Socket.IO client on one WebSocket.

use std::{
    collections::HashMap,
    future::poll_fn,
    io,
    net::Ipv4Addr,
    pin::Pin,
    rc::Rc,
    task::{Poll, ready},
    time::{Duration, Instant},
};

use memchr::memmem;
use tokio::{
    io::{AsyncRead, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    sync::mpsc::UnboundedReceiver,
    time::timeout,
};

use crate::{
    frame::{self, Opcode},
    marker::{self, Marker},
    packet::{self, Packet},
    track::{Track, Verdict},
    world::World,
};

/// Time that a server has for the next step of a handshake.
const PATIENCE: Duration = Duration::from_secs(60);

/// A rate's clock ticks once a millisecond; a send this late counts from when it was due.
const LATE: Duration = Duration::from_millis(2);

/// Bytes of a buffer that an idle client may keep.
const KEPT_BUFFER: usize = 16 * 1024;

/// What a client is told to do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// Join all its rooms.
    Join,
    /// Leave all its rooms, without waiting for an answer.
    Leave,
    /// Keep so many sends without answer, until the world's limit.
    Loop(usize),
    /// Send one message to the client's room of this place, due at the instant.
    Send(usize, Instant),
    /// Send so many messages to its first room at once.
    Burst(usize),
}

/// A connected client.
pub(crate) struct Client {
    world: Rc<World>,
    /// Its number among the clients.
    index: usize,
    stream: TcpStream,
    /// Bytes of frames that are not complete yet.
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    rooms: Vec<Place>,
    waiting: HashMap<u64, Waiting>,
    last_id: u64,
    mask: u32,
    looping: bool,
}

/// A room from the client's point of view.
struct Place {
    /// Its number among the world's rooms.
    room: usize,
    /// Messages that the client has sent there.
    sent: u64,
    track: Track,
}

/// An event that is not answered yet.
struct Waiting {
    since: Instant,
    place: usize,
    is_join: bool,
}

impl Client {
    /// Connects and enters the namespace.
    pub(crate) async fn connect(
        world: Rc<World>,
        index: usize,
        token: &str,
        rooms: Vec<usize>,
    ) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, world.port)).await?;
        stream.set_nodelay(true)?;
        let places = rooms.into_iter().map(|room| Place { room, sent: 0, track: Track::default() });
        let mut client = Self {
            index,
            stream,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            rooms: places.collect(),
            waiting: HashMap::new(),
            last_id: 0,
            mask: index as u32,
            looping: false,
            world,
        };
        client.upgrade().await?;
        client.expect(Packet::Open).await?;
        client.text(&packet::connect(token));
        client.expect(Packet::Connected).await?;
        Ok(client)
    }

    async fn upgrade(&mut self) -> io::Result<()> {
        let request = format!(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n\
             Host: 127.0.0.1:{}\r\n\
             Upgrade: websocket\r\n\
             Connection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.world.port
        );
        self.outgoing.extend(request.into_bytes());
        self.flush().await?;
        let end = loop {
            self.read_patiently().await?;
            if let Some(end) = memmem::find(&self.incoming, b"\r\n\r\n") {
                break end + 4;
            }
        };
        if !self.incoming.starts_with(b"HTTP/1.1 101") {
            let head = String::from_utf8_lossy(&self.incoming[..end]).into_owned();
            return Err(io::Error::other(format!("no upgrade: {head}")));
        }
        self.incoming.drain(..end);
        Ok(())
    }

    /// Reads packets until the wanted one; the others before it are of no interest.
    async fn expect(&mut self, wanted: Packet<'_>) -> io::Result<()> {
        self.flush().await?;
        loop {
            while let Some(frame) = frame::read(&self.incoming)? {
                let length = frame.length;
                let packet = packet::read(frame.payload);
                let found = packet == wanted;
                if packet == Packet::Refused || frame.opcode == Opcode::Close {
                    let text = String::from_utf8_lossy(frame.payload).into_owned();
                    return Err(io::Error::other(format!("refused: {text}")));
                }
                self.incoming.drain(..length);
                if found {
                    return Ok(());
                }
            }
            self.read_patiently().await?;
        }
    }

    async fn read_patiently(&mut self) -> io::Result<()> {
        let late = |_| io::Error::from(io::ErrorKind::TimedOut);
        timeout(PATIENCE, self.read()).await.map_err(late)?
    }

    /// Obeys until there are no more orders, then closes the connection.
    pub(crate) async fn run(mut self, mut orders: UnboundedReceiver<Order>) {
        if let Err(error) = self.obey(&mut orders).await {
            let mut tally = self.world.tally.borrow_mut();
            tally.disconnected += 1;
            tally.sample(|| format!("client {}: {error}", self.index));
        }
    }

    async fn obey(&mut self, orders: &mut UnboundedReceiver<Order>) -> io::Result<()> {
        self.take_frames()?;
        loop {
            self.flush().await?;
            tokio::select! {
                biased;
                read = self.read() => {
                    read?;
                    self.take_frames()?;
                }
                order = orders.recv() => match order {
                    Some(order) => self.follow(order),
                    None => {
                        self.frame(Opcode::Close, &1000_u16.to_be_bytes());
                        return self.flush().await;
                    }
                },
            }
        }
    }

    fn follow(&mut self, order: Order) {
        match order {
            Order::Join => {
                for place in 0..self.rooms.len() {
                    let json = format!(r#"{{"roomId":"{}"}}"#, self.room_id(place));
                    self.ask("chat:room:join", &json, Instant::now(), place, true);
                }
            }
            Order::Leave => {
                for place in 0..self.rooms.len() {
                    let room = self.rooms[place].room;
                    let id = self.room_id(place);
                    let leave = format!(r#"42/chat,["chat:room:leave",{{"roomId":"{id}"}}]"#);
                    self.text(&leave);
                    let members = &self.world.members[room];
                    members.set(members.get() - 1);
                }
            }
            Order::Loop(in_flight) => {
                self.looping = true;
                for turn in 0..in_flight {
                    self.send(turn % self.rooms.len(), Instant::now());
                }
            }
            Order::Send(place, due) => {
                let now = Instant::now();
                let is_late = now.saturating_duration_since(due) > LATE;
                self.send(place, if is_late { due } else { now });
            }
            Order::Burst(messages) => {
                for _ in 0..messages {
                    self.send(0, Instant::now());
                }
            }
        }
    }

    fn room_id(&self, place: usize) -> &str {
        &self.world.rooms[self.rooms[place].room]
    }

    fn send(&mut self, place: usize, at: Instant) {
        let Place { room, sent, .. } = &mut self.rooms[place];
        let (room, number) = (*room, *sent);
        *sent += 1;
        let world = Rc::clone(&self.world);
        let at_start = world.since_start(at);
        let marker = Marker { room, sender: self.index, number, at: at_start };
        let json = format!(
            r#"{{"roomId":"{}","content":"{}","clientMessageId":"{}-{number}"}}"#,
            world.rooms[room],
            marker.content(),
            self.index,
        );
        let mut tally = world.tally.borrow_mut();
        tally.sent += 1;
        tally.expected += world.members[room].get();
        self.ask("chat:message:send", &json, at, place, false);
    }

    fn ask(&mut self, event: &str, json: &str, since: Instant, place: usize, is_join: bool) {
        self.last_id += 1;
        self.waiting.insert(self.last_id, Waiting { since, place, is_join });
        self.text(&packet::event(self.last_id, event, json));
    }

    fn take_frames(&mut self) -> io::Result<()> {
        let incoming = std::mem::take(&mut self.incoming);
        let mut taken = 0;
        while let Some(frame) = frame::read(&incoming[taken..])? {
            taken += frame.length;
            match frame.opcode {
                Opcode::Text => self.take_packet(packet::read(frame.payload), frame.payload)?,
                Opcode::Ping => self.frame(Opcode::Pong, frame.payload),
                Opcode::Close => return Err(io::ErrorKind::ConnectionAborted.into()),
                Opcode::Pong | Opcode::Other => {}
            }
        }
        self.incoming = incoming;
        self.incoming.drain(..taken);
        if self.incoming.is_empty() && self.incoming.capacity() > KEPT_BUFFER {
            self.incoming = Vec::new();
        }
        Ok(())
    }

    fn take_packet(&mut self, packet: Packet<'_>, text: &[u8]) -> io::Result<()> {
        match packet {
            Packet::Event(json) => self.take_event(json),
            Packet::Ack { id, data } => self.take_ack(id, data),
            Packet::Ping => self.text("3"),
            Packet::Refused => {
                let text = String::from_utf8_lossy(text);
                return Err(io::Error::other(format!("put out: {text}")));
            }
            Packet::Open | Packet::Connected | Packet::Other => {}
        }
        Ok(())
    }

    fn take_event(&mut self, json: &[u8]) {
        const RECEIVED: &[u8] = br#"["chat:message:received","#;
        let mut tally = self.world.tally.borrow_mut();
        if !json.starts_with(RECEIVED) {
            if memmem::find(json, b"error").is_some() {
                tally.sample(|| String::from_utf8_lossy(json).into_owned());
            }
            return;
        }
        let Some(marker) = Marker::find(json) else { return };
        let Some(place) = self.rooms.iter_mut().find(|it| it.room == marker.room) else { return };
        let time = self.world.since_start(Instant::now()).saturating_sub(marker.at);
        match place.track.note(&marker, marker::seq(json)) {
            Verdict::Good => {}
            Verdict::Inverted => tally.inverted += 1,
            Verdict::Doubled => {
                tally.doubled += 1;
                return;
            }
        }
        tally.delivered += 1;
        tally.delivery.note(time);
    }

    fn take_ack(&mut self, id: u64, data: &[u8]) {
        let Some(Waiting { since, place, is_join }) = self.waiting.remove(&id) else { return };
        let world = Rc::clone(&self.world);
        let members = &world.members[self.rooms[place].room];
        let now = Instant::now();
        let good = data.starts_with(br#"[{"status":"ok""#);
        {
            let mut tally = world.tally.borrow_mut();
            match (good, is_join) {
                (true, true) => {
                    members.set(members.get() + 1);
                    tally.joined += 1;
                    tally.join.note(now - since);
                }
                (true, false) => {
                    tally.acked += 1;
                    tally.ack.note(now.saturating_duration_since(since));
                }
                (false, _) => {
                    tally.refused += 1;
                    tally.expected -= if is_join { 0 } else { members.get() };
                    tally.sample(|| String::from_utf8_lossy(data).into_owned());
                }
            }
        }
        if self.looping && !is_join {
            if world.goes_on(now) {
                self.send(place, now);
            } else {
                self.looping = !self.waiting.is_empty();
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.frame(Opcode::Text, text.as_bytes());
    }

    /// The mask need not be secret here, only different.
    fn frame(&mut self, opcode: Opcode, payload: &[u8]) {
        self.mask = self.mask.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        frame::write(&mut self.outgoing, opcode, payload, self.mask.to_ne_bytes());
    }

    async fn flush(&mut self) -> io::Result<()> {
        if !self.outgoing.is_empty() {
            self.stream.write_all(&self.outgoing).await?;
            self.outgoing.clear();
        }
        Ok(())
    }

    /// Reads once. All clients share one buffer, so that an idle one has none.
    async fn read(&mut self) -> io::Result<()> {
        let Self { world, stream, incoming, .. } = self;
        let length = poll_fn(|context| {
            let mut scratch = world.scratch.borrow_mut();
            let mut buffer = ReadBuf::new(&mut scratch);
            ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
            incoming.extend_from_slice(buffer.filled());
            Poll::Ready(io::Result::Ok(buffer.filled().len()))
        })
        .await?;
        if length == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}
