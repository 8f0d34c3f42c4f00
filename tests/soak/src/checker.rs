//! The judge: compares what was acknowledged, what is stored and what was delivered.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use uuid::Uuid;

use crate::evidence::{Acknowledged, Change, Evidence, Listener, Log};

/// What is wrong, by kind, each with the ids that it is about.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Verdict {
    /// Acknowledged and not stored; or stored, and never delivered to somebody who listened.
    pub(crate) lost: Vec<String>,
    /// Stored twice, or delivered twice.
    pub(crate) doubled: Vec<String>,
    /// Numbers that no event has.
    pub(crate) holes: Vec<String>,
    /// Delivered after a later one, or stored before an earlier one of the same sender.
    pub(crate) inverted: Vec<String>,
    /// Delivered and not stored, other words than were sent, an answer that must not be.
    pub(crate) wrong: Vec<String>,
}

/// How senders' orders are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retries {
    /// What was sent again is in its sender's order, too.
    InOrder,
    /// It may be behind later ones: a database that fails can refuse one message and take the
    /// next of the same connection, after the client has given that connection up.
    Anywhere,
}

/// Judges a run.
pub(crate) fn judge(evidence: &Evidence, retries: Retries) -> Verdict {
    let mut verdict = Verdict { wrong: evidence.faults.clone(), ..Verdict::default() };
    let logs: HashMap<Uuid, &Log> = evidence.logs.iter().map(|it| (it.conversation, it)).collect();
    for log in &evidence.logs {
        verdict.numbers(log);
        verdict.stored_once(log);
        verdict.history(log);
    }
    verdict.acknowledged(evidence, &logs);
    verdict.changed(evidence, &logs);
    verdict.senders(&evidence.acknowledged, retries);
    for listener in &evidence.listeners {
        match logs.get(&listener.conversation) {
            Some(log) => verdict.delivered(listener, log),
            None => verdict.lost.push(format!("conversation {}", listener.conversation)),
        }
    }
    verdict
}

impl Verdict {
    /// Events are numbered 1, 2, 3 … up to the conversation's last.
    fn numbers(&mut self, log: &Log) {
        let of = log.conversation;
        let mut expected = 1;
        for event in &log.events {
            if event.seq < expected {
                self.doubled.push(format!("event {} of {of} is stored twice", event.seq));
                continue;
            }
            for seq in expected..event.seq {
                self.holes.push(format!("event {seq} of {of} is not stored"));
            }
            expected = event.seq + 1;
        }
        for seq in expected..=log.last_seq {
            self.holes.push(format!("event {seq} of {of} is not stored"));
        }
        if expected > log.last_seq + 1 {
            let text =
                format!("event {} of {of} is above its last, {}", expected - 1, log.last_seq);
            self.wrong.push(text);
        }
    }

    fn stored_once(&mut self, log: &Log) {
        let mut keys = HashSet::new();
        let news: HashMap<Uuid, i64> = log
            .events
            .iter()
            .filter(|it| it.kind == "message.new")
            .filter_map(|it| Some((it.message?, it.seq)))
            .collect();
        for message in &log.messages {
            let Some(key) = &message.client_message_id else { continue };
            if !keys.insert((&message.sender, key)) {
                self.doubled.push(format!("{key} is stored again as message {}", message.id));
            }
            if news.get(&message.id) != Some(&message.seq) {
                let text = format!("message {} has no event {}", message.id, message.seq);
                self.lost.push(text);
            }
        }
        for (id, seq) in &news {
            if !log.messages.iter().any(|it| it.id == *id) {
                self.lost.push(format!("message {id} of event {seq} is not stored"));
            }
        }
    }

    /// REST tells what the database has, less what was deleted.
    fn history(&mut self, log: &Log) {
        let there = log.messages.iter().filter(|it| !it.is_deleted).map(|it| (it.id, it.seq));
        if !log.history.iter().copied().eq(there.clone()) {
            let told: HashSet<_> = log.history.iter().copied().collect();
            let mut missing = there.filter(|it| !told.contains(it));
            let text =
                format!("the history of {} is another one: {:?}", log.conversation, missing.next());
            self.wrong.push(text);
        }
    }

    fn acknowledged(&mut self, evidence: &Evidence, logs: &HashMap<Uuid, &Log>) {
        let stored: HashMap<_, _> =
            logs.values().flat_map(|log| &log.messages).map(|it| (it.id, it)).collect();
        for ack in &evidence.acknowledged {
            let key = &ack.client_message_id;
            let Some(row) = stored.get(&ack.id).filter(|it| it.seq == ack.seq) else {
                let text = format!("{key} was acknowledged as {} at {}", ack.id, ack.seq);
                self.lost.push(format!("{text}, and is not stored"));
                continue;
            };
            let is_as_sent = row.event_seq > row.seq || row.content == ack.content;
            if !is_as_sent || row.client_message_id.as_ref() != Some(key) {
                self.wrong.push(format!("{key} is stored with other words as {}", ack.id));
            }
        }
    }

