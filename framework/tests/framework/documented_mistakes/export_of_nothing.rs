//! A module exports what it does not have
//!
//! A module may export what it provides, and what it imports.

use hornero::{App, Module, ModuleDef};

struct Clock;

struct ClockModule;

impl Module for ClockModule {
    fn define(m: &mut ModuleDef) {
        m.export::<Clock>();
    }
}

pub(super) fn app() -> App {
    App::of::<ClockModule>()
}
