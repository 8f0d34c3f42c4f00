//! What operators see in the official Admin UI of Socket.IO, and may do there.
//!
//! ```text
//! Admin UI -> AdminGateway -> Credentials: who may come in
//!                  └-> Overview: servers, sockets and channels, looked at every two seconds
//! ```
//!
//! Off by default. A socket is shown by its public id, and without what would let anybody speak as
//! its client: cookies, tokens, the id of its connection.

use hornero::{Module, ModuleDef};

mod arguments;
mod config;
mod credentials;
mod gateway;
mod overview;
#[cfg(test)]
mod tests;
mod view;

pub use config::AdminConfig;
pub use credentials::hash_password;

use crate::{credentials::Credentials, gateway::AdminGateway, overview::Overview};

/// Wires up the namespace `/admin`. Exports nothing.
pub struct AdminModule;

impl Module for AdminModule {
    fn define(m: &mut ModuleDef) {
        m.config::<AdminConfig>()
            .provide(Credentials::new)
            .provide(Overview::new)
            .gateway(AdminGateway::new)
            .task(Overview::run);
    }
}
