//! Two imports export the same type
//!
//! There is no order of imports that decides. Nothing is taken by chance.

use std::sync::Arc;

use hornero::{App, Module, ModuleDef};

struct Clock;

struct SunModule;

impl Module for SunModule {
    fn define(m: &mut ModuleDef) {
        m.value(Clock).export::<Clock>();
    }
}

struct WatchModule;

impl Module for WatchModule {
    fn define(m: &mut ModuleDef) {
        m.value(Clock).export::<Clock>();
    }
}

struct Greeter;

struct GreetModule;

impl Module for GreetModule {
    fn define(m: &mut ModuleDef) {
        m.import::<SunModule>().import::<WatchModule>();
        m.provide(|_: Arc<Clock>| Greeter).export::<Greeter>();
    }
}

pub(super) fn app() -> App {
    App::of::<GreetModule>()
}
