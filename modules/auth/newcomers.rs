//! Users whom somebody else vouches for: they have a row here as soon as they come.

use std::{sync::Arc, time::Duration};

use chrono::{SubsecRound, Utc};
use database::StorageError;
use moka::sync::Cache;

use crate::{
    Caller,
    repository::UserRepository,
    user::{Scope, Status, User, UserId, UserType},
};

/// Users who are kept in memory.
const MAX_KNOWN: u64 = 100_000;

/// Time after which a user is looked up again. What was changed later is told by
/// [`Standing`](crate::standing::Standing), which remembers it for longer than this.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// Finds the users of tokens that come of no login, and makes those who are new.
pub(crate) struct Newcomers {
    users: Arc<dyn UserRepository>,
    known: Cache<UserId, User>,
}

impl Newcomers {
    pub(crate) fn new(users: Arc<dyn UserRepository>) -> Self {
        let known = Cache::builder().max_capacity(MAX_KNOWN).time_to_live(FRESH).build();
        Self { users, known }
    }

    /// The user, if they were here lately.
    pub(crate) fn known(&self, id: &UserId) -> Option<User> {
        self.known.get(id)
    }

    /// The user, who is made if there is none yet.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub(crate) async fn find(&self, caller: &Caller, name: &str) -> Result<User, StorageError> {
        if let Some(user) = self.known(&caller.user_id) {
            return Ok(user);
        }
        let user = match self.users.by_id(&caller.user_id).await? {
            Some(user) => user,
            None => self.users.find_or_insert(&newcomer(caller, name)).await?,
        };
        self.known.insert(user.id.clone(), user.clone());
        Ok(user)
    }
}

fn newcomer(caller: &Caller, name: &str) -> User {
    let now = Utc::now().trunc_subsecs(3);
    let scopes = caller.scope.split(' ').filter(|it| Scope::parse(it).is_some());
    let mut known: Vec<_> = scopes.collect();
    known.sort_unstable();
    known.dedup();
    User {
        id: caller.user_id.clone(),
        email: None,
        display_name: name.to_owned(),
        password_hash: None,
        // Guests are removed who have no login, and these never have one.
        user_type: match caller.user_type {
            UserType::Guest => UserType::Employee,
            other => other,
        },
        role: caller.role,
        scope: known.join(" "),
        status: Status::Active,
        created_at: now,
        updated_at: now,
    }
}
