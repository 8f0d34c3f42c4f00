//! A provider is never used
//!
//! Only what controllers, gateways, hooks and tasks reach is built, so this one never would be.

use hornero::{App, Module, ModuleDef};

struct Clock;

struct ClockModule;

impl Module for ClockModule {
    fn define(m: &mut ModuleDef) {
        m.provide(|| Clock);
    }
}

pub(super) fn app() -> App {
    App::of::<ClockModule>()
}
