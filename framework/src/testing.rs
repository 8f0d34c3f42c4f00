//! Tests of modules through their doors: a server for one test, and clients that speak to it.
//!
//! It is there with the feature `testing`, which only tests should ask for, so that a server
//! carries none of it:
//!
//! ```toml
//! [dev-dependencies]
//! hornero = { path = "../hornero/framework", features = ["testing"] }
//! ```
//!
//! Any module can be the root of a [`TestApp`]. What it should not really do, such as sending
//! mail, is put in its place by [`App::override_with`](crate::App::override_with), a value, or
//! [`App::override_by`](crate::App::override_by), another constructor. An override of what
//! nobody provides is a mistake, told like all others before anything runs.
//!
//! ```
//! use std::sync::Arc;
//!
//! use hornero::testing::TestApp;
//! use hornero::{
//!     App, Broadcast, ClientError, Controller, Data, Event, Events, Frame, Gateway, Json, Module,
//!     ModuleDef, Public, Routes, SocketIo,
//! };
//! use serde_json::json;
//!
//! trait Clock: Send + Sync {
//!     fn hour(&self) -> u32;
//! }
//!
//! # struct SystemClock;
//! # impl SystemClock { fn bind() -> Arc<dyn Clock> { Arc::new(Self) } }
//! # impl Clock for SystemClock { fn hour(&self) -> u32 { panic!("what time is it?") } }
//! #
//! # struct BellController { clock: Arc<dyn Clock> }
//! # impl Controller for BellController {
//! #     fn routes() -> Routes<Self> { Routes::new().route("/hour", axum::routing::get(hour)) }
//! # }
//! # async fn hour(axum::extract::State(this): axum::extract::State<Arc<BellController>>) -> axum::Json<u32> {
//! #     axum::Json(this.clock.hour())
//! # }
//! #
//! # #[derive(serde::Serialize, utoipa::ToSchema)]
//! # struct Rung { times: u32 }
//! # impl Event for Rung { const NAME: &'static str = "rung"; }
//! #
//! # struct BellGateway { clock: Arc<dyn Clock>, io: Arc<SocketIo> }
//! # impl BellGateway {
//! #     async fn ring(self: Arc<Self>, _: Public) -> Result<u32, ClientError> {
//! #         let times = self.clock.hour();
//! #         if let Some(frame) = Frame::of(&Rung { times }) {
//! #             Broadcast::new(&self.io, "/").emit(&frame).await;
//! #         }
//! #         Ok(times)
//! #     }
//! # }
//! # impl Gateway for BellGateway {
//! #     const NAMESPACES: &'static [&'static str] = &["/"];
//! #     fn events(on: &mut Events<Self>) { on.on("ring", Self::ring); on.emits::<Rung>(); }
//! # }
//! struct BellModule;
//!
//! impl Module for BellModule {
//!     fn define(m: &mut ModuleDef) {
//!         m.bind(SystemClock::bind)
//!             .controller(|clock| BellController { clock })
//!             .gateway(|clock, io| BellGateway { clock, io });
//!     }
//! }
//!
//! struct StoppedClock;
//!
//! impl Clock for StoppedClock {
//!     fn hour(&self) -> u32 {
//!         3
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let bell = App::of::<BellModule>().override_with::<dyn Clock>(Arc::new(StoppedClock));
//! let app = TestApp::start(bell).await;
//!
//! assert_eq!(app.get("/hour").await.expect(200), 3);
//!
//! let mut ada = app.connect("/").await;
//! let mut ben = app.connect("/").await;
//! assert_eq!(ada.call("ring", json!({})).await, 3);
//! assert_eq!(ben.event("rung").await["times"], 3);
//! # }
//! ```
//!
//! Nothing here sleeps. A test waits for what must happen, for [`PATIENCE`] at most, and shows
//! that something did *not* happen by waiting for what comes after it. What is waited for in
//! vain panics, and names the line of the test.
//!
//! A service is tested without a server: [`App::resolve`](crate::App::resolve) builds it and
//! what it needs, and nothing else.

use std::{future::Future, panic::Location, time::Duration};

use crate::config::Config;

mod answer;
mod app;
mod connection;
mod handshake;
mod memory;
mod packet;
mod request;
mod socket;

pub use answer::Answer;
pub use app::TestApp;
pub use handshake::{Handshake, Refused};
pub use packet::Packet;
pub use request::Request;
pub use socket::{TestSocket, part};

/// Longest time that a test waits for what must happen: 5 seconds.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What `future` resolves to.
///
/// # Panics
///
/// If it takes longer than [`PATIENCE`].
#[track_caller]
pub fn soon<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let place = Location::caller();
    async move {
        match tokio::time::timeout(PATIENCE, future).await {
            Ok(output) => output,
            Err(_) => panic!("it took longer than {PATIENCE:?}, at {place}"),
        }
    }
}

/// A configuration with nothing but these environment variables.
///
/// ```
/// use hornero::{ServerConfig, testing::environment};
///
/// let config = environment(&[("HORNERO__SERVER__DOCS", "false")]);
/// assert!(!config.section::<ServerConfig>().unwrap().docs);
/// ```
pub fn environment(variables: &[(&str, &str)]) -> Config {
    Config::default().with_variables(owned(variables))
}

fn owned(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
