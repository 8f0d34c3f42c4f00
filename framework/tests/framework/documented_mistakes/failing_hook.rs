//! An `on_init` hook fails
//!
//! Hooks run when everything is built and nobody is let in yet.

use hornero::{App, BoxError, Module, ModuleDef};

async fn warm_up() -> Result<(), BoxError> {
    Err("the oven has no wood".into())
}

struct OvenModule;

impl Module for OvenModule {
    fn define(m: &mut ModuleDef) {
        m.on_init(warm_up);
    }
}

pub(super) fn app() -> App {
    App::of::<OvenModule>()
}
