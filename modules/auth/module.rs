//! Who is asking: users, passwords, tokens, and the identity of a caller at both doors.
//!
//! ```text
//! REST   -> controller -> AuthService -> UserRepository, LoginRepository -> database
//!                             └-> PasswordHasher, TokenService
//! caller -> TokenService -> Caller    (every other module's controllers and gateways)
//!               |-> Keys: ours, or another issuer's, which may be fetched: Jwks
//!               |-> Standing: what was revoked or changed since the token was issued
//!               └-> Newcomers: users whom another issuer vouches for
//! Watch  -> Standing, LiveSockets: keeps both current, and closes what has ended
//! ```

use database::DatabaseModule;
use hornero::{Module, ModuleDef};

mod caller;
mod claims;
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
mod jwks;
mod jwt_config;
mod keys;
mod last_seen;
mod live_sockets;
mod login;
mod newcomers;
mod password;
mod refresh_token;
mod repository;
mod secret;
mod service;
mod service_key;
mod standing;
#[cfg(test)]
mod tests;
mod token;
mod user;
mod user_service;
mod user_sockets;
mod verified;
mod watch;

pub use caller::Caller;
pub use config::AuthConfig;
pub use error::AuthError;
pub use guard::{Account, Admin, Require, Requirement, Supervisor};
pub use jwt_config::JwtConfig;
pub use live_sockets::{FirstSocket, Presence};
pub use login::LoginId;
pub use service_key::NewServiceKey;
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
    last_seen::LastSeen,
    live_sockets::LiveSockets,
    newcomers::Newcomers,
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
            .provide(LastSeen::new)
            .provide(LiveSockets::new)
            .provide(Newcomers::new)
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
            .on_init(TokenService::begin)
            .task(TokenService::run)
            .task(Watch::run)
            .task(Cleaning::run)
            .task(LastSeen::run)
            .on_shutdown(LastSeen::finish)
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
