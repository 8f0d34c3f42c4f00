//! A route is served twice
//!
//! Each method of a path has one handler, whichever controller or plain-WebSocket protocol it is
//! of; a protocol takes `GET`. The paths of the documents are the framework's.

use hornero::{App, Controller, Module, ModuleDef, Routes, routes};

struct CatController;

impl Controller for CatController {
    fn routes() -> Routes<Self> {
        Routes::new().routes(routes!(list_cats))
    }
}

/// Lists the cats.
#[utoipa::path(get, path = "/pets", responses((status = 200)), security(()))]
async fn list_cats() {}

struct DogController;

impl Controller for DogController {
    fn routes() -> Routes<Self> {
        Routes::new().routes(routes!(list_dogs))
    }
}

/// Lists the dogs.
#[utoipa::path(get, path = "/pets", responses((status = 200)), security(()))]
async fn list_dogs() {}

struct PetsModule;

impl Module for PetsModule {
    fn define(m: &mut ModuleDef) {
        m.controller(|| CatController).controller(|| DogController);
    }
}

pub(super) fn app() -> App {
    App::of::<PetsModule>()
}
