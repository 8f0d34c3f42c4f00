//! The supervisors who are connected, and what each of them was told.
//!
//! A supervisor has been *told* of an escalation when it was sent to one of the supervisor's
//! sockets, and the connection was not lost for a minute after that. What was not told is sent
//! again at the next connection, while it is open; so it is told at least once, and not for ever.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use auth::{Caller, UserId};
use database::StorageError;
use hornero::{BoxError, DisconnectReason, EmitEvent, Event, SocketRef, Stopping};
use tokio::time::{Instant, sleep};

use crate::{
    announcement::EscalationCreated, escalation::Escalation, repository::EscalationRepository,
};

/// Open escalations that a supervisor is told of at a connection; older ones are in the list.
const MOST_TOLD: u64 = 100;

/// Time after which who is still connected has read what was sent: longer than a lost connection
/// goes unnoticed.
const CERTAIN: Duration = Duration::from_secs(60);

/// Time between two looks for what is certain by now.
const PERIOD: Duration = Duration::from_secs(15);

/// Time after which a database that has failed is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// Tells supervisors of escalations, those who are away when they come.
pub(crate) struct Watchers {
    escalations: Arc<dyn EscalationRepository>,
    watchers: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    /// Numbers that were given out.
    count: u64,
    entries: HashMap<Number, Watcher>,
}

/// Identifies a socket here; kept in its extensions.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Number(u64);

struct Watcher {
    socket: SocketRef,
    user: UserId,
    /// The last escalation that was sent, and when.
    sent: i64,
    sent_at: Instant,
    /// The last one that is noted as told.
    noted: i64,
    turn: Turn,
}

/// Who sends to a socket what it has not heard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Whoever makes an escalation.
    Live,
    /// Whoever reads what was missed.
    Reading,
    /// The same, and there is more by now.
    ReadAgain,
}

impl Watchers {
    pub(crate) fn new(escalations: Arc<dyn EscalationRepository>) -> Self {
        Self { escalations, watchers: Mutex::default() }
    }

    /// Sends the socket of a supervisor what it has missed, and then what happens.
    pub(crate) fn add(self: &Arc<Self>, socket: &SocketRef, user: UserId) {
        let mut table = self.table();
        table.count += 1;
        let number = Number(table.count);
        let watcher = Watcher {
            socket: socket.clone(),
            user: user.clone(),
            sent: 0,
            sent_at: Instant::now(),
            noted: 0,
            turn: Turn::Reading,
        };
        table.entries.insert(number, watcher);
        drop(table);
        socket.extensions.insert(number);
        let (this, socket) = (Arc::clone(self), socket.clone());
        tokio::spawn(async move { this.catch_up(number, &socket, &user).await });
    }

    /// Forgets a socket that is gone, and notes what it was told, unless it was cut off.
    pub(crate) async fn remove(&self, socket: &SocketRef, reason: DisconnectReason) {
        let Some(number) = socket.extensions.remove::<Number>() else { return };
        let Some(watcher) = self.table().entries.remove(&number) else { return };
        let lost =
            matches!(reason, DisconnectReason::HeartbeatTimeout | DisconnectReason::TransportError);
        if !lost && watcher.sent > watcher.noted {
            self.note(&watcher.user, watcher.sent).await;
        }
    }

    /// Notes from time to time what those who stay connected were told.
    pub(crate) async fn run(self: Arc<Self>, stopping: Arc<Stopping>) -> Result<(), BoxError> {
        loop {
            tokio::select! {
                () = stopping.wait() => return Ok(()),
                () = sleep(PERIOD) => {}
            }
            for (user, number) in self.certain() {
                self.note(&user, number).await;
            }
        }
    }

    /// Sends a new escalation to all but those who have `heard` of it otherwise.
    pub(crate) fn tell_created(
        &self,
        created: &EscalationCreated,
        number: i64,
        heard: impl Fn(&SocketRef) -> bool,
    ) {
        for watcher in self.table().entries.values_mut().filter(|it| it.is_supervisor()) {
            if watcher.turn != Turn::Live {
                watcher.turn = Turn::ReadAgain;
            } else if number > watcher.sent {
                (watcher.sent, watcher.sent_at) = (number, Instant::now());
                if !heard(&watcher.socket) {
                    watcher.socket.emit_event(created);
                }
            }
        }
    }

    /// Sends what is not told again to all but those who have `heard` of it otherwise.
    pub(crate) fn tell<E: Event>(&self, event: &E, heard: impl Fn(&SocketRef) -> bool) {
        let table = self.table();
        let supervisors = table.entries.values().filter(|it| it.is_supervisor());
        for watcher in supervisors.filter(|it| !heard(&it.socket)) {
            watcher.socket.emit_event(event);
        }
    }

    /// Sends what was missed, until nothing is missing any more.
    async fn catch_up(&self, number: Number, socket: &SocketRef, user: &UserId) {
        let mut sent = None;
        while socket.connected() {
            let missed = match self.missed(number, sent, user).await {
                Ok(missed) => missed,
                Err(error) => {
                    tracing::warn!(%error, "Could not tell a supervisor what was missed: {error}");
                    sleep(RETRY).await;
                    continue;
                }
            };
            for escalation in &missed {
                socket.emit_event(&EscalationCreated::from(escalation));
            }
            sent = self.has_sent(number, missed.last().map(|it| it.number));
            if sent.is_none() {
                return;
            }
        }
    }

    /// What is open and was made since the last one that was `sent`, or that the user was told.
    async fn missed(
        &self,
        number: Number,
        sent: Option<i64>,
        user: &UserId,
    ) -> Result<Vec<Escalation>, StorageError> {
        let behind = match sent {
            Some(sent) => sent,
            None => {
                let told = self.escalations.told(user).await?;
                if let Some(watcher) = self.table().entries.get_mut(&number) {
                    (watcher.sent, watcher.noted) = (told, told);
                }
                told
            }
        };
        self.escalations.open_behind(behind, MOST_TOLD).await
    }

    /// Notes what was sent to a socket. Tells the last of all if there is more by now.
    fn has_sent(&self, number: Number, last: Option<i64>) -> Option<i64> {
        let mut table = self.table();
        let watcher = table.entries.get_mut(&number)?;
        watcher.sent = last.unwrap_or(watcher.sent);
        watcher.sent_at = Instant::now();
        let again = watcher.turn == Turn::ReadAgain;
        watcher.turn = if again { Turn::Reading } else { Turn::Live };
        again.then_some(watcher.sent)
    }

    /// What users were told for certain, and that is not noted yet.
    fn certain(&self) -> Vec<(UserId, i64)> {
        let mut certain = Vec::new();
        for watcher in self.table().entries.values_mut() {
            if watcher.sent > watcher.noted && watcher.sent_at.elapsed() >= CERTAIN {
                watcher.noted = watcher.sent;
                certain.push((watcher.user.clone(), watcher.sent));
            }
        }
        certain
    }

    async fn note(&self, user: &UserId, number: i64) {
        if let Err(error) = self.escalations.set_told(user, number).await {
            // It is told again, then.
            tracing::warn!(%error, "Could not note what a supervisor was told: {error}");
        }
    }

    /// Nothing can panic under the lock and leave the table half-changed.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    /// Whether the user is one still: that may have changed since the socket connected.
    fn is_supervisor(&self) -> bool {
        self.socket.extensions.get::<Caller>().is_some_and(|it| it.sees_everything())
    }
}
