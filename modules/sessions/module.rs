//! Sessions: conversations of one owner, and an assistant.
//!
//! ```text
//! REST   -> controller ─> SessionService -> SessionRepository -> database
//! socket -> gateway ────> Subscriptions (delivery) -> SessionPolicy (who may do what)
//! ```

use std::sync::Arc;

use auth::AuthModule;
use database::DatabaseModule;
use delivery::{Access, ConversationKind, DeliveryModule};
use hornero::{BoxError, Module, ModuleDef};

mod controller;
mod dto;
mod entity;
mod error;
mod gateway;
mod policy;
mod repository;
mod service;
mod session;
#[cfg(test)]
mod tests;

pub use error::SessionError;
pub use service::SessionService;
pub use session::{Session, SessionStatus};

use crate::{
    controller::SessionController, gateway::SessionGateway, policy::SessionPolicy,
    repository::SeaOrmSessionRepository,
};

/// Wires up sessions. Exports [`SessionService`].
pub struct SessionsModule;

impl Module for SessionsModule {
    fn define(m: &mut ModuleDef) {
        m.import::<AuthModule>()
            .import::<DatabaseModule>()
            .import::<DeliveryModule>()
            .bind(SeaOrmSessionRepository::bind)
            .provide(SessionPolicy::new)
            .provide(SessionService::new)
            .controller(SessionController::new)
            .gateway(SessionGateway::new)
            .on_init(set_policy)
            .export::<SessionService>();
    }
}

async fn set_policy(access: Arc<Access>, policy: Arc<SessionPolicy>) -> Result<(), BoxError> {
    access.set_policy(ConversationKind::Session, policy);
    Ok(())
}
