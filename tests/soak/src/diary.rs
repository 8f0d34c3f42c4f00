//! What a client has been told, and what it makes of answers.

use std::time::Instant;

use serde_json::Value;
use uuid::Uuid;

use crate::{
    evidence::{Acknowledged, Change, Changed, Heard},
    outbox::Pending,
    world::{Conversation, World},
};

/// Faults that are kept of one client: the first tell enough.
const KEPT: usize = 20;

/// Events that the server sends again, whatever was missed.
const REPLAYED: i64 = 1_000;

/// What one client knows at the end.
pub(crate) struct Diary {
    pub(crate) client: usize,
    pub(crate) conversation: Conversation,
    pub(crate) acknowledged: Vec<Acknowledged>,
    pub(crate) changed: Vec<Changed>,
    pub(crate) heard: Vec<Heard>,
    pub(crate) gaps: Vec<(i64, i64)>,
    pub(crate) faults: Vec<String>,
    /// The highest `eventSeq` that it has heard.
    pub(crate) seen: i64,
    pub(crate) epoch: Option<Uuid>,
    /// Events that there were when it joined last, and that it had not heard.
    missed: i64,
}

impl Diary {
    pub(crate) fn new(client: usize, conversation: Conversation) -> Self {
        Self {
            client,
            conversation,
            acknowledged: Vec::new(),
            changed: Vec::new(),
            heard: Vec::new(),
            gaps: Vec::new(),
            faults: Vec::new(),
            seen: 0,
            epoch: None,
            missed: 0,
        }
    }

    /// Keeps what must not happen.
    pub(crate) fn fault(&mut self, text: String) {
        if self.faults.len() < KEPT {
            self.faults.push(format!("client {}: {text}", self.client));
        }
    }

    /// Takes the message of an ack.
    pub(crate) fn acknowledge(
        &mut self,
        world: &World,
        pending: Pending,
        sent: Instant,
        answer: &Value,
    ) {
        let key = pending.client_message_id;
        let (Some(id), Some(seq)) = (uuid(&answer["id"]), answer["seq"].as_i64()) else {
            return self.fault(format!("the ack of {key} is no message: {answer}"));
        };
        world.acknowledged(sent);
        match pending.known {
            Some(known) if known == (id, seq) => {}
            Some((id, seq)) => {
                self.fault(format!("{key} is {id} at {seq}, and again: {answer}"));
            }
            None => self.acknowledged.push(Acknowledged {
                client_message_id: key,
                content: pending.content,
                client: self.client,
                number: pending.number,
                id,
                seq,
                tries: pending.tries,
                refused: pending.refused,
            }),
        }
    }

    pub(crate) fn changed(&mut self, message: Uuid, change: Change) {
        self.changed.push(Changed { conversation: self.conversation.id, message, change });
    }

    /// Takes an event of the server, in either vocabulary; tells whether it was about a message.
    pub(crate) fn hear(&mut self, event: &str, data: &Value) -> bool {
        let id = match event {
            "chat:message:received"
            | "new_message"
            | "chat:message:updated"
            | "message_updated" => &data["id"],
            "chat:message:deleted" | "message_deleted" => &data["messageId"],
            "chat:system:notification" if data["type"] == "history_gap" => {
                self.gap(data);
                return false;
            }
            "chat:room:joined" | "session_joined" => {
                self.joined(data);
                return false;
            }
            _ => return false,
        };
        let seq = data["eventSeq"].as_i64().or_else(|| data["seq"].as_i64());
        let (Some(message), Some(event_seq)) = (uuid(id), seq) else {
            self.fault(format!("{event} without id or seq: {data}"));
            return false;
        };
        let places = ["roomId", "sessionId"].map(|it| uuid(&data[it]));
        if !places.contains(&Some(self.conversation.id)) {
            self.fault(format!("{event} of another conversation: {data}"));
        }
        self.heard.push(Heard { event_seq, message });
        self.seen = self.seen.max(event_seq);
        true
    }

    fn gap(&mut self, data: &Value) {
        let (from, to) = (data["fromSeq"].as_i64(), data["toSeq"].as_i64());
        if data["reset"] == true {
            self.fault(format!("the log has begun anew: {data}"));
        } else if self.missed <= REPLAYED {
            self.fault(format!("{} were missed, and not all are sent: {data}", self.missed));
        } else if let (Some(from), Some(to)) = (from, to) {
            self.gaps.push((from, to));
            self.seen = self.seen.max(to);
        }
    }

    fn joined(&mut self, data: &Value) {
        let epoch = uuid(&data["epoch"]);
        if self.epoch.is_some() && self.epoch != epoch {
            self.fault(format!("the epoch is another one: {data}"));
        }
        self.epoch = epoch;
        self.missed = data["lastSeq"].as_i64().map_or(0, |it| it - self.seen);
        if data["lastSeq"].as_i64().is_none_or(|it| it < self.seen) {
            self.fault(format!("{} was heard, and the log ends before: {data}", self.seen));
        }
    }
}

pub(crate) fn uuid(json: &Value) -> Option<Uuid> {
    json.as_str()?.parse().ok()
}
