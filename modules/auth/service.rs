//! The rules of signing in.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

use crate::{
    AuthConfig, AuthError, Caller, LoginId, TokenService,
    dto::Register,
    failures::Failures,
    live_sockets::LiveSockets,
    login::{Login, NextToken, Rotation},
    password::PasswordHasher,
    refresh_token::RefreshToken,
    repository::{UserRepository, logins::LoginRepository},
    user::{NewUser, Role, Scope, Status, User, UserId, UserType},
};

/// Signs users in.
pub(crate) struct AuthService {
    users: Arc<dyn UserRepository>,
    logins: Arc<dyn LoginRepository>,
    passwords: Arc<PasswordHasher>,
    tokens: Arc<TokenService>,
    live: Arc<LiveSockets>,
    failures: Arc<Failures>,
    config: Arc<AuthConfig>,
}

/// A user with tokens of theirs.
#[derive(Debug)]
pub(crate) struct SignedIn {
    /// Who is signed in.
    pub(crate) user: User,
    /// Signed access token.
    pub(crate) access_token: String,
    /// Time until the access token ends.
    pub(crate) life: Duration,
    /// What the next tokens are had for.
    pub(crate) refresh_token: RefreshToken,
    /// Time until the refresh token ends.
    pub(crate) refresh_life: Duration,
}

impl AuthService {
    pub(crate) fn new(
        users: Arc<dyn UserRepository>,
        logins: Arc<dyn LoginRepository>,
        passwords: Arc<PasswordHasher>,
        tokens: Arc<TokenService>,
        live: Arc<LiveSockets>,
        failures: Arc<Failures>,
        config: Arc<AuthConfig>,
    ) -> Self {
        Self { users, logins, passwords, tokens, live, failures, config }
    }

    /// Makes an account and signs in.
    ///
    /// # Errors
    ///
    /// [`AuthError::IssuedElsewhere`], [`AuthError::RegistrationClosed`], [`AuthError::EmailTaken`], or a failure.
    pub(crate) async fn register(&self, form: Register) -> Result<SignedIn, AuthError> {
        self.tokens.require_issuing()?;
        if !self.config.registration {
            return Err(AuthError::RegistrationClosed);
        }
        let password_hash = Some(self.passwords.hash(&form.password).await?);
        let user = NewUser {
            email: Some(form.email),
            display_name: form.display_name,
            password_hash,
            user_type: UserType::Employee,
            role: Role::User,
            scope: self.config.default_scope.clone(),
        };
        self.sign_in_new(user).await
    }

    /// Signs in with e-mail address and password.
    ///
    /// # Errors
    ///
    /// [`AuthError::WrongCredentials`], after the same time whichever was wrong;
    /// [`AuthError::Disabled`] only to those who know the password; [`AuthError::IssuedElsewhere`].
    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Result<SignedIn, AuthError> {
        self.tokens.require_issuing()?;
        let user = self.users.by_email(&email.to_lowercase()).await?;
        let hash = user.as_ref().and_then(|it| it.password_hash.as_deref());
        let right = self.passwords.verify(password, hash).await?;
        let signed_in = match user {
            Some(user) if right && user.status == Status::Disabled => Err(AuthError::Disabled),
            Some(user) if right => self.sign_in(user).await,
            _ => Err(AuthError::WrongCredentials),
        };
        signed_in.inspect_err(|it| self.failures.count(it))
    }

    /// Signs in without an account.
    ///
    /// # Errors
    ///
    /// [`AuthError::IssuedElsewhere`], or a failure of storage or cryptography.
    pub(crate) async fn enter_as_guest(
        &self,
        display_name: Option<String>,
    ) -> Result<SignedIn, AuthError> {
        self.tokens.require_issuing()?;
        let guest = NewUser {
            email: None,
            display_name: display_name.unwrap_or_else(|| "Guest".to_owned()),
            password_hash: None,
            user_type: UserType::Guest,
            role: Role::User,
            scope: Scope::Chat.as_str().to_owned(),
        };
        self.sign_in_new(guest).await
    }

    /// Exchanges a refresh token for new tokens.
    ///
    /// # Errors
    ///
    /// [`AuthError::IssuedElsewhere`], [`AuthError::BadToken`]. If the token was used before, its login is revoked then.
    pub(crate) async fn refresh(&self, token: &str) -> Result<SignedIn, AuthError> {
        self.tokens.require_issuing()?;
        let presented = RefreshToken::parse(token).ok_or(AuthError::BadToken)?;
        let now = Utc::now().trunc_subsecs(3);
        match self.logins.rotate(&presented, self.next_token(now), now).await? {
            Rotation::Next(login, next) => {
                let user = self.users.by_id(&login.user_id).await?;
                let user = user.filter(|it| it.status == Status::Active);
                let user = user.ok_or(AuthError::BadToken)?;
                self.signed_in(user, login.id, next)
            }
            Rotation::Reused(login) => {
                self.live.end_login(&login, now);
                tracing::warn!(login = %login.id.0, "A refresh token was used twice: login revoked");
                Err(AuthError::BadToken)
            }
            Rotation::Refused => Err(AuthError::BadToken),
        }
    }

    /// Ends the login that the caller's token comes of: its tokens are refused from now on, and
    /// its sockets closed. A token of others comes of none.
    ///
    /// # Errors
    ///
    /// A failure of storage. Nothing has ended then.
    pub(crate) async fn log_out(&self, caller: &Caller) -> Result<(), AuthError> {
        let Some(id) = caller.login else { return Ok(()) };
        let now = Utc::now().trunc_subsecs(3);
        self.logins.revoke(id, now).await?;
        self.live.end_login(&Login { id, user_id: caller.user_id.clone() }, now);
        Ok(())
    }

    /// The user with this id.
    ///
    /// # Errors
    ///
    /// A failure of storage.
    pub(crate) async fn user(&self, id: &UserId) -> Result<Option<User>, AuthError> {
        Ok(self.users.by_id(id).await?)
    }

    async fn sign_in_new(&self, user: NewUser) -> Result<SignedIn, AuthError> {
        let user = user.into_user(Utc::now());
        self.users.insert(&user).await?;
        self.sign_in(user).await
    }

    async fn sign_in(&self, user: User) -> Result<SignedIn, AuthError> {
        let now = Utc::now().trunc_subsecs(3);
        let login = Login { id: LoginId(Uuid::now_v7()), user_id: user.id.clone() };
        let first = self.next_token(now);
        self.logins.insert(&login, &first, now).await?;
        self.signed_in(user, login.id, first.token)
    }

    fn next_token(&self, now: DateTime<Utc>) -> NextToken {
        NextToken { token: RefreshToken::generate(), expires_at: now + self.config.refresh_life() }
    }

    fn signed_in(
        &self,
        user: User,
        login: LoginId,
        refresh_token: RefreshToken,
    ) -> Result<SignedIn, AuthError> {
        Ok(SignedIn {
            access_token: self.tokens.issue(&user, Some(login))?,
            life: self.tokens.life(),
            refresh_token,
            refresh_life: self.config.refresh_life(),
            user,
        })
    }
}
