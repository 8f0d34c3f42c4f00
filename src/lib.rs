//! The chat server: puts the modules together. All else is in `modules/`.

use admin::AdminModule;
use auth::AuthModule;
use chat::ChatModule;
use database::DatabaseModule;
use delivery::DeliveryModule;
use escalations::EscalationsModule;
use files::FilesModule;
use health::HealthModule;
use hornero::{App, Module, ModuleDef};
use robots::RobotsModule;
use rooms::RoomsModule;
use sessions::SessionsModule;
use web::WebModule;

pub mod command;
#[cfg(unix)]
pub mod descriptors;
pub mod doctor;
pub mod inspect;
pub mod serve;
pub mod tokens;
pub mod users;

/// The server, not yet configured.
pub fn app() -> App {
    App::of::<AppModule>().titled("Hornero", env!("CARGO_PKG_VERSION"))
}

/// The root module. To add a feature to the server, add a line here.
pub struct AppModule;

impl Module for AppModule {
    fn define(m: &mut ModuleDef) {
        m.import::<DatabaseModule>()
            .import::<AuthModule>()
            .import::<DeliveryModule>()
            .import::<RoomsModule>()
            .import::<SessionsModule>()
            .import::<ChatModule>()
            .import::<FilesModule>()
            .import::<EscalationsModule>()
            .import::<RobotsModule>()
            .import::<HealthModule>()
            .import::<WebModule>()
            .import::<AdminModule>();
    }
}
