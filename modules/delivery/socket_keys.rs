//! A set of sockets.

use crate::socketio_door::SocketKey;

/// A set of sockets, in order. There is one for each socket and for each member of a conversation, and
/// most have one socket, for which a hash set has too much room.
#[derive(Debug, Default)]
pub(crate) struct SocketKeys(Vec<SocketKey>);

impl SocketKeys {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn insert(&mut self, key: SocketKey) {
        if let Err(place) = self.0.binary_search(&key) {
            self.0.reserve_exact(usize::from(self.0.is_empty()));
            self.0.insert(place, key);
        }
    }

    pub(crate) fn remove(&mut self, key: SocketKey) {
        if let Ok(place) = self.0.binary_search(&key) {
            self.0.remove(place);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = SocketKey> {
        self.0.iter().copied()
    }

    /// Adds keys, of which none comes twice, until there are so many. Gives those that are new.
    pub(crate) fn add_new(
        &mut self,
        keys: impl Iterator<Item = SocketKey>,
        most: usize,
    ) -> Vec<SocketKey> {
        let room = most.saturating_sub(self.0.len());
        let is_new = |it: &SocketKey| self.0.binary_search(it).is_err();
        let new: Vec<_> = keys.filter(is_new).take(room).collect();
        if !new.is_empty() {
            self.0.reserve_exact(new.len());
            self.0.extend(&new);
            // The stable one makes use of what is in order already.
            self.0.sort();
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_not_new() {
        let key = |number| SocketKey::of_test(number as u8 % 2, number);
        let mut keys = SocketKeys::default();
        keys.insert(key(7));
        keys.insert(key(7));
        keys.insert(key(2));
        assert_eq!(keys.add_new([9, 7, 1, 2, 8, 3].map(key).into_iter(), 5), [9, 1, 8].map(key));
        assert_eq!(keys.add_new([9, 4].map(key).into_iter(), 5), []);
        for number in [1, 8, 7, 2] {
            keys.remove(key(number));
            keys.remove(key(number));
        }
        assert_eq!(keys.iter().collect::<Vec<_>>(), [key(9)]);
        keys.remove(key(9));
        assert!(keys.is_empty());
    }
}
