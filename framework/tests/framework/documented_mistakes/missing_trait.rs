//! A trait is bound to nothing
//!
//! What is asked for by `Arc<dyn Trait>` is provided by `bind`, which says what implements it.

use std::sync::Arc;

use hornero::{App, Module, ModuleDef};

trait NoteRepository: Send + Sync {}

struct NoteService;

impl NoteService {
    fn new(_notes: Arc<dyn NoteRepository>) -> Self {
        Self
    }
}

struct NotesModule;

impl Module for NotesModule {
    fn define(m: &mut ModuleDef) {
        m.provide(NoteService::new).export::<NoteService>();
    }
}

pub(super) fn app() -> App {
    App::of::<NotesModule>()
}
