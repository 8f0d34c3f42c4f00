//! Whether the server can do its work, and how much it does: for operators and their programs.

use auth::AuthModule;
use database::DatabaseModule;
use delivery::DeliveryModule;
use files::FilesModule;
use hornero::{ConfigSection, Module, ModuleDef};
use robots::RobotsModule;
use serde::{Deserialize, Serialize};

mod controller;
mod dto;
mod service;

use crate::{controller::HealthController, service::HealthService};

/// Wires up `/health` and `/metrics`. Exports nothing.
pub struct HealthModule;

impl Module for HealthModule {
    fn define(m: &mut ModuleDef) {
        m.import::<AuthModule>()
            .import::<DatabaseModule>()
            .import::<DeliveryModule>()
            .import::<FilesModule>()
            .import::<RobotsModule>()
            .config::<HealthConfig>()
            .provide(HealthService::new)
            .controller(HealthController::new);
    }
}

/// Section `health`: what operators' programs may ask.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HealthConfig {
    /// Whether `/metrics` is served, to everybody who reaches the server. Default true.
    pub metrics: bool,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self { metrics: true }
    }
}

impl ConfigSection for HealthConfig {
    const KEY: &'static str = "health";
}

#[cfg(test)]
#[test]
fn wiring() {
    hornero::App::of::<HealthModule>().check().unwrap();
}
