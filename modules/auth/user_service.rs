//! What operators and other modules ask about users.

use std::{collections::HashMap, sync::Arc};

use chrono::{SubsecRound, Utc};
use validator::Validate;

use crate::{
    AuthConfig, AuthError,
    dto::Register,
    password::PasswordHasher,
    repository::UserRepository,
    user::{NewUser, Role, User, UserId, UserType},
};

/// Finds and changes users.
pub struct UserService {
    users: Arc<dyn UserRepository>,
    passwords: Arc<PasswordHasher>,
    config: Arc<AuthConfig>,
}

impl UserService {
    pub(crate) fn new(
        users: Arc<dyn UserRepository>,
        passwords: Arc<PasswordHasher>,
        config: Arc<AuthConfig>,
    ) -> Self {
        Self { users, passwords, config }
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

    /// Changes what a user is. Tokens that were issued before keep what they say until they end.
    ///
    /// # Errors
    ///
    /// [`AuthError::NoSuchUser`], or a failure.
    pub async fn promote(
        &self,
        email: &str,
        role: Option<Role>,
        user_type: Option<UserType>,
    ) -> Result<User, AuthError> {
        let user = self.users.by_email(&email.to_lowercase()).await?;
        let mut user = user.ok_or(AuthError::NoSuchUser)?;
        user.role = role.unwrap_or(user.role);
        user.user_type = user_type.unwrap_or(user.user_type);
        user.updated_at = Utc::now().trunc_subsecs(3);
        self.users.update(&user).await?;
        Ok(user)
    }
}
