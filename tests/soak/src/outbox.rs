//! What a client wants to say: sent again, in order and under the same id, until it is acknowledged.

use std::{collections::VecDeque, time::Instant};

use uuid::Uuid;

/// A message that is not acknowledged yet.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) number: u64,
    pub(crate) client_message_id: String,
    pub(crate) content: String,
    pub(crate) tries: u32,
    pub(crate) refused: bool,
    /// Id and seq by which it was acknowledged before, if it is sent only to see what is said.
    pub(crate) known: Option<(Uuid, i64)>,
    /// The packet's id, and when it was sent by the connection that is open.
    pub(crate) sent: Option<(u64, Instant)>,
}

/// The messages of one client.
pub(crate) struct Outbox {
    client: usize,
    last: u64,
    waiting: VecDeque<Pending>,
}

impl Outbox {
    pub(crate) fn new(client: usize) -> Self {
        Self { client, last: 0, waiting: VecDeque::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Thinks of a new message.
    pub(crate) fn write(&mut self) {
        self.last += 1;
        let client_message_id = format!("{}-{}", self.client, self.last);
        self.waiting.push_back(Pending {
            number: self.last,
            content: format!("message {} of client {}", self.last, self.client),
            client_message_id,
            tries: 0,
            refused: false,
            known: None,
            sent: None,
        });
    }

    /// Sends one again that was acknowledged as `id` at `seq`.
    pub(crate) fn repeat(&mut self, number: u64, content: String, id: Uuid, seq: i64) {
        self.waiting.push_back(Pending {
            number,
            client_message_id: format!("{}-{number}", self.client),
            content,
            tries: 0,
            refused: false,
            known: Some((id, seq)),
            sent: None,
        });
    }

    /// The first that the open connection has not sent.
    pub(crate) fn next(&mut self) -> Option<&mut Pending> {
        self.waiting.iter_mut().find(|it| it.sent.is_none())
    }

    /// Takes out what the packet was about.
    pub(crate) fn answered(&mut self, packet: u64) -> Option<Pending> {
        let is_it = |it: &Pending| it.sent.is_some_and(|(id, _)| id == packet);
        let place = self.waiting.iter().position(is_it)?;
        self.waiting.remove(place)
    }

    /// Takes one back that was refused, to its place in the order.
    pub(crate) fn refused(&mut self, mut pending: Pending) {
        (pending.refused, pending.sent) = (true, None);
        let is_later = |it: &Pending| it.number > pending.number;
        let place = self.waiting.iter().position(is_later).unwrap_or(self.waiting.len());
        self.waiting.insert(place, pending);
    }

    /// The connection is gone: nobody knows what has become of what it has sent.
    pub(crate) fn disconnected(&mut self) {
        self.waiting.iter_mut().for_each(|it| it.sent = None);
    }

    /// When the oldest was sent that waits for its ack.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.waiting.iter().filter_map(|it| Some(it.sent?.1)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends all there is, under ids from `id`, and returns the keys.
    fn send(outbox: &mut Outbox, mut id: u64) -> Vec<String> {
        let mut keys = Vec::new();
        while let Some(pending) = outbox.next() {
            pending.sent = Some((id, Instant::now()));
            id += 1;
            keys.push(pending.client_message_id.clone());
        }
        keys
    }

    #[test]
    fn what_is_not_acknowledged_is_sent_again_in_order() {
        let mut outbox = Outbox::new(7);
        (0..3).for_each(|_| outbox.write());
        assert_eq!(send(&mut outbox, 1), ["7-1", "7-2", "7-3"]);
        assert_eq!(outbox.answered(1).map(|it| it.number), Some(1));
        outbox.disconnected();
        outbox.write();
        assert_eq!(send(&mut outbox, 1), ["7-2", "7-3", "7-4"]);
    }

    #[test]
    fn what_was_refused_is_sent_before_what_comes_later() {
        let mut outbox = Outbox::new(7);
        (0..3).for_each(|_| outbox.write());
        send(&mut outbox, 1);
        let second = outbox.answered(2).expect("it was sent");
        outbox.refused(second);
        assert_eq!(send(&mut outbox, 4), ["7-2"]);
        assert!(outbox.waiting[1].refused);
    }
}
