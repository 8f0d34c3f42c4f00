//! A Socket.IO client over a WebSocket.

use std::{collections::VecDeque, future::Future, panic::Location};

use axum::body::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::{PATIENCE, Packet, connection::Connection, soon};

/// A client that is connected. It reads, and answers pings, only while a test waits for
/// something; what else comes then is kept until it is asked for.
///
/// It is in the namespace it was [connected](super::TestApp::connect) to, and may
/// [join](Self::join) others. Packets can be sent and taken as they are, by
/// [`send`](Self::send) and [`next_packet`](Self::next_packet).
#[derive(Debug)]
pub struct TestSocket {
    connection: Connection,
    namespace: String,
    acks: i64,
    /// Packets that came while another one was waited for.
    kept: VecDeque<Packet>,
}

type Place = &'static Location<'static>;

impl TestSocket {
    /// A client that is in no namespace yet, and speaks to this one.
    pub(super) fn over(connection: Connection, namespace: &str) -> Self {
        let mut socket =
            Self { connection, namespace: String::new(), acks: 0, kept: VecDeque::new() };
        socket.speak_to(namespace);
        socket
    }

    /// Sends an event that asks for no ack.
    pub async fn emit(&mut self, event: &str, data: impl Serialize) {
        self.send(&format!("2{}{}", self.prefix(), json!([event, data]))).await;
    }

    /// Sends an event, and waits for its ack, whatever it says.
    ///
    /// # Panics
    ///
    /// If none comes in time.
    #[track_caller]
    pub fn emit_ack(&mut self, event: &str, data: impl Serialize) -> impl Future<Output = Value> {
        self.emit_ack_with(json!([event, data]))
    }

    /// Like [`Self::emit_ack`], with the name and all arguments as they stand in the packet.
    ///
    /// # Panics
    ///
    /// If no ack comes in time.
    #[track_caller]
    pub fn emit_ack_with(&mut self, arguments: Value) -> impl Future<Output = Value> {
        let place = Location::caller();
        async move {
            self.acks += 1;
            let (id, here) = (self.acks, self.namespace.clone());
            self.send(&format!("2{}{id}{arguments}", self.prefix())).await;
            let wanted = |it: &Packet| it.is_ack(&here, id);
            match self.take(&format!("ack of {}", arguments[0]), place, wanted).await {
                Packet::Ack(_, _, ack) => ack,
                packet => unreachable!("{packet:?} was not wanted"),
            }
        }
    }

    /// Like [`Self::emit_ack`], with binary parts, which stand in the data as
    /// [`part`](super::part) says: `json!({ "pixels": part(0) })`.
    ///
    /// # Panics
    ///
    /// If no ack comes in time.
    #[track_caller]
    pub fn emit_ack_with_parts(
        &mut self,
        event: &str,
        data: impl Serialize,
        parts: impl IntoIterator<Item = impl Into<Bytes>>,
    ) -> impl Future<Output = Value> {
        let (place, arguments) = (Location::caller(), json!([event, data]));
        let parts: Vec<Bytes> = parts.into_iter().map(Into::into).collect();
        async move {
            self.acks += 1;
            let (id, here) = (self.acks, self.namespace.clone());
            self.send(&format!("5{}-{}{id}{arguments}", parts.len(), self.prefix())).await;
            for part in parts {
                self.send_binary(part).await;
            }
            let wanted = |it: &Packet| it.is_ack(&here, id);
            match self.take(&format!("ack of {}", arguments[0]), place, wanted).await {
                Packet::Ack(_, _, ack) => ack,
                packet => unreachable!("{packet:?} was not wanted"),
            }
        }
    }

    /// Sends an event, and gives the data of its ack.
    ///
    /// # Panics
    ///
    /// If none comes in time, or one that does not say ok.
    #[track_caller]
    pub fn call(&mut self, event: &str, data: impl Serialize) -> impl Future<Output = Value> {
        let place = Location::caller();
        let ack = self.emit_ack(event, data);
        async move {
            let mut ack = ack.await;
            assert_eq!(ack["status"], "ok", "{ack}, at {place}");
            ack["data"].take()
        }
    }

    /// Waits for the next event of this name, and gives its data.
    ///
    /// # Panics
    ///
    /// If none comes in time.
    #[track_caller]
    pub fn event(&mut self, name: &str) -> impl Future<Output = Value> {
        let place = Location::caller();
        async move {
            let here = self.namespace.clone();
            let wanted = |it: &Packet| it.is_event(&here, name);
            match self.take(&format!("event `{name}`"), place, wanted).await {
                Packet::Event(_, _, data) => data,
                packet => unreachable!("{packet:?} was not wanted"),
            }
        }
    }

    /// Takes the events of this name that were read while something else was waited for.
    pub fn heard(&mut self, name: &str) -> Vec<Value> {
        let named = |it: &Packet| matches!(it, Packet::Event(_, event, _) if event == name);
        let (named, others) = self.kept.drain(..).partition(named);
        self.kept = others;
        VecDeque::into_iter(named).filter_map(event_of).map(|(_, data)| data).collect()
    }

    /// Takes all events that were read while something else was waited for: names and data.
    pub fn take_heard(&mut self) -> Vec<(String, Value)> {
        let events = |it: &Packet| matches!(it, Packet::Event(..));
        let (events, others) = self.kept.drain(..).partition(events);
        self.kept = others;
        VecDeque::into_iter(events).filter_map(event_of).collect()
    }

