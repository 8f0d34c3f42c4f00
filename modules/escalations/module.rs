//! Escalations: a conversation that needs a supervisor.
//!
//! ```text
//! REST   -> controller ─┐                       ┌─> EscalationRepository -> database
//!                       ├─> EscalationService ──┤
//! socket -> gateway    ─┘                       └─> the conversation, and Watchers: supervisors
//!
//! Claims (delivery) -> EscalationRepository: may this supervisor speak there?
//! ```

use std::sync::Arc;

use auth::AuthModule;
use database::DatabaseModule;
use delivery::{Claims, DeliveryModule};
use hornero::{BoxError, Module, ModuleDef};

mod announcement;
mod controller;
mod dto;
mod entity;
mod error;
mod escalation;
mod gateway;
mod repository;
mod service;
#[cfg(test)]
mod tests;
mod watchers;

pub use error::EscalationError;
pub use escalation::{Escalation, EscalationId, EscalationStatus, Priority};
pub use service::EscalationService;

use crate::{
    controller::EscalationController,
    gateway::EscalationGateway,
    repository::{EscalationRepository, SeaOrmEscalationRepository},
    watchers::Watchers,
};

/// Wires up escalations. Exports [`EscalationService`].
pub struct EscalationsModule;

impl Module for EscalationsModule {
    fn define(m: &mut ModuleDef) {
        m.import::<AuthModule>()
            .import::<DatabaseModule>()
            .import::<DeliveryModule>()
            .bind(SeaOrmEscalationRepository::bind)
            .provide(Watchers::new)
            .provide(EscalationService::new)
            .controller(EscalationController::new)
            .gateway(EscalationGateway::new)
            .on_init(set_claims)
            .task(Watchers::run)
            .export::<EscalationService>();
    }
}

async fn set_claims(
    claims: Arc<Claims>,
    escalations: Arc<dyn EscalationRepository>,
) -> Result<(), BoxError> {
    claims.set_source(escalations);
    Ok(())
}
