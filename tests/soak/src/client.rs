//! One client: connects, talks, listens, is cut off, and comes back.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::time::{Instant as Clock, sleep, sleep_until};
use uuid::Uuid;

use crate::{
    diary::Diary,
    dice::Dice,
    evidence::Change,
    outbox::Outbox,
    socket::{Packet, Socket},
    world::{Conversation, Phase, World},
};

/// Messages of one client that wait for their ack at the same time.
const IN_FLIGHT: usize = 8;

/// Time after which a client gives a connection up that does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The words that a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    Chat,
    Session,
}

/// Who a client is.
pub(crate) struct Person {
    pub(crate) number: usize,
    pub(crate) token: String,
    pub(crate) conversation: Conversation,
    pub(crate) words: Words,
    /// Whether it talks here, too: some do so by REST.
    pub(crate) talks: bool,
}

pub(crate) struct Client {
    world: Arc<World>,
    person: Person,
    dice: Dice,
    outbox: Outbox,
    diary: Diary,
    /// Edits and deletions that the open connection has asked for.
    changing: HashMap<u64, (Uuid, Option<String>)>,
    /// A refusal says when to try again.
    not_before: Clock,
}

impl Client {
    pub(crate) fn new(world: Arc<World>, person: Person) -> Self {
        Self {
            dice: Dice::new(world.seed, person.number as u64),
            outbox: Outbox::new(person.number),
            diary: Diary::new(person.number, person.conversation),
            changing: HashMap::new(),
            not_before: Clock::now(),
            world,
            person,
        }
    }

    /// Lives until the run ends, and tells what it knows.
    pub(crate) async fn run(mut self) -> Diary {
        while self.world.phase() != Phase::End {
            // Whatever ends a connection, the next one goes on where it was.
            let _ = self.connection().await;
            self.outbox.disconnected();
            self.changing.clear();
            let pause = self.dice.millis(5..150);
            sleep(pause).await;
        }
        self.diary
    }

