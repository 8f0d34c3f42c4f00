//! A client that talks by REST, one request after the other, with an `Idempotency-Key`.

use std::{
    sync::{Arc, atomic::Ordering},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use ureq::Agent;

use crate::{
    diary::Diary,
    dice::Dice,
    evidence::Change,
    outbox::{Outbox, Pending},
    rest,
    world::{Conversation, Phase, World},
};

/// Who talks, where, and under which number.
pub(crate) struct Talker {
    world: Arc<World>,
    number: usize,
    authorization: String,
    token: String,
    conversation: Conversation,
    agent: Agent,
    dice: Dice,
    outbox: Outbox,
    diary: Diary,
}

impl Talker {
    /// `number` is that of no other client.
    pub(crate) fn new(
        world: Arc<World>,
        number: usize,
        token: String,
        conversation: Conversation,
    ) -> Self {
        Self {
            dice: Dice::new(world.seed, number as u64),
            outbox: Outbox::new(number),
            diary: Diary::new(number, conversation),
            agent: rest::agent(),
            authorization: format!("Bearer {token}"),
            token,
            world,
            number,
            conversation,
        }
    }

    /// Talks until the run ends, and tells what it knows. Blocks.
    pub(crate) fn run(mut self) -> Diary {
        while self.world.phase() == Phase::Talk || self.outbox.len() > 0 {
            if self.world.phase() == Phase::End {
                break;
            }
            if self.outbox.len() == 0 {
                self.think();
            }
            self.note_pending();
            if let Some(pending) = self.outbox.next().cloned() {
                self.send(pending);
            }
            self.note_pending();
            let pause = self.dice.millis(5..40);
            sleep(pause);
        }
        self.diary
    }

    fn think(&mut self) {
        let known = self.diary.acknowledged.len() as u64;
        if known == 0 || !self.dice.is_one_in(12) {
            return self.outbox.write();
        }
        let told = self.diary.acknowledged[self.dice.within(0..known) as usize].clone();
        let url = self.world.url(&format!("/chat/messages/{}", told.id));
        match self.dice.within(0..4) {
            0 => {
                if let Ok(200 | 204) = rest::delete(&self.agent, &url, &self.token) {
                    self.diary.changed(told.id, Change::Deleted);
                }
            }
            1 => {
                let content = format!("{}, otherwise", told.content);
                let headers = [("Authorization", self.authorization.as_str())];
                let body = json!({ "content": content });
                let answer = rest::send(&self.agent, ("PUT", &url), &headers, &body);
                if let Ok((200, answer)) = answer
                    && let Some(seq) = answer["eventSeq"].as_i64()
                {
                    self.diary.changed(told.id, Change::Edited(seq, content));
                }
            }
            _ => self.outbox.repeat(told.number, told.content, told.id, told.seq),
        }
    }

    fn send(&mut self, pending: Pending) {
        let sent = Instant::now();
        if let Some(it) = self.outbox.next() {
            it.tries += 1;
            it.sent = Some((1, sent));
        }
        match self.request(&pending) {
            Ok((200 | 201, message)) => {
                if let Some(pending) = self.outbox.answered(1) {
                    self.diary.acknowledge(&self.world, pending, sent, &message);
                }
            }
            Ok((503, answer)) => {
                self.outbox.disconnected();
                let wait = answer["retry_after_ms"].as_u64().unwrap_or(200);
                sleep(Duration::from_millis(wait.min(500)));
            }
            // Not yet a member: the client of the same person has not joined yet.
            Ok((403, _)) if self.diary.acknowledged.is_empty() => {
                self.outbox.disconnected();
                sleep(Duration::from_millis(20));
            }
            Ok((status, answer)) => {
                let key = &pending.client_message_id;
                self.diary.fault(format!("{key} was answered {status}: {answer}"));
                self.outbox.disconnected();
                sleep(Duration::from_millis(200));
            }
            // The server is gone, or was while it answered: so it is sent again.
            Err(_) => {
                self.outbox.disconnected();
                let pause = self.dice.millis(20..120);
                sleep(pause);
            }
        }
    }

    fn request(&self, pending: &Pending) -> rest::Result<(u16, Value)> {
        let url = self.world.url(&self.conversation.messages());
        let headers = [
            ("Authorization", self.authorization.as_str()),
            ("Idempotency-Key", pending.client_message_id.as_str()),
        ];
        let body = json!({ "content": pending.content });
        rest::send(&self.agent, ("POST", &url), &headers, &body)
    }

    fn note_pending(&self) {
        let pending = self.outbox.len() as u64;
        self.world.states[self.number].pending.store(pending, Ordering::Relaxed);
    }
}
