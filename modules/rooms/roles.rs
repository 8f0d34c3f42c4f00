//! What members are in rooms, remembered: whoever writes is not looked up for every message.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use auth::UserId;
use database::StorageError;
use delivery::ConversationId;
use moka::sync::Cache;

use crate::room::MemberRole;

/// Memberships that are remembered.
const REMEMBERED: u64 = 100_000;

/// Time for which one is remembered where other processes change memberships, too: such a change
/// counts after so long, at the latest.
const FRESH: Duration = Duration::from_secs(1);

/// The same where none does, but somebody may change the file by hand.
const MEMORY: Duration = Duration::from_secs(60);

/// The roles of members.
pub(crate) struct Roles {
    known: Cache<(ConversationId, UserId), MemberRole>,
    /// How often something was forgotten. Whoever asks the database meanwhile may be told what was.
    forgotten: AtomicU64,
}

impl Roles {
    /// `shared` is whether other processes change memberships.
    pub(crate) fn new(shared: bool) -> Self {
        let known = Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_live(if shared { FRESH } else { MEMORY })
            .support_invalidation_closures()
            .build();
        Self { known, forgotten: AtomicU64::default() }
    }

    /// What somebody is in a room, if a member; `ask` looks it up.
    pub(crate) async fn find(
        &self,
        room: ConversationId,
        user: &UserId,
        ask: impl Future<Output = Result<Option<MemberRole>, StorageError>>,
    ) -> Result<Option<MemberRole>, StorageError> {
        let key = (room, user.clone());
        if let Some(role) = self.known.get(&key) {
            return Ok(Some(role));
        }
        let before = self.forgotten.load(Ordering::SeqCst);
        let role = ask.await?;
        let is_current = || self.forgotten.load(Ordering::SeqCst) == before;
        if let Some(role) = role
            && is_current()
        {
            self.known.insert(key.clone(), role);
            if !is_current() {
                self.known.invalidate(&key);
            }
        }
        Ok(role)
    }

    /// Lets a change of what somebody is in a room count at once.
    pub(crate) fn forget(&self, room: ConversationId, user: &UserId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.known.invalidate(&(room, user.clone()));
    }

    /// Lets the end of a room count at once.
    pub(crate) fn forget_all(&self, room: ConversationId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        // It fails only where closures are not supported.
        let _ = self.known.invalidate_entries_if(move |(of, _), _| *of == room);
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn what_others_may_change_is_looked_up_each_second() {
        assert_eq!(Roles::new(true).known.policy().time_to_live(), Some(FRESH));
        assert_eq!(Roles::new(false).known.policy().time_to_live(), Some(MEMORY));
    }
}
