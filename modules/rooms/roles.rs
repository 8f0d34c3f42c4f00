//! What members are in rooms, remembered: whoever writes is not looked up for every message.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use auth::UserId;
use database::StorageError;
use delivery::ConversationId;
use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::room::MemberRole;

/// Memberships that are remembered, also those whose time is over: they make room for others.
const REMEMBERED: usize = 100_000;

/// Time for which one is remembered where other processes change memberships, too: such a change
/// counts after so long, at the latest.
const FRESH: Duration = Duration::from_secs(1);

/// The same where none does, but somebody may change the file by hand.
const MEMORY: Duration = Duration::from_secs(60);

/// The roles of members.
pub(crate) struct Roles {
    known: Cache<(ConversationId, UserId), Known>,
    /// Time for which one is remembered.
    memory: Duration,
    /// How often something was forgotten. Whoever asks the database meanwhile may be told what was.
    forgotten: AtomicU64,
}

#[derive(Clone)]
struct Known {
    role: MemberRole,
    since: Instant,
}

impl Roles {
    /// `shared` is whether other processes change memberships.
    pub(crate) fn new(shared: bool) -> Self {
        let memory = if shared { FRESH } else { MEMORY };
        Self { known: Cache::new(REMEMBERED), memory, forgotten: AtomicU64::default() }
    }

    /// What somebody is in a room, if a member; `ask` looks it up.
    pub(crate) async fn find(
        &self,
        room: ConversationId,
        user: &UserId,
        ask: impl Future<Output = Result<Option<MemberRole>, StorageError>>,
    ) -> Result<Option<MemberRole>, StorageError> {
        let key = (room, user.clone());
        if let Some(known) = self.known.get(&key)
            && known.since.elapsed() < self.memory
        {
            return Ok(Some(known.role));
        }
        let since = Instant::now();
        let before = self.forgotten.load(Ordering::SeqCst);
        let role = ask.await?;
        let is_current = || self.forgotten.load(Ordering::SeqCst) == before;
        if let Some(role) = role
            && is_current()
        {
            self.known.insert(key.clone(), Known { role, since });
            if !is_current() {
                self.known.remove(&key);
            }
        }
        Ok(role)
    }

    /// Lets a change of what somebody is in a room count at once.
    pub(crate) fn forget(&self, room: ConversationId, user: &UserId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.known.remove(&(room, user.clone()));
    }

    /// Lets the end of a room count at once.
    pub(crate) fn forget_all(&self, room: ConversationId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        // Looks at all, some milliseconds where there are many: rooms are not removed often.
        self.known.retain(|(of, _), _| *of != room);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    type Asked = Result<Option<MemberRole>, StorageError>;

    const WAYS_TO_FORGET: [fn(&Roles, ConversationId, &UserId); 2] =
        [Roles::forget, |roles, room, _| roles.forget_all(room)];

    async fn member() -> Asked {
        Ok(Some(MemberRole::Member))
    }

    async fn nobody() -> Asked {
        Ok(None)
    }

    #[tokio::test]
    async fn member_is_looked_up_once() {
        let (roles, room, ada) =
            (Roles::new(false), ConversationId::generate(), UserId::generate());
        assert_eq!(roles.find(room, &ada, nobody()).await.unwrap(), None);
        assert_eq!(roles.find(room, &ada, member()).await.unwrap(), Some(MemberRole::Member));

        let again = roles.find(room, &ada, async { panic!("looked up again") }).await;

        assert_eq!(again.unwrap(), Some(MemberRole::Member));
        assert_eq!(roles.find(room, &UserId::generate(), nobody()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn who_is_removed_is_no_member_any_more() {
        for forget in WAYS_TO_FORGET {
            let (roles, room, ada) =
                (Roles::new(false), ConversationId::generate(), UserId::generate());
            roles.find(room, &ada, member()).await.unwrap();

            forget(&roles, room, &ada);

            assert_eq!(roles.find(room, &ada, nobody()).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn who_is_removed_while_being_looked_up_is_not_remembered() {
        for forget in WAYS_TO_FORGET {
            let (roles, room, ada) =
                (Roles::new(false), ConversationId::generate(), UserId::generate());
            let removed_meanwhile = async {
                forget(&roles, room, &ada);
                member().await
            };
            roles.find(room, &ada, removed_meanwhile).await.unwrap();

            assert_eq!(roles.find(room, &ada, nobody()).await.unwrap(), None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_others_may_change_is_looked_up_each_second() {
        for (shared, seconds) in [(true, 1), (false, 60)] {
            let (roles, room, ada) =
                (Roles::new(shared), ConversationId::generate(), UserId::generate());
            roles.find(room, &ada, member()).await.unwrap();

            advance(Duration::from_secs(seconds) - Duration::from_millis(1)).await;
            let remembered = roles.find(room, &ada, nobody()).await.unwrap();
            advance(Duration::from_millis(1)).await;
            let looked_up = roles.find(room, &ada, nobody()).await.unwrap();

            assert_eq!((remembered, looked_up), (Some(MemberRole::Member), None));
        }
    }
}
