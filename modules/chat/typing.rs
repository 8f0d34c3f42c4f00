//! Who is typing. Kept in memory: nothing is lost when it is lost.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use auth::{Caller, UserId};
use delivery::{Access, AccessError, ConversationId, Right, SocketIoDoor};
use hornero::SocketRef;
use tokio::time::{Instant, sleep_until};

use crate::announcements::TypingNotice;

/// Time after which somebody who says nothing more has stopped typing.
const LAPSE: Duration = Duration::from_secs(10);

/// Time within which the others are not told the same again.
const QUIET: Duration = Duration::from_secs(3);

/// Tells the others who is typing.
pub(crate) struct Typing {
    access: Arc<Access>,
    door: Arc<SocketIoDoor>,
    typists: Arc<Mutex<HashMap<Key, Typist>>>,
}

type Key = (ConversationId, UserId);

struct Typist {
    /// Socket on which the user types, and which is not told.
    socket: SocketRef,
    told: Instant,
    lapses: Instant,
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
            typist.lapses = now + LAPSE;
            if now < typist.told + QUIET {
                return false;
            }
            typist.told = now;
            return true;
        }
        let typist = Typist { socket: socket.clone(), told: now, lapses: now + LAPSE };
        typists.insert(key.clone(), typist);
        tokio::spawn(lapse(Arc::clone(&self.door), Arc::clone(&self.typists), key.clone()));
        true
    }

    /// Notes that the user does not type any more, and tells the others if they were told.
    pub(crate) async fn stop(&self, conversation: ConversationId, user: &UserId) {
        let key = (conversation, user.clone());
        let typist = self.typists().remove(&key);
        if let Some(typist) = typist {
            tell(&self.door, &typist.socket, key, false).await;
        }
    }

    /// Stops whatever was typed on a socket that is gone.
    pub(crate) async fn stop_all(&self, socket: &SocketRef) {
        let gone: Vec<_> = {
            let typists = self.typists();
            let theirs = typists.iter().filter(|(_, it)| it.socket == *socket);
            theirs.map(|(key, _)| key.clone()).collect()
        };
        for (conversation, user) in gone {
            self.stop(conversation, &user).await;
        }
    }

    fn typists(&self) -> MutexGuard<'_, HashMap<Key, Typist>> {
        self.typists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until the typist has said nothing for a while, or has stopped.
async fn lapse(door: Arc<SocketIoDoor>, typists: Arc<Mutex<HashMap<Key, Typist>>>, key: Key) {
    loop {
        let lapses = match typists.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            Some(typist) => typist.lapses,
            None => return,
        };
        if lapses <= Instant::now() {
            break;
        }
        sleep_until(lapses).await;
    }
    let typist = typists.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    if let Some(typist) = typist {
        tell(&door, &typist.socket, key, false).await;
    }
}

async fn tell(door: &SocketIoDoor, socket: &SocketRef, key: Key, is_typing: bool) {
    let (conversation, user) = key;
    let notice = TypingNotice { conversation, user, is_typing };
    door.tell_others(socket, conversation, &notice).await;
}
