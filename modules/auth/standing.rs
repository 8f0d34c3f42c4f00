//! What has become of users and logins since their tokens were issued.
//!
//! A token says what was true when it was issued, and nobody wants to ask the database for every
//! request whether it still is. What was revoked or changed is little, and has to be known only
//! for as long as tokens from before may live: so it is kept in memory.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    AuthError, Caller,
    login::{Login, LoginId},
    user::{Status, User, UserId, UserType},
};

/// Time after which no token from before is valid: the longest life of one, and the leeway.
pub(crate) const MEMORY: TimeDelta = TimeDelta::seconds(60 * 60 + 2 * 5);

/// The logins that were revoked, and the users who were changed.
#[derive(Default)]
pub(crate) struct Standing(RwLock<Known>);

#[derive(Default)]
struct Known {
    /// When it was last read what others have revoked and changed.
    read_at: Option<DateTime<Utc>>,
    /// When each login was revoked.
    revoked: HashMap<LoginId, DateTime<Utc>>,
    /// As they are now. Who is disabled is kept for as long as that lasts.
    users: HashMap<UserId, User>,
}

impl Standing {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Notes that a login was revoked. Tells whether that is new.
    pub(crate) fn revoke(&self, login: &Login, at: DateTime<Utc>) -> bool {
        self.write().revoked.insert(login.id, at).is_none()
    }

    /// Notes what a user is now. Tells whether that is new.
    pub(crate) fn change(&self, user: &User) -> bool {
        let users = &mut self.write().users;
        if users.get(&user.id).is_some_and(|it| it.updated_at >= user.updated_at) {
            return false;
        }
        users.insert(user.id.clone(), user.clone());
        true
    }

    /// How long ago it was read what others have revoked and changed.
    pub(crate) fn age(&self, now: DateTime<Utc>) -> TimeDelta {
        self.read().read_at.map_or(TimeDelta::MAX, |it| now - it)
    }

    /// Notes that all was read that was revoked and changed until `now`, and forgets what no
    /// token is from before of.
    pub(crate) fn forget(&self, now: DateTime<Utc>) {
        let mut known = self.write();
        known.read_at = Some(now);
        known.revoked.retain(|_, at| now - *at < MEMORY);
        known.users.retain(|_, it| it.status == Status::Disabled || now - it.updated_at < MEMORY);
    }

    /// Whether it is known what has become of a user.
    pub(crate) fn knows(&self, user: &UserId) -> bool {
        self.read().users.contains_key(user)
    }

    /// The caller as they are now.
    ///
    /// # Errors
    ///
    /// [`AuthError::Ended`] if they may not come in any more.
    pub(crate) fn current(&self, mut caller: Caller) -> Result<Caller, AuthError> {
        let known = self.read();
        if caller.login.is_some_and(|it| known.revoked.contains_key(&it)) {
            return Err(AuthError::Ended);
        }
        let Some(user) = known.users.get(&caller.user_id) else { return Ok(caller) };
        if user.status == Status::Disabled {
            return Err(AuthError::Ended);
        }
        let from_before = caller.login.is_some() && caller.issued_at <= user.updated_at.timestamp();
        // What tokens of others say about rights is theirs to say, if they are believed.
        if caller.follows_user {
            caller.role = user.role;
            if caller.user_type != UserType::Guest {
                caller.user_type = user.user_type;
            }
        } else if from_before {
            caller.user_type = user.user_type;
            caller.role = user.role;
            caller.scope = user.scope.as_str().into();
        }
        Ok(caller)
    }

    // What is in there is whole between any two statements, so a panic elsewhere breaks nothing.
    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::user::{NewUser, Role};

    fn user() -> User {
        let user = NewUser {
            email: None,
            display_name: "Ada".to_owned(),
            password_hash: None,
            user_type: UserType::Employee,
            role: Role::Admin,
            scope: "chat docs".to_owned(),
        };
        user.into_user(Utc::now())
    }

    fn caller(user: &User, login: Option<&Login>) -> Caller {
        Caller {
            user_id: user.id.clone(),
            user_type: user.user_type,
            role: user.role,
            scope: user.scope.as_str().into(),
            login: login.map(|it| it.id),
            follows_user: false,
            issued_at: user.updated_at.timestamp(),
            expires_at: user.updated_at.timestamp() + 60,
        }
    }

    fn login(user: &User) -> Login {
        Login { id: LoginId(Uuid::now_v7()), user_id: user.id.clone() }
    }

    #[test]
    fn revoked_login_is_remembered_as_long_as_its_tokens_live() {
        let (standing, user, now) = (Standing::new(), user(), Utc::now());
        let (here, elsewhere) = (login(&user), login(&user));
        assert!(standing.revoke(&here, now) && !standing.revoke(&here, now));

        let ended = || standing.current(caller(&user, Some(&here))).is_err();
        assert!(ended());
        standing.current(caller(&user, Some(&elsewhere))).unwrap();
        standing.forget(now + TimeDelta::minutes(60));
        assert!(ended());
        standing.forget(now + TimeDelta::minutes(61));
        assert!(!ended());
    }

    #[test]
    fn token_from_before_a_change_says_what_the_user_is_now() {
        let (standing, mut user) = (Standing::new(), user());
        let login = login(&user);
        let (ours, foreign) = (caller(&user, Some(&login)), caller(&user, None));
        user.role = Role::User;
        user.scope = "chat".to_owned();
        user.updated_at += TimeDelta::seconds(1);
        assert!(standing.change(&user) && !standing.change(&user));

        let now = standing.current(ours.clone()).unwrap();
        assert_eq!((now.role, &*now.scope), (Role::User, "chat"));
        assert_eq!(standing.current(foreign.clone()).unwrap(), foreign);
        let later = Caller { issued_at: ours.issued_at + 2, ..ours };
        assert_eq!(standing.current(later.clone()).unwrap(), later);
    }

    #[test]
    fn disabled_user_is_remembered_until_enabled_again() {
        let (standing, mut user) = (Standing::new(), user());
        user.status = Status::Disabled;
        standing.change(&user);
        standing.forget(Utc::now() + TimeDelta::days(400));
        assert!(standing.current(caller(&user, None)).is_err());

        user.status = Status::Active;
        user.updated_at += TimeDelta::seconds(1);
        standing.change(&user);
        standing.current(caller(&user, None)).unwrap();
    }
}
