//! What a socket has left whose connection was lost.

use std::{
    any::Any,
    sync::{Arc, Mutex},
    time::Instant,
};

use super::{Entered, lock, log::Log, offset::Offset, owner::Owner};
use crate::connection::PublicId;

/// A socket's place, for who shows its pid in time.
pub(super) struct Absence {
    pub(super) id: PublicId,
    pub(super) owner: Option<Owner>,
    /// The last event before the socket was let in.
    pub(super) begun: Offset,
    /// The last event that it alone was sent, and that is not kept.
    pub(super) unkept: Offset,
    pub(super) channels: Entered,
    pub(super) estate: Arc<Estate>,
    pub(super) until: Instant,
}

/// A socket's place, once somebody has taken it.
pub(super) struct Returning {
    pub(super) absence: Absence,
    /// The last event that the client has seen.
    pub(super) seen: Offset,
}

impl Absence {
    /// The last event that a client has seen which remembers this offset; `None` if there is no
    /// telling what it has missed.
    pub(super) fn seen(&self, remembered: Option<&str>, log: &Log) -> Option<Offset> {
        let seen = remembered.map_or(Some(self.begun), |it| log.read(it))?.max(self.begun);
        (seen >= self.unkept).then_some(seen)
    }
}

impl Drop for Absence {
    fn drop(&mut self) {
        self.estate.close();
    }
}

/// What features have left with a socket for as long as it may come back.
#[derive(Default)]
pub(super) struct Estate(Mutex<Left>);

enum Left {
    Things(Vec<Box<dyn Any + Send>>),
    /// Nobody comes back any more, or somebody has.
    Nothing,
}

impl Default for Left {
    fn default() -> Self {
        Self::Things(Vec::new())
    }
}

impl Estate {
    /// Takes `thing`, and drops it when the socket is back or cannot come back any more.
    pub(super) fn leave(&self, thing: Box<dyn Any + Send>) {
        match &mut *lock(&self.0) {
            Left::Things(things) => things.push(thing),
            // Dropped when the lock is open again, as an argument is.
            Left::Nothing => {}
        }
    }

    pub(super) fn close(&self) {
        let left = std::mem::replace(&mut *lock(&self.0), Left::Nothing);
        // Not under the lock: things may do anything when they are dropped.
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_is_dropped_with_the_absence_whoever_still_knows_of_it() {
        let (estate, thing) = (Arc::<Estate>::default(), Arc::new(()));
        estate.leave(Box::new(Arc::clone(&thing)));
        let absence = Absence {
            id: PublicId::random(),
            owner: None,
            begun: Offset::default(),
            unkept: Offset::default(),
            channels: Entered::new(),
            estate: Arc::clone(&estate),
            until: Instant::now(),
        };
        assert_eq!(Arc::strong_count(&thing), 2);
        drop(absence);
        assert_eq!(Arc::strong_count(&thing), 1);
        estate.leave(Box::new(Arc::clone(&thing)));
        assert_eq!(Arc::strong_count(&thing), 1);
    }
}