    fn changed(&mut self, evidence: &Evidence, logs: &HashMap<Uuid, &Log>) {
        for changed in &evidence.changed {
            let id = changed.message;
            let Some(log) = logs.get(&changed.conversation) else { continue };
            let row = log.messages.iter().find(|it| it.id == id);
            let has_event = |kind: &str, seq: Option<i64>| {
                log.events.iter().any(|it| {
                    it.message == Some(id) && it.kind == kind && seq.is_none_or(|seq| seq == it.seq)
                })
            };
            let is_kept = match (&changed.change, row) {
                (_, None) => false,
                (Change::Deleted, Some(row)) => {
                    row.is_deleted && row.content.is_empty() && has_event("message.deleted", None)
                }
                (Change::Edited(seq, content), Some(row)) => {
                    let is_last = row.event_seq == *seq;
                    has_event("message.updated", Some(*seq))
                        && (!is_last || row.content == *content)
                }
            };
            if !is_kept {
                self.lost.push(format!("message {id}: {:?} was acknowledged", changed.change));
            }
        }
    }

    /// One sender's messages are stored in the order in which they were sent.
    fn senders(&mut self, acknowledged: &[Acknowledged], retries: Retries) {
        let mut by_client: HashMap<usize, Vec<&Acknowledged>> = HashMap::new();
        for ack in acknowledged {
            let is_ordered = retries == Retries::InOrder || ack.tries == 1;
            if is_ordered && !ack.refused {
                by_client.entry(ack.client).or_default().push(ack);
            }
        }
        for acks in by_client.values_mut() {
            acks.sort_by_key(|it| it.number);
            for (before, after) in acks.iter().zip(acks.iter().skip(1)) {
                if before.seq >= after.seq {
                    let (a, b) = (&before.client_message_id, &after.client_message_id);
                    let text = format!("{a} is stored at {}, {b} at {}", before.seq, after.seq);
                    self.inverted.push(text);
                }
            }
        }
    }

    /// A listener hears each event once, in order, and none is missing.
    fn delivered(&mut self, listener: &Listener, log: &Log) {
        let (who, of) = (listener.client, listener.conversation);
        let stored: HashMap<i64, Option<Uuid>> =
            log.events.iter().map(|it| (it.seq, it.message)).collect();
        let (mut last, mut seen) = (0, HashSet::new());
        for heard in &listener.heard {
            let (seq, id) = (heard.event_seq, heard.message);
            if stored.get(&seq) != Some(&Some(id)) {
                self.wrong.push(format!("client {who} heard {id} as event {seq} of {of}"));
            }
            if !seen.insert(seq) {
                self.doubled.push(format!("client {who} heard event {seq} of {of} twice"));
            } else if seq < last {
                self.inverted.push(format!("client {who} heard event {seq} of {of} after {last}"));
            }
            last = last.max(seq);
        }
        let is_told = |seq| listener.gaps.iter().any(|(from, to)| (*from..=*to).contains(&seq));
        for seq in (1..=log.last_seq).filter(|it| !seen.contains(it) && !is_told(*it)) {
            self.lost.push(format!("client {who} never heard event {seq} of {of}"));
        }
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Changed, Heard, StoredEvent, StoredMessage};

    const ROOM: Uuid = Uuid::from_u128(1);

    fn id(seq: i64) -> Uuid {
        Uuid::from_u128(seq as u128 + 100)
    }

    fn heard(seqs: &[i64]) -> Vec<Heard> {
        seqs.iter().map(|seq| Heard { event_seq: *seq, message: id(*seq) }).collect()
    }

    /// Four messages of client 0, all acknowledged, stored and heard by client 1.
    fn clean() -> Evidence {
        let message = |seq: i64| StoredMessage {
            id: id(seq),
            seq,
            event_seq: seq,
            sender: "ada".to_owned(),
            client_message_id: Some(format!("0-{seq}")),
            content: format!("words {seq}"),
            is_deleted: false,
        };
        let event =
            |seq| StoredEvent { seq, kind: "message.new".to_owned(), message: Some(id(seq)) };
        let acknowledged = |seq: i64| Acknowledged {
            client_message_id: format!("0-{seq}"),
            content: format!("words {seq}"),
            client: 0,
            number: seq as u64,
            id: id(seq),
            seq,
            tries: 1,
            refused: false,
        };
        Evidence {
            logs: vec![Log {
                conversation: ROOM,
                last_seq: 4,
                events: (1..=4).map(event).collect(),
                messages: (1..=4).map(message).collect(),
                history: (1..=4).map(|seq| (id(seq), seq)).collect(),
            }],
            acknowledged: (1..=4).map(acknowledged).collect(),
            changed: Vec::new(),
            listeners: vec![Listener {
                client: 1,
                conversation: ROOM,
                heard: heard(&[1, 2, 3, 4]),
                gaps: Vec::new(),
            }],
            faults: Vec::new(),
        }
    }

