//! Robots: programs that answer, part by part.
//!
//! ```text
//! chat:robot:interact -> gateway ─> RobotService ─┐
//!                                                 ├─> Runner -> Robot -> Mind: echo, or HTTP
//! a message in a session ─────────> Assistant ────┘     ├─> the conversation, part by part
//!                                                       ├─> RunRepository: what was begun
//!                                                       └─> ChatService: the message that it becomes
//! ```
//!
//! What was begun and not ended, since the server was killed, `Endings` end.

use std::sync::Arc;

use auth::AuthModule;
use chat::{ChatModule, ChatService};
use database::DatabaseModule;
use delivery::DeliveryModule;
use escalations::EscalationsModule;
use hornero::{BoxError, Module, ModuleDef};
use sessions::SessionsModule;

mod announcement;
mod assistant;
mod breaker;
mod completion;
mod config;
mod draft;
mod dto;
mod echo;
mod endings;
mod entity;
mod error;
mod gateway;
mod http_mind;
mod mind;
mod repository;
mod robot;
mod robots;
mod run;
mod runner;
mod seats;
mod service;
mod sse;
#[cfg(test)]
mod tests;

pub use config::{RobotConfig, RobotsConfig, SessionsConfig};
pub use error::RobotError;
pub use robots::{Condition, Robots};

use crate::{
    assistant::Assistant, endings::Endings, gateway::RobotGateway, repository::SeaOrmRunRepository,
    runner::Runner, service::RobotService,
};

/// Wires up robots. Exports [`Robots`].
pub struct RobotsModule;

impl Module for RobotsModule {
    fn define(m: &mut ModuleDef) {
        m.import::<AuthModule>()
            .import::<DatabaseModule>()
            .import::<DeliveryModule>()
            .import::<SessionsModule>()
            .import::<EscalationsModule>()
            .import::<ChatModule>()
            .config::<RobotsConfig>()
            .config::<SessionsConfig>()
            .bind(SeaOrmRunRepository::bind)
            .try_provide(Robots::open)
            .provide(Runner::new)
            .provide(RobotService::new)
            .try_provide(Assistant::open)
            .provide(Endings::new)
            .gateway(RobotGateway::new)
            .on_init(listen)
            .task(Assistant::run)
            .task(Endings::run)
            .task(Runner::drain)
            .export::<Robots>();
    }
}

async fn listen(chat: Arc<ChatService>, assistant: Arc<Assistant>) -> Result<(), BoxError> {
    if assistant.is_on() {
        chat.listen(assistant);
    }
    Ok(())
}
