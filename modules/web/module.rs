//! The chat page: what a browser sees at `/`.

use hornero::{Module, ModuleDef};

mod assets;
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
        m.controller(WebController::new);
    }
}

#[cfg(test)]
#[test]
fn wiring() {
    hornero::App::of::<WebModule>().check().unwrap();
}
