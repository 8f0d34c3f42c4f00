//! Constructors need each other
//!
//! There is no `forwardRef`: neither of the two could be built first.

use std::sync::Arc;

use hornero::{App, Module, ModuleDef};

struct Hen;

struct Egg;

struct HenModule;

impl Module for HenModule {
    fn define(m: &mut ModuleDef) {
        m.provide(|_: Arc<Egg>| Hen).provide(|_: Arc<Hen>| Egg);
    }
}

pub(super) fn app() -> App {
    App::of::<HenModule>()
}
