//! What operators and other modules ask about users.

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{SubsecRound, TimeDelta, Utc};
use hornero::SocketRef;
use validator::Validate;

use crate::{
    AuthConfig, AuthError,
    dto::Register,
    last_seen::LastSeen,
    live_sockets::{LiveSockets, Presence},
    password::PasswordHasher,
    repository::{UserRepository, logins::LoginRepository},
    user::{NewUser, Role, Status, User, UserId, UserType},
};

/// What is to change about a user; what is none stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ChangeUser {
    /// Kind of user.
    pub user_type: Option<UserType>,
    /// What the user may administer.
    pub role: Option<Role>,
    /// What the user's tokens are good for, separated by spaces.
    pub scope: Option<String>,
    /// Whether the user may come in.
    pub status: Option<Status>,
}

/// Finds and changes users.
pub struct UserService {
    users: Arc<dyn UserRepository>,
    logins: Arc<dyn LoginRepository>,
    live: Arc<LiveSockets>,
    seen: Arc<LastSeen>,
    passwords: Arc<PasswordHasher>,
    config: Arc<AuthConfig>,
}

impl UserService {
    pub(crate) fn new(
        users: Arc<dyn UserRepository>,
        logins: Arc<dyn LoginRepository>,
        live: Arc<LiveSockets>,
        seen: Arc<LastSeen>,
        passwords: Arc<PasswordHasher>,
        config: Arc<AuthConfig>,
    ) -> Self {
        Self { users, logins, live, seen, passwords, config }
    }

    /// Display names of those of `ids` that exist.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub async fn display_names(
        &self,
        ids: &[UserId],
    ) -> Result<HashMap<UserId, String>, AuthError> {
        Ok(self.users.display_names(ids).await?)
    }

    /// What kind of user somebody is; `None` for one whom only somebody else's tokens know.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub async fn user_type(&self, id: &UserId) -> Result<Option<UserType>, AuthError> {
        Ok(self.users.by_id(id).await?.map(|it| it.user_type))
    }

    /// Whether users are connected, or when they were last, in their order.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub async fn presence(&self, users: &[UserId]) -> Result<Vec<Presence>, AuthError> {
        let offline = users.iter().filter(|it| !self.live.is_online(it)).cloned();
        let offline: Vec<_> = offline.collect();
        let seen = self.seen.of(&offline).await?;
        let presence = |user: &UserId| match offline.contains(user) {
            true => Presence::Offline(seen.get(user).copied()),
            false => Presence::Online,
        };
        Ok(users.iter().map(presence).collect())
    }

    /// Notes that a socket is gone. Tells whether it was its user's last one: to the one who asks
    /// first.
    pub fn note_gone(&self, socket: &SocketRef) -> bool {
        self.live.remove(socket)
    }

    /// How many sockets are connected.
    pub fn connections(&self) -> usize {
        self.live.count()
    }

    /// How long ago it was read which logins were revoked, and what has changed about users.
    /// Twice a second, unless the database is away.
    pub fn standing_age(&self) -> Duration {
        self.live.standing_age(Utc::now()).to_std().unwrap_or_default()
    }

    /// At most `count` users, in the order of their ids, behind the one with this id.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub async fn page(&self, after: Option<&UserId>, count: u64) -> Result<Vec<User>, AuthError> {
        Ok(self.users.page(after, count).await?)
    }

    /// Makes an account for somebody else, also where registration is closed.
    ///
    /// # Errors
    ///
    /// [`AuthError::BadForm`], [`AuthError::EmailTaken`], or a failure.
    pub async fn add(
        &self,
        email: &str,
        display_name: &str,
        password: &str,
    ) -> Result<User, AuthError> {
        let form = Register {
            email: email.to_owned(),
            password: password.to_owned(),
            display_name: display_name.to_owned(),
        };
        form.validate().map_err(|_| AuthError::BadForm)?;
        let user = NewUser {
            email: Some(form.email),
            display_name: form.display_name,
            password_hash: Some(self.passwords.hash(password).await?),
            user_type: UserType::Employee,
            role: Role::User,
            scope: self.config.default_scope.clone(),
        };
        let user = user.into_user(Utc::now());
        self.users.insert(&user).await?;
        Ok(user)
    }

    /// Changes a user whom an operator names by e-mail address, or by id: see [`Self::change`].
    ///
    /// # Errors
    ///
    /// As [`Self::change`].
    pub async fn change_named(&self, name: &str, change: ChangeUser) -> Result<User, AuthError> {
        let user = match self.users.by_email(&name.to_lowercase()).await? {
            Some(user) => Some(user),
            None => self.users.by_id(&UserId::from(name.to_owned())).await?,
        };
        self.apply(user.ok_or(AuthError::NoSuchUser)?, change).await
    }

    /// Changes what a user is. It counts for tokens that were issued before, and for the user's
    /// live sockets: here at once, in other processes within a second. Whoever is disabled loses
    /// all logins.
    ///
    /// # Errors
    ///
    /// [`AuthError::NoSuchUser`], or a failure; nothing has changed then.
    pub async fn change(&self, id: &UserId, change: ChangeUser) -> Result<User, AuthError> {
        let user = self.users.by_id(id).await?;
        self.apply(user.ok_or(AuthError::NoSuchUser)?, change).await
    }

    async fn apply(&self, mut user: User, change: ChangeUser) -> Result<User, AuthError> {
        user.role = change.role.unwrap_or(user.role);
        user.user_type = change.user_type.unwrap_or(user.user_type);
        user.scope = change.scope.unwrap_or(user.scope);
        user.status = change.status.unwrap_or(user.status);
        let now = Utc::now().trunc_subsecs(3);
        // Of two changes the later one counts, however soon it comes.
        user.updated_at = now.max(user.updated_at + TimeDelta::milliseconds(1));
        self.users.update(&user).await?;
        self.live.change_user(&user);
        if user.status == Status::Disabled {
            // Whoever is enabled again logs in again.
            for login in self.logins.revoke_all(&user.id, now).await? {
                self.live.end_login(&login, now);
            }
        }
        Ok(user)
    }
}
