//! The sockets of those who are signed in: found by user, and by when their token ends.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use hornero::{EmitEvent, Histogram, Metrics, SocketRef};

use crate::{
    AuthError, Caller,
    last_seen::LastSeen,
    login::Login,
    standing::Standing,
    user::{Status, User, UserId},
};

/// Event by which a socket is told what became of its token.
const ERROR_EVENT: &str = "chat:error";

/// Every socket that was let in, and what is to become of it.
pub(crate) struct LiveSockets {
    standing: Arc<Standing>,
    sockets: Arc<Mutex<Sockets>>,
    last_seen: Arc<LastSeen>,
    durations: Histogram,
}

/// Whether a user is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Now.
    Online,
    /// Not now, but last at that time, if that is known.
    Offline(Option<DateTime<Utc>>),
}

/// Among the extensions of a socket by which a user has come online: there was no other.
#[derive(Debug, Clone, Copy)]
pub struct FirstSocket;

#[derive(Default)]
struct Sockets {
    /// Numbers that were given out.
    count: u64,
    entries: HashMap<Number, Entry>,
    of_user: HashMap<UserId, HashSet<Number>>,
    /// The one timer of all sockets: when something is due, in seconds since 1970.
    due: BTreeSet<(i64, Number)>,
}

/// Identifies a socket here; kept in its extensions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Number(u64);

struct Entry {
    socket: SocketRef,
    user_id: UserId,
    since: Instant,
    due: i64,
    /// Whether the socket was told that its token has ended.
    told: bool,
}

impl LiveSockets {
    pub(crate) fn new(
        standing: Arc<Standing>,
        last_seen: Arc<LastSeen>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let sockets = Arc::<Mutex<Sockets>>::default();
        let door = ("door", "socketio");
        let help = "Sockets that are connected";
        let connections = metrics.gauge("gateway_connections", help, &[door]);
        let watched = Arc::clone(&sockets);
        metrics.sample(move || connections.set(lock(&watched).entries.len() as f64));
        let help = "Time for which sockets were connected";
        let durations = metrics.times("gateway_connection_duration_seconds", help, [door]);
        Self { standing, sockets, last_seen, durations }
    }

    /// Notes a socket that has connected. Closes it if its login ended while it did.
    pub(crate) fn add(&self, socket: &SocketRef, caller: Caller) {
        let mut sockets = self.lock();
        let caller = match self.standing.current(caller) {
            Ok(caller) => caller,
            Err(error) => {
                drop(sockets);
                return close(socket, error);
            }
        };
        sockets.count += 1;
        let number = Number(sockets.count);
        let (user_id, due) = (caller.user_id.clone(), caller.expires_at);
        let theirs = sockets.of_user.entry(user_id.clone()).or_default();
        if theirs.is_empty() {
            socket.extensions.insert(FirstSocket);
        }
        theirs.insert(number);
        sockets.due.insert((due, number));
        let since = Instant::now();
        let entry = Entry { socket: socket.clone(), user_id, since, due, told: false };
        sockets.entries.insert(number, entry);
        socket.extensions.insert(number);
        socket.extensions.insert(caller);
    }

    /// Forgets a socket that is gone. Tells whether it was its user's last one, once.
    pub(crate) fn remove(&self, socket: &SocketRef) -> bool {
        let Some(number) = socket.extensions.remove::<Number>() else { return false };
        let Some((entry, last)) = self.lock().remove(number) else { return false };
        self.durations.record(entry.since.elapsed().as_secs_f64());
        if last {
            self.last_seen.note(entry.user_id);
        }
        last
    }

    /// How many sockets are connected.
    pub(crate) fn count(&self) -> usize {
        self.lock().entries.len()
    }

    /// See [`Standing::age`].
    pub(crate) fn standing_age(&self, now: DateTime<Utc>) -> TimeDelta {
        self.standing.age(now)
    }

    /// Whether a user is connected.
    pub(crate) fn is_online(&self, user: &UserId) -> bool {
        self.lock().of_user.contains_key(user)
    }

