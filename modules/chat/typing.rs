//! Who is typing. Kept in memory: nothing is lost when it is lost.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use auth::{Caller, UserId};
use delivery::{Access, AccessError, ConversationId, Right, SocketIoDoor, TypingSource};
use hornero::SocketRef;
use tokio::{
    task::AbortHandle,
    time::{Instant, sleep_until},
};

use crate::announcements::TypingNotice;

/// Time after which somebody who says nothing more has stopped typing.
const LAPSE: Duration = Duration::from_secs(10);

/// Time within which the others are not told the same again.
const QUIET: Duration = Duration::from_secs(3);

/// Tells the others who is typing.
pub(crate) struct Typing {
    access: Arc<Access>,
    door: Arc<SocketIoDoor>,
    typists: Typists,
}

type Key = (ConversationId, UserId);

type Typists = Arc<Mutex<HashMap<Key, Typist>>>;

struct Typist {
    /// Socket on which the user types, and which is not told.
    socket: SocketRef,
    told: Instant,
    lapses: Instant,
    /// Waits for [`Self::lapses`].
    lapse: AbortHandle,
}

impl Typing {
    pub(crate) fn new(access: Arc<Access>, door: Arc<SocketIoDoor>) -> Self {
        Self { access, door, typists: Arc::default() }
    }

    /// Notes that the caller types, and tells the others unless they were told just now.
    ///
    /// # Errors
    ///
    /// [`AccessError`] if the caller may not send there.
    pub(crate) async fn start(
        &self,
        socket: &SocketRef,
        caller: &Caller,
        conversation: ConversationId,
    ) -> Result<(), AccessError> {
        self.access.require(caller, conversation, Right::Send).await?;
        let key = (conversation, caller.user_id.clone());
        if self.note(socket, &key) {
            tell(&self.door, socket, key, true).await;
        }
        Ok(())
    }

    /// Notes that the caller types; whether the others are to be told.
    fn note(&self, socket: &SocketRef, key: &Key) -> bool {
        let now = Instant::now();
        let mut typists = self.typists();
        if let Some(typist) = typists.get_mut(key) {
            // The user may have gone on from another device.
            typist.socket = socket.clone();
            typist.lapses = now + LAPSE;
            if now < typist.told + QUIET {
                return false;
            }
            typist.told = now;
            return true;
        }
        let lapse = lapse(Arc::clone(&self.door), Arc::clone(&self.typists), key.clone());
        let lapse = tokio::spawn(lapse).abort_handle();
        let typist = Typist { socket: socket.clone(), told: now, lapses: now + LAPSE, lapse };
        typists.insert(key.clone(), typist);
        true
    }

    /// Notes that the user does not type any more, and tells the others if they were told.
    pub(crate) async fn stop(&self, conversation: ConversationId, user: &UserId) {
        let key = (conversation, user.clone());
        let typist = self.typists().remove(&key);
        if let Some(typist) = typist {
            typist.lapse.abort();
            tell(&self.door, &typist.socket, key, false).await;
        }
    }

    /// Stops whatever was typed on a socket that is gone.
    pub(crate) async fn stop_all(&self, socket: &SocketRef) {
        let gone: Vec<_> = {
            let typists = self.typists();
            let theirs = typists.iter().filter(|(_, it)| same(&it.socket, socket));
            theirs.map(|(key, _)| key.clone()).collect()
        };
        for (conversation, user) in gone {
            self.stop(conversation, &user).await;
        }
    }

    fn typists(&self) -> MutexGuard<'_, HashMap<Key, Typist>> {
        lock(&self.typists)
    }
}

impl TypingSource for Typing {
    fn typing(&self, conversation: ConversationId) -> Vec<UserId> {
        let typists = self.typists();
        let there = typists.keys().filter(|it| it.0 == conversation);
        there.map(|it| it.1.clone()).collect()
    }
}

/// Waits until the typist has said nothing for a while. Aborted when the typist stops.
async fn lapse(door: Arc<SocketIoDoor>, typists: Typists, key: Key) {
    while let Some(lapses) = lapses(&typists, &key) {
        sleep_until(lapses).await;
        let lapsed = remove_lapsed(&typists, &key);
        if let Some(typist) = lapsed {
            return tell(&door, &typist.socket, key, false).await;
        }
    }
}

fn lapses(typists: &Typists, key: &Key) -> Option<Instant> {
    lock(typists).get(key).map(|it| it.lapses)
}

/// Removes the typist unless something more was heard meanwhile.
fn remove_lapsed(typists: &Typists, key: &Key) -> Option<Typist> {
    let mut typists = lock(typists);
    let lapsed = typists.get(key).is_some_and(|it| it.lapses <= Instant::now());
    lapsed.then(|| typists.remove(key)).flatten()
}

fn lock(typists: &Typists) -> MutexGuard<'_, HashMap<Key, Typist>> {
    typists.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether two are one. A connection has the same id in each of its namespaces.
fn same(a: &SocketRef, b: &SocketRef) -> bool {
    a.id == b.id && a.ns() == b.ns()
}

async fn tell(door: &Arc<SocketIoDoor>, socket: &SocketRef, key: Key, is_typing: bool) {
    let (conversation, user) = key;
    let notice = TypingNotice { conversation, user: user.clone(), is_typing };
    door.tell_typing(socket, (conversation, &user), is_typing, &notice).await;
}