    /// One connection, from its beginning to its end.
    async fn connection(&mut self) -> io::Result<()> {
        let by_handshake = self.dice.is_one_in(2);
        let namespace = if self.dice.is_one_in(2) { "/chat," } else { "" };
        let auth = self.auth(by_handshake);
        let mut socket = Socket::connect(self.world.port, namespace, &auth).await?;
        self.world.connected.fetch_add(1, Ordering::Relaxed);
        let mut join = None;
        if !by_handshake {
            join = Some(self.join(&mut socket).await?);
        }
        let begun = Instant::now();
        let cut = Clock::now() + self.dice.millis(1_000..9_000);
        let mut joined = false;
        let mut turn = Clock::now();
        loop {
            tokio::select! {
                packet = socket.next() => match packet? {
                    Packet::Ack(id, answer) if join == Some(id) => {
                        if answer["status"] != "ok" {
                            return Err(io::Error::other(format!("not joined: {answer}")));
                        }
                    }
                    Packet::Ack(id, answer) => self.answered(id, &answer),
                    Packet::Event(event, data) => {
                        joined |= ["chat:room:joined", "session_joined"].contains(&event.as_str());
                        if !joined && ["chat:error", "error"].contains(&event.as_str()) {
                            return Err(io::Error::other(format!("not joined: {data}")));
                        }
                        self.hear(&event, &data);
                    }
                },
                () = sleep_until(turn) => {
                    turn = Clock::now() + self.dice.millis(2..30);
                    match self.world.phase() {
                        Phase::End => return Ok(()),
                        Phase::Talk if joined => self.think(&mut socket).await?,
                        _ => {}
                    }
                    if joined && self.not_before <= turn {
                        self.send(&mut socket).await?;
                    }
                    let waiting = self.outbox.oldest().or((!joined).then_some(begun));
                    if waiting.is_some_and(|it| it.elapsed() > PATIENCE) {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                () = sleep_until(cut), if self.world.phase() == Phase::Talk => {
                    if self.dice.is_one_in(2) {
                        socket.reset_when_dropped();
                    }
                    return Ok(());
                }
            }
        }
    }

    fn auth(&mut self, names_conversation: bool) -> Value {
        let mut auth = json!({ "token": self.person.token });
        if names_conversation {
            let seen = self.diary.seen;
            let of = match self.diary.epoch.filter(|_| self.dice.is_one_in(2)) {
                Some(epoch) => json!({ "seq": seen, "epoch": epoch }),
                None => json!(seen),
            };
            auth["conversations"] = json!({ self.person.conversation.id.to_string(): of });
        }
        auth
    }

    async fn join(&mut self, socket: &mut Socket) -> io::Result<u64> {
        let (event, field) = match self.person.words {
            Words::Chat => ("chat:room:join", "roomId"),
            Words::Session => ("join_session", "sessionId"),
        };
        let data = json!({ field: self.person.conversation.id, "lastSeq": self.diary.seen });
        socket.emit(event, &data).await
    }

    /// Thinks of something to say, or to change.
    async fn think(&mut self, socket: &mut Socket) -> io::Result<()> {
        if !self.person.talks {
            return Ok(());
        }
        if self.outbox.len() < IN_FLIGHT {
            self.outbox.write();
        }
        let known = self.diary.acknowledged.len() as u64;
        if known == 0 || !self.dice.is_one_in(20) {
            return Ok(());
        }
        let told = self.diary.acknowledged[self.dice.within(0..known) as usize].clone();
        match self.dice.within(0..5) {
            0 => {
                let id =
                    socket.emit("chat:message:delete", &json!({ "messageId": told.id })).await?;
                self.changing.insert(id, (told.id, None));
            }
            1 | 2 => {
                let content = format!("{}, for the {}th time", told.content, self.diary.seen);
                let edit = json!({ "messageId": told.id, "content": content });
                let id = socket.emit("chat:message:edit", &edit).await?;
                self.changing.insert(id, (told.id, Some(content)));
            }
            _ => self.outbox.repeat(told.number, told.content, told.id, told.seq),
        }
        Ok(())
    }

    /// Sends all that the open connection has not sent yet.
    async fn send(&mut self, socket: &mut Socket) -> io::Result<()> {
        let (event, field) = match self.person.words {
            Words::Chat => ("chat:message:send", "roomId"),
            Words::Session => ("send_message", "sessionId"),
        };
        while let Some(pending) = self.outbox.next() {
            pending.tries += 1;
            let message = json!({
                field: self.person.conversation.id,
                "content": pending.content,
                "clientMessageId": pending.client_message_id,
            });
            let sent = Instant::now();
            let id = socket.emit(event, &message).await?;
            pending.sent = Some((id, sent));
        }
        self.note_pending();
        Ok(())
    }

    fn answered(&mut self, id: u64, answer: &Value) {
        let is_ok = answer["status"] == "ok";
        if let Some((message, content)) = self.changing.remove(&id) {
            let seq = answer["data"]["eventSeq"].as_i64();
            match (is_ok, content, seq) {
                (true, None, _) => self.diary.changed(message, Change::Deleted),
                (true, Some(text), Some(seq)) => {
                    self.diary.changed(message, Change::Edited(seq, text));
                }
                // Refused: it was deleted before, or the database is away.
                _ => {}
            }
            return;
        }
        let Some(pending) = self.outbox.answered(id) else {
            return self.diary.fault(format!("ack {id} to nothing: {answer}"));
        };
        if is_ok {
            let sent = pending.sent.map_or_else(Instant::now, |it| it.1);
            self.diary.acknowledge(&self.world, pending, sent, &answer["data"]);
        } else {
            if answer["error"]["recoverable"] != true {
                let key = &pending.client_message_id;
                self.diary.fault(format!("{key} was refused for good: {answer}"));
            }
            let wait = answer["error"]["details"]["retryAfterMs"].as_u64().unwrap_or(200);
            self.not_before = Clock::now() + Duration::from_millis(wait.min(500));
            self.outbox.refused(pending);
        }
        self.note_pending();
    }

    fn hear(&mut self, event: &str, data: &Value) {
        if self.diary.hear(event, data) {
            self.world.delivered.fetch_add(1, Ordering::Relaxed);
        }
        let state = &self.world.states[self.person.number];
        state.seen.store(self.diary.seen, Ordering::Relaxed);
    }

    fn note_pending(&self) {
        let pending = (self.outbox.len() + self.changing.len()) as u64;
        self.world.states[self.person.number].pending.store(pending, Ordering::Relaxed);
    }
}