    /// The id by which the server knows the socket, `socket.id` at Socket.IO's own client.
    pub fn id(&self) -> &str {
        self.connection.1.id(&self.namespace)
    }

    /// What Socket.IO's own client adds to `auth` when it comes back: `pid`, and `offset` of the
    /// last event that was read; `null` if the server recovers nobody.
    ///
    /// A socket that is recovered has the same `pid` again.
    pub fn recovery(&self) -> Value {
        self.connection.1.recovery(&self.namespace)
    }

    /// Leaves the namespace, and ends the connection.
    ///
    /// # Panics
    ///
    /// If the server does not end it, too, in time.
    pub async fn disconnect(mut self) {
        self.leave().await;
        self.close().await;
    }

    /// Ends the connection without a word.
    ///
    /// # Panics
    ///
    /// If the server does not end it, too, in time.
    pub async fn close(self) {
        self.connection.close().await;
    }

    /// Waits until the server has ended the connection. What comes before is kept.
    ///
    /// # Panics
    ///
    /// If it does not in time.
    #[track_caller]
    pub fn closed(&mut self) -> impl Future<Output = ()> {
        soon(async {
            loop {
                match self.connection.receive().await {
                    Packet::Closed => return,
                    packet => self.kept.push_back(packet),
                }
            }
        })
    }
}

/// What is nearer to the protocol: several namespaces on one connection, and single packets.
impl TestSocket {
    /// Asks to be let into a namespace, on the same connection, and gives the next packet; from
    /// now on this namespace is spoken to. An `auth` of `null` is left out.
    ///
    /// # Panics
    ///
    /// If no packet comes in time.
    #[track_caller]
    pub fn join(&mut self, namespace: &str, auth: Value) -> impl Future<Output = Packet> {
        let place = Location::caller();
        self.speak_to(namespace);
        async move {
            let auth = if auth.is_null() { String::new() } else { auth.to_string() };
            self.send(&format!("0{}{auth}", self.prefix())).await;
            self.next_at(place).await
        }
    }

    /// Lets all methods speak to `namespace`, which must have been joined.
    pub fn speak_to(&mut self, namespace: &str) {
        self.namespace = if namespace.is_empty() { "/" } else { namespace }.to_owned();
    }

    /// Leaves the namespace; the connection stays.
    pub async fn leave(&mut self) {
        self.send(&format!("1{}", self.prefix())).await;
    }

    /// The next packet of any namespace, also the last one, [`Packet::Closed`].
    ///
    /// # Panics
    ///
    /// If none comes in time.
    #[track_caller]
    pub fn next_packet(&mut self) -> impl Future<Output = Packet> {
        self.next_at(Location::caller())
    }

    /// The next packet, which is an event of the namespace: its name and its data.
    ///
    /// # Panics
    ///
    /// If it is another one, or none comes in time.
    #[track_caller]
    pub fn next_event(&mut self) -> impl Future<Output = (String, Value)> {
        let place = Location::caller();
        async move {
            match self.next_at(place).await {
                Packet::Event(namespace, event, data) if namespace == self.namespace => {
                    (event, data)
                }
                other => panic!("{other:?} is no event of {}, at {place}", self.namespace),
            }
        }
    }

    /// Sends a packet of Socket.IO as it stands.
    ///
    /// # Panics
    ///
    /// If the connection has ended.
    pub async fn send(&mut self, packet: &str) {
        self.connection.send(packet).await;
    }

    /// Sends the binary part of a packet.
    ///
    /// # Panics
    ///
    /// If the connection has ended.
    pub async fn send_binary(&mut self, bytes: impl Into<Bytes>) {
        self.connection.send_binary(bytes.into()).await;
    }

    async fn next_at(&mut self, place: Place) -> Packet {
        if let Some(packet) = self.kept.pop_front() {
            return packet;
        }
        match tokio::time::timeout(PATIENCE, self.connection.receive()).await {
            Ok(packet) => packet,
            Err(_) => panic!("no packet within {PATIENCE:?}, at {place}"),
        }
    }

    /// Takes the first packet that is wanted, and keeps those before it.
    async fn take(&mut self, what: &str, place: Place, wanted: impl Fn(&Packet) -> bool) -> Packet {
        let kept = self.kept.iter().position(&wanted).and_then(|at| self.kept.remove(at));
        if let Some(packet) = kept {
            return packet;
        }
        let coming = async {
            loop {
                match self.connection.receive().await {
                    packet if packet == Packet::Closed || wanted(&packet) => return packet,
                    other => self.kept.push_back(other),
                }
            }
        };
        match tokio::time::timeout(PATIENCE, coming).await {
            Ok(Packet::Closed) => {
                panic!("the connection ended before the {what}, at {place}: {:?}", self.kept)
            }
            Ok(packet) => packet,
            Err(_) => panic!("no {what} within {PATIENCE:?}, at {place}, but {:?}", self.kept),
        }
    }

    /// What stands before the data of a packet of the namespace.
    fn prefix(&self) -> String {
        if self.namespace == "/" { String::new() } else { format!("{},", self.namespace) }
    }
}

/// What stands in an event's data for its binary part of this number, the first being 0.
pub fn part(number: usize) -> Value {
    json!({ "_placeholder": true, "num": number })
}

fn event_of(packet: Packet) -> Option<(String, Value)> {
    match packet {
        Packet::Event(_, event, data) => Some((event, data)),
        _ => None,
    }
}
