//! The [`Controller`] trait: a feature's REST routes.

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

/// Turns HTTP requests into service calls, and their results into responses.
///
/// The controller is the routes' state, so a handler takes `State<Arc<Self>>`
/// beside any other axum extractor, and any tower layer can be put around them.
pub trait Controller: Send + Sync + Sized + 'static {
    /// The routes, with paths from the root of the server.
    ///
    /// Runs whenever the module graph is read, and once more when the server is built.
    fn routes() -> Routes<Self>;
}

/// The routes of the controller `C`: axum's router, and a document of what is in it.
///
/// A handler with `#[utoipa::path(..)]` is added by its name; path, method and documentation
/// are read from there. `.route(..)` is axum's, for routes that no document mentions; that two
/// of these have one path is found when the server is built, by a panic of axum's.
///
/// ```
/// use std::sync::Arc;
/// use axum::{extract::State, routing::get};
/// use hornero::{Controller, Routes, routes};
///
/// struct Greeter;
///
/// impl Controller for Greeter {
///     fn routes() -> Routes<Self> {
///         Routes::new().routes(routes!(greet)).route("/wave", get(async || "o/"))
///     }
/// }
///
/// /// Greets.
/// #[utoipa::path(get, path = "/hello", responses((status = 200, body = String)), security(()))]
/// async fn greet(State(_this): State<Arc<Greeter>>) -> &'static str {
///     "hello"
/// }
/// ```
pub type Routes<C> = OpenApiRouter<Arc<C>>;
