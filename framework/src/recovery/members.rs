//! The sockets of a namespace by their pids: those who are here, and those who may come back.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Weak},
    time::Instant,
};

use super::{Absence, Pid, Recovery, Seat, lock};

/// Everybody whose pid is good for something.
#[derive(Default)]
pub(super) struct Members {
    members: HashMap<u64, Member>,
    /// Those who are away, by when it is too late for them.
    away: BTreeSet<(Instant, u64)>,
    /// Whether a task waits for that.
    watched: bool,
}

struct Member {
    pid: Pid,
    whereabouts: Whereabouts,
}

enum Whereabouts {
    Here(Weak<Seat>),
    Away(Absence),
}

/// Who has a pid.
pub(super) enum Found {
    Here(Arc<Seat>),
    Away(Absence),
    Nobody,
}

impl Members {
    pub(super) fn knows(&self, pid: &Pid) -> bool {
        self.members.get(&pid.key()).is_some_and(|it| it.pid.is(pid))
    }

    /// Looks for a pid. One who is away is taken out.
    pub(super) fn take(&mut self, pid: &Pid) -> Found {
        if !self.knows(pid) {
            return Found::Nobody;
        }
        let key = pid.key();
        match self.members.get(&key).map(|it| &it.whereabouts) {
            Some(Whereabouts::Here(seat)) => seat.upgrade().map_or(Found::Nobody, Found::Here),
            Some(Whereabouts::Away(_)) => self.take_away(key).map_or(Found::Nobody, Found::Away),
            None => Found::Nobody,
        }
    }

    fn take_away(&mut self, key: u64) -> Option<Absence> {
        let member = self.members.remove(&key)?;
        match member.whereabouts {
            Whereabouts::Away(absence) => {
                self.away.remove(&(absence.until, key));
                Some(absence)
            }
            Whereabouts::Here(_) => {
                self.members.insert(key, member);
                None
            }
        }
    }

    /// Notes that a socket is here. Gives what somebody else has left under its pid.
    #[must_use]
    pub(super) fn seat(&mut self, pid: &Pid, seat: &Arc<Seat>) -> Option<Absence> {
        let left = self.take_away(pid.key());
        let whereabouts = Whereabouts::Here(Arc::downgrade(seat));
        self.members.insert(pid.key(), Member { pid: pid.clone(), whereabouts });
        left
    }

    /// Notes that a socket is away. With more than `most`, those are dropped who have been away
    /// for the longest time.
    pub(super) fn put_away(&mut self, pid: &Pid, absence: Absence, most: usize) -> Vec<Absence> {
        let key = pid.key();
        let mut dropped: Vec<_> = self.take_away(key).into_iter().collect();
        self.away.insert((absence.until, key));
        let whereabouts = Whereabouts::Away(absence);
        self.members.insert(key, Member { pid: pid.clone(), whereabouts });
        while self.away.len() > most
            && let Some((_, oldest)) = self.away.first().copied()
        {
            dropped.extend(self.take_away(oldest));
        }
        dropped
    }

    /// Forgets a socket that is gone for good, unless another one has its pid by now.
    pub(super) fn forget(&mut self, pid: &Pid, gone: &Seat) {
        let whereabouts = self.members.get(&pid.key()).map(|it| &it.whereabouts);
        if let Some(Whereabouts::Here(seat)) = whereabouts
            && std::ptr::eq(seat.as_ptr(), gone)
        {
            self.members.remove(&pid.key());
        }
    }

    /// Takes those out for whom it is too late; else tells until when nobody's time is up.
    fn take_over(&mut self, now: Instant) -> Result<Vec<Absence>, Option<Instant>> {
        let mut over = Vec::new();
        while let Some((until, key)) = self.away.first().copied() {
            if until > now {
                break;
            }
            over.extend(self.take_away(key));
        }
        if !over.is_empty() {
            return Ok(over);
        }
        let next = self.away.first().map(|it| it.0);
        self.watched = next.is_some();
        Err(next)
    }

    /// Whether nobody was waiting for those who are away to be so for too long; whoever is told
    /// so does from now on.
    pub(super) fn begin_watch(&mut self) -> bool {
        !std::mem::replace(&mut self.watched, true)
    }
}

/// Forgets those who are away for too long, as long as there are some.
pub(super) fn watch(recovery: Weak<Recovery>) {
    let watching = async move {
        while let Some(recovery) = recovery.upgrade() {
            let over = lock(&recovery.members).take_over(Instant::now());
            drop(recovery);
            match over {
                // Dropped here, where nothing is locked.
                Ok(_) => {}
                Err(Some(next)) => tokio::time::sleep_until(next.into()).await,
                Err(None) => return,
            }
        }
    };
    // There is none while a server is torn down, and then nobody comes back.
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(watching);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        connection::PublicId,
        recovery::{Entered, offset::Offset},
    };

    fn absence(until: Instant) -> Absence {
        Absence {
            id: PublicId::random(),
            owner: None,
            begun: Offset::default(),
            unkept: Offset::default(),
            channels: Entered::new(),
            estate: Arc::default(),
            until,
        }
    }

    #[test]
    fn absence_is_taken_once_and_by_its_pid_only() {
        let (mut members, pid) = (Members::default(), Pid::random());
        let later = Instant::now() + Duration::from_secs(60);
        members.put_away(&pid, absence(later), 10);
        assert!(matches!(members.take(&Pid::random()), Found::Nobody));
        assert!(matches!(members.take(&pid), Found::Away(_)));
        assert!(matches!(members.take(&pid), Found::Nobody));
        assert!(members.away.is_empty() && members.members.is_empty());
    }

    #[test]
    fn longest_absences_are_dropped_when_there_are_too_many_or_time_is_up() {
        let (mut members, now) = (Members::default(), Instant::now());
        let pids: Vec<_> = (0..5).map(|_| Pid::random()).collect();
        let mut dropped = 0;
        for (n, pid) in pids.iter().enumerate() {
            let until = now + Duration::from_secs(n as u64 + 1);
            dropped += members.put_away(pid, absence(until), 3).len();
        }
        assert_eq!(dropped, 2);
        assert!(!members.knows(&pids[1]) && members.knows(&pids[2]));

        let over = members.take_over(now + Duration::from_secs(4)).unwrap();
        assert_eq!(over.len(), 2);
        let next = members.take_over(now + Duration::from_secs(4)).err().unwrap();
        assert_eq!(next, Some(now + Duration::from_secs(5)));
        assert_eq!(members.take_over(now + Duration::from_secs(9)).unwrap().len(), 1);
        assert_eq!(members.take_over(now).err().unwrap(), None);
        assert!(members.members.is_empty() && members.begin_watch());
    }
}