    /// Gives a socket the identity of another token, of the same user.
    ///
    /// # Errors
    ///
    /// [`AuthError::OtherUser`], [`AuthError::Ended`]. The socket stays who it was.
    pub(crate) fn renew(&self, socket: &SocketRef, caller: Caller) -> Result<(), AuthError> {
        let mut sockets = self.lock();
        let caller = self.standing.current(caller)?;
        let old = socket.extensions.get::<Caller>();
        if old.is_none_or(|it| it.user_id != caller.user_id) {
            return Err(AuthError::OtherUser);
        }
        let number = socket.extensions.get::<Number>().ok_or(AuthError::Ended)?;
        sockets.postpone(number, caller.expires_at, false);
        socket.extensions.insert(caller);
        Ok(())
    }

    /// Ends a login here: its tokens are refused from now on, and its sockets closed.
    pub(crate) fn end_login(&self, login: &Login, now: DateTime<Utc>) {
        if self.standing.revoke(login, now) {
            let of_login = |it: &Caller| it.login == Some(login.id);
            self.close_all(&login.user_id, of_login);
        }
    }

    /// Lets what has changed about a user count at once. Closes the sockets of one who may not
    /// come in any more.
    pub(crate) fn change_user(&self, user: &User) {
        if !self.standing.change(user) {
            return;
        }
        if user.status == Status::Disabled {
            return self.close_all(&user.id, |_| true);
        }
        let sockets = self.lock();
        for socket in sockets.of(&user.id) {
            let Some(caller) = socket.extensions.get::<Caller>() else { continue };
            if let Ok(caller) = self.standing.current(caller) {
                socket.extensions.insert(caller);
            }
        }
    }

    /// Tells those whose token has ended, and closes those who were told `grace` ago.
    pub(crate) fn expire(&self, now: DateTime<Utc>, grace: Duration) {
        let (told, closed) = self.lock().take_due(now.timestamp(), grace);
        for socket in told {
            socket.emit_error(ERROR_EVENT, &AuthError::Expired.into());
        }
        for socket in closed {
            disconnect(&socket);
        }
    }

    fn close_all(&self, user: &UserId, which: impl Fn(&Caller) -> bool) {
        let fits = |it: &SocketRef| it.extensions.get::<Caller>().is_some_and(|it| which(&it));
        let ended: Vec<_> = self.lock().of(user).filter(|it| fits(it)).cloned().collect();
        for socket in ended {
            close(&socket, AuthError::Ended);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sockets> {
        lock(&self.sockets)
    }
}

fn lock(sockets: &Mutex<Sockets>) -> MutexGuard<'_, Sockets> {
    sockets.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sockets {
    fn of(&self, user: &UserId) -> impl Iterator<Item = &SocketRef> {
        let numbers = self.of_user.get(user).into_iter().flatten();
        numbers.filter_map(|it| Some(&self.entries.get(it)?.socket))
    }

    /// Removes a socket, and tells whether it was its user's last one.
    fn remove(&mut self, number: Number) -> Option<(Entry, bool)> {
        let entry = self.entries.remove(&number)?;
        self.due.remove(&(entry.due, number));
        let numbers = self.of_user.get_mut(&entry.user_id)?;
        numbers.remove(&number);
        let last = numbers.is_empty();
        if last {
            self.of_user.remove(&entry.user_id);
        }
        Some((entry, last))
    }

    fn postpone(&mut self, number: Number, due: i64, told: bool) {
        let Some(entry) = self.entries.get_mut(&number) else { return };
        self.due.remove(&(entry.due, number));
        (entry.due, entry.told) = (due, told);
        self.due.insert((due, number));
    }

    /// Those who are to be told now, and those who are to be closed.
    fn take_due(&mut self, now: i64, grace: Duration) -> (Vec<SocketRef>, Vec<SocketRef>) {
        let (mut told, mut closed) = (Vec::new(), Vec::new());
        while self.due.first().is_some_and(|(due, _)| *due <= now) {
            let Some((_, number)) = self.due.pop_first() else { break };
            let Some(entry) = self.entries.get(&number) else { continue };
            let socket = entry.socket.clone();
            if entry.told {
                // It is forgotten when it is gone, as all others are.
                closed.push(socket);
            } else {
                told.push(socket);
                self.postpone(number, now + grace.as_secs().cast_signed(), true);
            }
        }
        (told, closed)
    }
}

/// Says why, and disconnects.
fn close(socket: &SocketRef, error: AuthError) {
    socket.emit_error(ERROR_EVENT, &error.into());
    disconnect(socket);
}

fn disconnect(socket: &SocketRef) {
    if socket.clone().disconnect().is_err() {
        socket.disconnect_slow();
    }
}
