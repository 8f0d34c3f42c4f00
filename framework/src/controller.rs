//! The [`Controller`] trait: a feature's REST routes.

use std::sync::Arc;

use axum::Router;

/// Turns HTTP requests into service calls, and their results into responses.
///
/// The controller is the routes' state, so a handler takes `State<Arc<Self>>`
/// beside any other axum extractor, and any tower layer can be put around them.
pub trait Controller: Send + Sync + Sized + 'static {
    /// The routes, with paths from the root of the server.
    fn routes() -> Router<Arc<Self>>;
}
