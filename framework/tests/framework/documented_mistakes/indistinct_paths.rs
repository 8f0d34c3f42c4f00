//! Two paths differ in a parameter's name only
//!
//! The router takes them for one path, and could not say whose parameter it holds.

use hornero::{App, Controller, Module, ModuleDef, Routes, routes};

struct CatController;

impl Controller for CatController {
    fn routes() -> Routes<Self> {
        Routes::new().routes(routes!(get_cat))
    }
}

/// Gets a cat.
#[utoipa::path(get, path = "/pets/{catId}", responses((status = 200)), security(()))]
async fn get_cat() {}

struct DogController;

impl Controller for DogController {
    fn routes() -> Routes<Self> {
        Routes::new().routes(routes!(walk_dog))
    }
}

/// Walks a dog.
#[utoipa::path(post, path = "/pets/{dogId}", responses((status = 200)), security(()))]
async fn walk_dog() {}

struct PetsModule;

impl Module for PetsModule {
    fn define(m: &mut ModuleDef) {
        m.controller(|| CatController).controller(|| DogController);
    }
}

pub(super) fn app() -> App {
    App::of::<PetsModule>()
}
