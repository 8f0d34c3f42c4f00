//! Whether what a client gets is complete, single and in order.

use std::collections::{BTreeSet, HashMap};

use crate::marker::Marker;

/// What one client has got in one room.
#[derive(Default)]
pub(crate) struct Track {
    senders: HashMap<usize, Sender>,
    last_seq: u64,
}

#[derive(Default)]
struct Sender {
    /// The number expected next.
    next: u64,
    /// Numbers that were jumped over.
    missing: BTreeSet<u64>,
}

/// What is to be said of one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Good,
    /// One of the same sender's later messages came before, or the server's number is not
    /// above the one before.
    Inverted,
    Doubled,
}

impl Track {
    /// Judges a delivery. `seq` is the server's own number, if it has one.
    pub(crate) fn note(&mut self, marker: &Marker, seq: Option<u64>) -> Verdict {
        let sender = self.senders.entry(marker.sender).or_default();
        let of_sender = sender.note(marker.number);
        let Some(seq) = seq.filter(|_| of_sender == Verdict::Good) else { return of_sender };
        if seq <= self.last_seq {
            return Verdict::Inverted;
        }
        self.last_seq = seq;
        Verdict::Good
    }
}

impl Sender {
    fn note(&mut self, number: u64) -> Verdict {
        if number >= self.next {
            self.missing.extend(self.next..number);
            self.next = number + 1;
            Verdict::Good
        } else if self.missing.remove(&number) {
            Verdict::Inverted
        } else {
            Verdict::Doubled
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn verdicts(deliveries: &[(usize, u64, Option<u64>)]) -> Vec<Verdict> {
        let mut track = Track::default();
        let note = |&(sender, number, seq)| {
            track.note(&Marker { room: 0, sender, number, at: Duration::ZERO }, seq)
        };
        deliveries.iter().map(note).collect()
    }

    #[test]
    fn a_late_one_is_inverted_and_a_second_one_doubled() {
        use Verdict::{Doubled, Good, Inverted};
        let of_one = [(0, 0, None), (0, 2, None), (0, 1, None), (0, 1, None), (0, 2, None)];
        assert_eq!(verdicts(&of_one), [Good, Good, Inverted, Doubled, Doubled]);
    }

    #[test]
    fn senders_are_independent_but_the_servers_number_is_not() {
        use Verdict::{Good, Inverted};
        assert_eq!(verdicts(&[(0, 0, None), (1, 0, None), (0, 1, None)]), [Good; 3]);
        let numbered = [(0, 0, Some(1)), (1, 0, Some(3)), (0, 1, Some(2))];
        assert_eq!(verdicts(&numbered), [Good, Good, Inverted]);
    }
}
