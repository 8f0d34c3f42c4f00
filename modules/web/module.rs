//! The chat page, which is what a browser sees at `/`, and the client that it and others load.

use hornero::{Module, ModuleDef, WebsocketConfig};

mod assets;
mod client;
mod controller;

use crate::controller::WebController;

/// Whether this build has the official Socket.IO client, without which the page does not chat.
pub fn has_client_bundle() -> bool {
    assets::ASSETS.iter().all(|it| !it.bytes.is_empty())
}

/// Wires up the page. Exports nothing.
pub struct WebModule;

impl Module for WebModule {
    fn define(m: &mut ModuleDef) {
        m.config::<WebsocketConfig>().controller(WebController::new);
    }
}

#[cfg(test)]
#[test]
fn wiring() {
    hornero::App::of::<WebModule>().check().unwrap();
}
