//! A module provides what is the framework's
//!
//! `Config`, `ServerConfig`, `SocketIo`, `Stopping` and `Traffic` are providers in every module. In
//! NestJS a module's own provider goes before a global one; here the global ones are the server that
//! runs, and one beside them would be connected to nothing.

use hornero::{App, Module, ModuleDef, Stopping};

struct ClockModule;

impl Module for ClockModule {
    fn define(m: &mut ModuleDef) {
        m.provide(Stopping::default).export::<Stopping>();
    }
}

pub(super) fn app() -> App {
    App::of::<ClockModule>()
}
