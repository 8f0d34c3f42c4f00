//! A provider is missing
//!
//! A constructor asks for something that no module of the app provides.

use std::sync::Arc;

use hornero::{App, Module, ModuleDef};

struct Clock;

struct Greeter;

impl Greeter {
    fn new(_clock: Arc<Clock>) -> Self {
        Self
    }
}

struct GreetModule;

impl Module for GreetModule {
    fn define(m: &mut ModuleDef) {
        m.provide(Greeter::new).export::<Greeter>();
    }
}

pub(super) fn app() -> App {
    App::of::<GreetModule>()
}