    /// How many are lost, doubled, holes, inverted and wrong.
    fn counts(evidence: &Evidence) -> [usize; 5] {
        let it = judge(evidence, Retries::InOrder);
        [it.lost.len(), it.doubled.len(), it.holes.len(), it.inverted.len(), it.wrong.len()]
    }

    #[test]
    fn nothing_is_wrong_with_a_clean_run() {
        assert!(judge(&clean(), Retries::InOrder).is_clean());
    }

    #[test]
    fn an_acknowledged_message_that_is_not_stored_is_lost() {
        let mut it = clean();
        it.logs[0].last_seq = 3;
        it.logs[0].events.pop();
        it.logs[0].messages.pop();
        it.logs[0].history.pop();
        it.listeners[0].heard.pop();
        assert_eq!(counts(&it), [1, 0, 0, 0, 0]);
        let lost = judge(&it, Retries::InOrder).lost;
        assert!(lost[0].contains("0-4"), "{lost:?}");
    }

    #[test]
    fn an_event_that_a_listener_never_heard_is_lost_unless_it_was_told() {
        let mut it = clean();
        it.listeners[0].heard = heard(&[1, 3, 4]);
        assert_eq!(counts(&it), [1, 0, 0, 0, 0]);
        it.listeners[0].gaps = vec![(2, 2)];
        assert_eq!(counts(&it), [0; 5]);
        it.listeners[0] =
            Listener { heard: heard(&[1, 2, 3]), gaps: Vec::new(), ..it.listeners[0].clone() };
        assert_eq!(counts(&it), [1, 0, 0, 0, 0], "the last one is missing");
    }

    #[test]
    fn a_second_delivery_is_doubled_and_a_late_one_inverted() {
        let mut it = clean();
        it.listeners[0].heard = heard(&[1, 2, 2, 3, 4]);
        assert_eq!(counts(&it), [0, 1, 0, 0, 0]);
        it.listeners[0].heard = heard(&[1, 3, 2, 4]);
        assert_eq!(counts(&it), [0, 0, 0, 1, 0]);
    }

    #[test]
    fn a_key_that_is_stored_twice_is_doubled() {
        let mut it = clean();
        it.logs[0].messages[3].client_message_id = Some("0-3".to_owned());
        it.acknowledged.pop();
        assert_eq!(counts(&it), [0, 1, 0, 0, 0]);
    }

    #[test]
    fn a_number_that_no_event_has_is_a_hole() {
        let mut it = clean();
        it.logs[0].last_seq = 5;
        it.listeners[0].gaps = vec![(5, 5)];
        assert_eq!(counts(&it), [0, 0, 1, 0, 0]);
        it.logs[0].last_seq = 4;
        it.logs[0].events.remove(1);
        let holes = judge(&it, Retries::InOrder).holes;
        assert_eq!(holes, [format!("event 2 of {ROOM} is not stored")]);
    }

    #[test]
    fn a_senders_messages_are_stored_in_their_order_unless_refused() {
        let mut it = clean();
        it.acknowledged[0].number = 9;
        assert_eq!(counts(&it), [0, 0, 0, 1, 0]);
        it.acknowledged[0].refused = true;
        assert_eq!(counts(&it), [0; 5]);
        it.acknowledged[0] =
            Acknowledged { refused: false, tries: 2, ..it.acknowledged[0].clone() };
        assert_eq!(counts(&it), [0, 0, 0, 1, 0]);
        assert!(judge(&it, Retries::Anywhere).is_clean());
    }

    #[test]
    fn what_was_heard_and_is_not_stored_is_wrong() {
        let mut it = clean();
        it.listeners[0].heard.push(Heard { event_seq: 5, message: id(5) });
        assert_eq!(counts(&it), [0, 0, 0, 0, 1]);
    }

    #[test]
    fn words_and_history_are_those_that_were_sent() {
        let mut it = clean();
        it.logs[0].messages[1].content = "others".to_owned();
        assert_eq!(counts(&it), [0, 0, 0, 0, 1]);
        let mut it = clean();
        it.logs[0].history.remove(1);
        assert_eq!(counts(&it), [0, 0, 0, 0, 1]);
    }

    #[test]
    fn an_acknowledged_change_that_is_not_stored_is_lost() {
        let mut it = clean();
        let changed = |change| Changed { conversation: ROOM, message: id(2), change };
        it.changed = vec![changed(Change::Deleted)];
        assert_eq!(counts(&it), [1, 0, 0, 0, 0]);
        it.changed = vec![changed(Change::Edited(5, "new words".to_owned()))];
        assert_eq!(counts(&it), [1, 0, 0, 0, 0]);
        let log = &mut it.logs[0];
        log.events.push(StoredEvent {
            seq: 5,
            kind: "message.updated".to_owned(),
            message: Some(id(2)),
        });
        log.last_seq = 5;
        log.messages[1].event_seq = 5;
        log.messages[1].content = "new words".to_owned();
        it.listeners[0].heard.push(Heard { event_seq: 5, message: id(2) });
        assert_eq!(counts(&it), [0; 5]);
    }
}
