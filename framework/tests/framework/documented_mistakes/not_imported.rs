//! A module is not imported
//!
//! Another module exports it, but a module sees only the exports of those that it imports itself.

use std::sync::Arc;

use hornero::{App, Module, ModuleDef};

struct Clock;

struct ClockModule;

impl Module for ClockModule {
    fn define(m: &mut ModuleDef) {
        m.value(Clock).export::<Clock>();
    }
}

struct Greeter;

struct GreetModule;

impl Module for GreetModule {
    fn define(m: &mut ModuleDef) {
        m.provide(|_: Arc<Clock>| Greeter).export::<Greeter>();
    }
}

struct AppModule;

impl Module for AppModule {
    fn define(m: &mut ModuleDef) {
        m.import::<ClockModule>().import::<GreetModule>();
    }
}

pub(super) fn app() -> App {
    App::of::<AppModule>()
}
