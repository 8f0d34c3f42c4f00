//! Who is asking: users, passwords, tokens, and the identity of a caller at both doors.
//!
//! ```text
//! REST   -> controller -> AuthService -> UserRepository, LoginRepository -> database
//!                             └-> PasswordHasher, TokenService
//! caller -> TokenService -> Caller    (every other module's controllers and gateways)
//! ```

use database::DatabaseModule;
use hornero::{Module, ModuleDef};

mod caller;
mod config;
mod controller;
mod cookie;
mod dto;
mod entity;
mod error;
mod gateway;
mod guard;
mod login;
mod password;
mod refresh_token;
mod repository;
mod secret;
mod service;
#[cfg(test)]
mod tests;
mod token;
mod user;
mod user_service;

pub use caller::Caller;
pub use config::AuthConfig;
pub use error::AuthError;
pub use guard::{Account, Admin, Require, Requirement, Supervisor};
pub use login::LoginId;
pub use token::TokenService;
pub use user::{NewUser, Role, Scope, User, UserId, UserType};
pub use user_service::UserService;

use crate::{
    controller::AuthController,
    gateway::AuthGateway,
    password::PasswordHasher,
    repository::{SeaOrmUserRepository, logins::SeaOrmLoginRepository},
    service::AuthService,
};

/// Wires up authentication. Exports [`TokenService`] for guards, and [`UserService`].
pub struct AuthModule;

impl Module for AuthModule {
    fn define(m: &mut ModuleDef) {
        m.import::<DatabaseModule>()
            .config::<AuthConfig>()
            .bind(SeaOrmUserRepository::bind)
            .bind(SeaOrmLoginRepository::bind)
            .provide(PasswordHasher::new)
            .try_provide(TokenService::open)
            .provide(AuthService::new)
            .provide(UserService::new)
            .controller(AuthController::new)
            .gateway(AuthGateway::new)
            .export::<TokenService>()
            .export::<UserService>();
    }
}

/// A controller that authenticates its callers: it has a [`TokenService`].
///
/// Needed for a handler to take a [`Caller`] or [`Require`]; forgetting the service does not compile.
pub trait Authenticates: Send + Sync {
    /// Scope that a caller's token must have; none by default.
    const SCOPE: Option<Scope> = None;

    /// The service that tokens are verified with.
    fn tokens(&self) -> &TokenService;
}
