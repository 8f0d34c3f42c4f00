//! A test overrides what nobody provides
//!
//! Else the test would go on with the real thing, and nobody would know.

use std::sync::Arc;

use hornero::{App, Module, ModuleDef};

trait Clock: Send + Sync {}

struct StoppedClock;

impl Clock for StoppedClock {}

struct AppModule;

impl Module for AppModule {
    fn define(_: &mut ModuleDef) {}
}

pub(super) fn app() -> App {
    App::of::<AppModule>().override_with::<dyn Clock>(Arc::new(StoppedClock))
}
