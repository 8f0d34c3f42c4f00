//! Modules import each other
//!
//! Also where no constructor goes round: which of the two features is the lower one?

use hornero::{App, Module, ModuleDef};

struct RoomsModule;

impl Module for RoomsModule {
    fn define(m: &mut ModuleDef) {
        m.import::<ChatModule>();
    }
}

struct ChatModule;

impl Module for ChatModule {
    fn define(m: &mut ModuleDef) {
        m.import::<RoomsModule>();
    }
}

pub(super) fn app() -> App {
    App::of::<ChatModule>()
}
