//! Who waits for answers, and that nobody waits for too many.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use auth::UserId;
use tokio::sync::Notify;

use crate::error::RobotError;

/// The runs that there may be at once.
pub(crate) struct Seats {
    most: usize,
    most_of_user: usize,
    taken: Mutex<Taken>,
    left: Notify,
}

#[derive(Default)]
struct Taken {
    count: usize,
    of_user: HashMap<UserId, usize>,
    is_closed: bool,
}

/// A run's place, as long as it is kept.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    user: UserId,
}

impl Seats {
    pub(crate) fn new(most: usize, most_of_user: usize) -> Self {
        Self { most, most_of_user, taken: Mutex::default(), left: Notify::new() }
    }

    /// Takes a place for a run of the user.
    ///
    /// # Errors
    ///
    /// [`RobotError::TooManyOfUser`], [`RobotError::TooMany`].
    pub(crate) fn take(self: &Arc<Self>, user: &UserId) -> Result<Seat, RobotError> {
        let mut taken = self.taken();
        if taken.is_closed || taken.count >= self.most {
            return Err(RobotError::TooMany);
        }
        let of_user = taken.of_user.get(user).copied().unwrap_or_default();
        if of_user >= self.most_of_user {
            return Err(RobotError::TooManyOfUser);
        }
        taken.of_user.insert(user.clone(), of_user + 1);
        taken.count += 1;
        Ok(Seat { seats: Arc::clone(self), user: user.clone() })
    }

    /// Gives no place any more, and resolves when all are free.
    pub(crate) async fn close(&self) {
        self.taken().is_closed = true;
        loop {
            // Before looking, so that nobody leaves unseen in between.
            let left = self.left.notified();
            if self.taken().count == 0 {
                return;
            }
            left.await;
        }
    }

    /// Nothing can panic under the lock and leave it half-changed.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.count -= 1;
        let is_last = taken.of_user.get_mut(&self.user).is_some_and(|count| {
            *count -= 1;
            *count == 0
        });
        if is_last {
            taken.of_user.remove(&self.user);
        }
        drop(taken);
        self.seats.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        name.to_owned().into()
    }

    #[test]
    fn user_has_two_and_all_have_three() {
        let seats = Arc::new(Seats::new(3, 2));
        let first = seats.take(&user("ada")).unwrap();
        let _second = seats.take(&user("ada")).unwrap();
        assert!(matches!(seats.take(&user("ada")), Err(RobotError::TooManyOfUser)));
        let _third = seats.take(&user("ben")).unwrap();
        assert!(matches!(seats.take(&user("ben")), Err(RobotError::TooMany)));
        drop(first);
        let _again = seats.take(&user("ada")).unwrap();
        assert!(seats.take(&user("ada")).is_err());
    }

    #[test]
    fn nothing_is_kept_of_who_has_left() {
        let seats = Arc::new(Seats::new(3, 2));
        drop((seats.take(&user("ada")).unwrap(), seats.take(&user("ada")).unwrap()));
        assert!(seats.taken().of_user.is_empty());
        assert_eq!(seats.taken().count, 0);
    }

    #[tokio::test]
    async fn closing_waits_for_those_who_are_there_and_lets_nobody_in() {
        let seats = Arc::new(Seats::new(3, 2));
        let seat = seats.take(&user("ada")).unwrap();
        let closing = tokio::spawn({
            let seats = Arc::clone(&seats);
            async move { seats.close().await }
        });
        tokio::task::yield_now().await;
        assert!(matches!(seats.take(&user("ben")), Err(RobotError::TooMany)));
        assert!(!closing.is_finished());
        drop(seat);
        closing.await.unwrap();
    }
}
