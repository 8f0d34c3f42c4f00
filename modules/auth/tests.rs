//! The rules of signing in, on a repository in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use database::StorageError;
use hornero::App;

use crate::{
    AuthConfig, AuthError, AuthModule, Role, TokenService, User, UserId, UserService, UserType,
    dto::Register,
    login::{Login, NextToken, Rotation},
    password::PasswordHasher,
    refresh_token::RefreshToken,
    repository::{UserRepository, logins::LoginRepository},
    service::AuthService,
};

#[derive(Default)]
struct MemoryRepository(Mutex<Vec<User>>);

#[async_trait]
impl UserRepository for MemoryRepository {
    async fn insert(&self, user: &User) -> Result<(), AuthError> {
        let mut users = self.0.lock().unwrap();
        if user.email.is_some() && users.iter().any(|it| it.email == user.email) {
            return Err(AuthError::EmailTaken);
        }
        users.push(user.clone());
        Ok(())
    }

    async fn update(&self, user: &User) -> Result<(), StorageError> {
        let mut users = self.0.lock().unwrap();
        users.iter_mut().filter(|it| it.id == user.id).for_each(|it| *it = user.clone());
        Ok(())
    }

    async fn by_id(&self, id: &UserId) -> Result<Option<User>, StorageError> {
        Ok(self.0.lock().unwrap().iter().find(|it| it.id == *id).cloned())
    }

    async fn by_email(&self, email: &str) -> Result<Option<User>, StorageError> {
        let users = self.0.lock().unwrap();
        Ok(users.iter().find(|it| it.email.as_deref() == Some(email)).cloned())
    }

    async fn display_names(&self, ids: &[UserId]) -> Result<HashMap<UserId, String>, StorageError> {
        let users = self.0.lock().unwrap();
        let found = users.iter().filter(|it| ids.contains(&it.id));
        Ok(found.map(|it| (it.id.clone(), it.display_name.clone())).collect())
    }
}

/// Keeps nothing: tests of refreshing come through the door.
struct ForgetfulLogins;

#[async_trait]
impl LoginRepository for ForgetfulLogins {
    async fn insert(&self, _: &Login, _: &NextToken, _: DateTime<Utc>) -> Result<(), StorageError> {
        Ok(())
    }

    async fn rotate(
        &self,
        _: &RefreshToken,
        _: NextToken,
        _: DateTime<Utc>,
    ) -> Result<Rotation, StorageError> {
        Ok(Rotation::Refused)
    }
}

struct Services {
    auth: AuthService,
    users: UserService,
}

fn services(change: impl FnOnce(&mut AuthConfig)) -> Services {
    let mut config = AuthConfig::default();
    config.jwt.secret = "0123456789abcdef0123456789abcdef".to_owned();
    change(&mut config);
    let config = Arc::new(config);
    let repository: Arc<dyn UserRepository> = Arc::new(MemoryRepository::default());
    let passwords = Arc::new(PasswordHasher::new());
    let tokens = Arc::new(TokenService::new(&config));
    Services {
        auth: AuthService::new(
            Arc::clone(&repository),
            Arc::new(ForgetfulLogins),
            Arc::clone(&passwords),
            tokens,
            Arc::clone(&config),
        ),
        users: UserService::new(repository, passwords, config),
    }
}

fn ada() -> Register {
    Register {
        email: "Ada@Example.org".to_owned(),
        password: "analytical engine".to_owned(),
        display_name: " Ada ".to_owned(),
    }
}

#[test]
fn wiring() {
    App::of::<AuthModule>().check().unwrap();
}

#[tokio::test]
async fn registered_user_logs_in_with_the_address_in_any_case() {
    let services = services(|_| {});
    let registered = services.auth.register(ada()).await.unwrap().user;
    assert_eq!(registered.display_name, "Ada");
    assert_eq!(registered.email.as_deref(), Some("ada@example.org"));

    let again = services.auth.log_in("ADA@example.ORG", "analytical engine").await.unwrap();

    assert_eq!(again.user, registered);
}

#[tokio::test]
async fn wrong_password_and_unknown_address_are_refused_alike() {
    let services = services(|_| {});
    services.auth.register(ada()).await.unwrap();

    let wrong = services.auth.log_in("ada@example.org", "difference engine").await.unwrap_err();
    let unknown = services.auth.log_in("bob@example.org", "nobody").await.unwrap_err();

    assert_eq!(wrong.to_string(), unknown.to_string());
    assert!(matches!(unknown, AuthError::WrongCredentials));
}

#[tokio::test]
async fn address_is_registered_once() {
    let services = services(|_| {});
    services.auth.register(ada()).await.unwrap();
    let error = services.auth.register(ada()).await.unwrap_err();
    assert!(matches!(error, AuthError::EmailTaken));
}

#[tokio::test]
async fn registration_can_be_closed_to_all_but_operators() {
    let services = services(|config| config.registration = false);
    let error = services.auth.register(ada()).await.unwrap_err();
    assert!(matches!(error, AuthError::RegistrationClosed));

    services.users.add("ada@example.org", "Ada", "analytical engine").await.unwrap();
    services.auth.log_in("ada@example.org", "analytical engine").await.unwrap();
}

#[tokio::test]
async fn guest_cannot_log_in_and_may_only_chat() {
    let services = services(|_| {});
    let guest = services.auth.enter_as_guest(None).await.unwrap().user;
    assert_eq!((guest.user_type, guest.scope.as_str()), (UserType::Guest, "chat"));
    assert_eq!((guest.email, guest.password_hash), (None, None));
}

#[tokio::test]
async fn promoted_user_is_what_was_said() {
    let services = services(|_| {});
    services.auth.register(ada()).await.unwrap();
    services.users.promote("ada@example.org", Some(Role::Admin), None).await.unwrap();
    services.users.promote("ada@example.org", None, Some(UserType::Supervisor)).await.unwrap();

    let user = services.auth.log_in("ada@example.org", "analytical engine").await.unwrap().user;

    assert_eq!((user.role, user.user_type), (Role::Admin, UserType::Supervisor));
    let error = services.users.promote("bob@example.org", None, None).await.unwrap_err();
    assert!(matches!(error, AuthError::NoSuchUser));
}
