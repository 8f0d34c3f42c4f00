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
    AuthConfig, AuthError, AuthModule, ChangeUser, Role, Status, TokenService, User, UserId,
    UserService, UserType,
    dto::Register,
    failures::Failures,
    last_seen::LastSeen,
    live_sockets::LiveSockets,
    login::{Login, LoginId, NextToken, Rotation},
    newcomers::Newcomers,
    password::PasswordHasher,
    refresh_token::RefreshToken,
    repository::{UserRepository, logins::LoginRepository},
    service::AuthService,
    standing::Standing,
};

#[derive(Default)]
pub(crate) struct MemoryRepository(Mutex<Vec<User>>);

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

    async fn find_or_insert(&self, user: &User) -> Result<User, StorageError> {
        let mut users = self.0.lock().unwrap();
        let found = users.iter().find(|it| it.id == user.id).cloned();
        if found.is_none() {
            users.push(user.clone());
        }
        Ok(found.unwrap_or_else(|| user.clone()))
    }

    async fn update(&self, user: &User) -> Result<(), StorageError> {
        let mut users = self.0.lock().unwrap();
        users.iter_mut().filter(|it| it.id == user.id).for_each(|it| *it = user.clone());
        Ok(())
    }

    async fn changed_since(&self, _: DateTime<Utc>) -> Result<Vec<User>, StorageError> {
        Ok(Vec::new())
    }

    async fn disabled(&self) -> Result<Vec<User>, StorageError> {
        Ok(Vec::new())
    }

    async fn remove_guests(&self, _: DateTime<Utc>, _: u64) -> Result<u64, StorageError> {
        Ok(0)
    }

    async fn by_id(&self, id: &UserId) -> Result<Option<User>, StorageError> {
        Ok(self.0.lock().unwrap().iter().find(|it| it.id == *id).cloned())
    }

    async fn page(&self, _: Option<&UserId>, _: u64) -> Result<Vec<User>, StorageError> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn by_email(&self, email: &str) -> Result<Option<User>, StorageError> {
        let users = self.0.lock().unwrap();
        Ok(users.iter().find(|it| it.email.as_deref() == Some(email)).cloned())
    }

    async fn save_last_seen(&self, _: &[(UserId, DateTime<Utc>)]) -> Result<(), StorageError> {
        Ok(())
    }

    async fn last_seen(
        &self,
        _: &[UserId],
    ) -> Result<HashMap<UserId, DateTime<Utc>>, StorageError> {
        Ok(HashMap::new())
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

    async fn revoke(&self, _: LoginId, _: DateTime<Utc>) -> Result<(), StorageError> {
        Ok(())
    }

    async fn revoke_all(&self, _: &UserId, _: DateTime<Utc>) -> Result<Vec<Login>, StorageError> {
        Ok(Vec::new())
    }

    async fn revoked_since(
        &self,
        _: DateTime<Utc>,
    ) -> Result<Vec<(Login, DateTime<Utc>)>, StorageError> {
        Ok(Vec::new())
    }

    async fn remove_ended(
        &self,
        _: DateTime<Utc>,
        _: DateTime<Utc>,
        _: u64,
    ) -> Result<u64, StorageError> {
        Ok(0)
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
    let standing = Arc::<Standing>::default();
    let seen = Arc::new(LastSeen::new(Arc::clone(&repository)));
    let live = LiveSockets::new(Arc::clone(&standing), Arc::clone(&seen), Arc::default());
    let live = Arc::new(live);
    let failures = Arc::new(Failures::new(Arc::default()));
    let newcomers = Arc::new(Newcomers::new(Arc::clone(&repository)));
    let tokens = TokenService::new(&config, standing, Arc::clone(&failures), newcomers);
    let tokens = Arc::new(tokens.unwrap());
    let logins: Arc<dyn LoginRepository> = Arc::new(ForgetfulLogins);
    Services {
        auth: AuthService::new(
            Arc::clone(&repository),
            Arc::clone(&logins),
            Arc::clone(&passwords),
            tokens,
            Arc::clone(&live),
            failures,
            Arc::clone(&config),
        ),
        users: UserService::new(repository, logins, live, seen, passwords, config),
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
    let admin = ChangeUser { role: Some(Role::Admin), ..ChangeUser::default() };
    services.users.change_named("ADA@example.org", admin).await.unwrap();
    let user_type = Some(UserType::Supervisor);
    let supervisor = ChangeUser { user_type, ..ChangeUser::default() };
    services.users.change_named("ada@example.org", supervisor.clone()).await.unwrap();

    let user = services.auth.log_in("ada@example.org", "analytical engine").await.unwrap().user;

    assert_eq!((user.role, user.user_type), (Role::Admin, UserType::Supervisor));
    let error = services.users.change_named("bob@example.org", supervisor).await.unwrap_err();
    assert!(matches!(error, AuthError::NoSuchUser));
}

#[tokio::test]
async fn disabled_user_is_told_so_with_the_right_password_only() {
    let services = services(|_| {});
    services.auth.register(ada()).await.unwrap();
    let disabled = ChangeUser { status: Some(Status::Disabled), ..ChangeUser::default() };
    services.users.change_named("ada@example.org", disabled).await.unwrap();

    let right = services.auth.log_in("ada@example.org", "analytical engine").await.unwrap_err();
    let wrong = services.auth.log_in("ada@example.org", "difference engine").await.unwrap_err();

    assert!(matches!(right, AuthError::Disabled));
    assert!(matches!(wrong, AuthError::WrongCredentials));
}
