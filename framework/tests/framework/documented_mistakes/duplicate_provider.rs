//! A type is provided twice
//!
//! In one module a type is one thing. Two modules may each have a private one.

use hornero::{App, Module, ModuleDef};

struct Clock;

struct ClockModule;

impl Module for ClockModule {
    fn define(m: &mut ModuleDef) {
        m.provide(|| Clock).export::<Clock>();
        m.value(Clock);
    }
}

pub(super) fn app() -> App {
    App::of::<ClockModule>()
}
