//! Who is asking: users, passwords, tokens, and the identity of a caller at both doors.
//!
//! ```text
//! REST   -> controller -> AuthService -> UserRepository, LoginRepository -> database
//!                             └-> PasswordHasher, TokenService
//! caller -> TokenService -> Caller    (every other module's controllers and gateways)
//!               └-> Standing: what was revoked or changed since the token was issued
//! Watch  -> Standing, LiveSockets: keeps both current, and closes what has ended
//! ```

use database::DatabaseModule;
use hornero::{Module, ModuleDef};

mod caller;
mod cleaning;
mod config;
mod controller;
mod cookie;
mod credential_limits;
mod dto;
mod entity;
mod error;
mod failures;
mod gateway;
mod guard;
mod live_sockets;
mod login;
mod password;
mod refresh_token;
mod repository;
mod secret;
mod service;
mod standing;
#[cfg(test)]
mod tests;
mod token;
mod user;
mod user_service;
mod user_sockets;
mod watch;

pub use caller::Caller;
pub use config::AuthConfig;
pub use error::AuthError;
pub use guard::{Account, Admin, Require, Requirement, Supervisor};
pub use live_sockets::Presence;
pub use login::LoginId;
pub use token::TokenService;
pub use user::{NewUser, Role, Scope, Status, User, UserId, UserType};
pub use user_service::{ChangeUser, UserService};
pub use user_sockets::UserSockets;

use crate::{
    cleaning::Cleaning,
    controller::AuthController,
    credential_limits::CredentialLimits,
    failures::Failures,
    gateway::AuthGateway,
    live_sockets::LiveSockets,
    password::PasswordHasher,
    repository::{SeaOrmUserRepository, logins::SeaOrmLoginRepository},
    service::AuthService,
    standing::Standing,
    watch::Watch,
};

/// Wires up authentication. Exports [`TokenService`] for guards, [`UserService`] and
/// [`UserSockets`].
pub struct AuthModule;

impl Module for AuthModule {
    fn define(m: &mut ModuleDef) {
        m.import::<DatabaseModule>()
            .config::<AuthConfig>()
            .bind(SeaOrmUserRepository::bind)
            .bind(SeaOrmLoginRepository::bind)
            .provide(PasswordHasher::new)
            .provide(Failures::new)
            .provide(Standing::new)
            .provide(LiveSockets::new)
            .try_provide(TokenService::open)
            .try_provide(CredentialLimits::open)
            .provide(AuthService::new)
            .provide(UserService::new)
            .provide(UserSockets::new)
            .provide(Watch::new)
            .provide(Cleaning::new)
            .controller(AuthController::new)
            .identify::<TokenService>()
            .gateway(AuthGateway::new)
            .on_init(Watch::begin)
            .task(Watch::run)
            .task(Cleaning::run)
            .export::<TokenService>()
            .export::<UserService>()
            .export::<UserSockets>();
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
