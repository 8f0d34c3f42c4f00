//! The [`Socket`] trait: a feature's protocol over plain `WebSocket`s.
//!
//! ```text
//! request -> authenticate -> upgrade -> connected
//!     frame -> decode -> handle -> encode     one frame of a connection after the other
//!                                  -> disconnected
//! ```

use std::{future::Future, sync::Arc, time::Duration};

use axum::http::request::Parts;

use crate::error::ClientError;

mod connection;
mod serve;

pub use connection::{Connection, Gone};
pub(crate) use serve::route;

/// Speaks a protocol of text frames over plain `WebSocket`s, at a path of its own.
///
/// Clients that do not speak Socket.IO use it. Commands of one connection are handled in
/// order of arrival, those of different connections in parallel.
pub trait Socket: Send + Sync + Sized + 'static {
    /// Path at which clients connect, e.g. `/ws`.
    const PATH: &'static str;

    /// Largest frame of a client, in bytes; a larger one closes the connection with 1009.
    const MAX_FRAME: usize = 64 * 1024;

    /// Time without a frame of the client, answers to our pings included, after which the
    /// connection is closed with 4408.
    const IDLE: Duration = Duration::from_secs(60);

    /// Frames that may wait for a client; a connection with more is closed with 1013.
    const QUEUE: usize = 8_192;

    /// What the protocol knows of a connection: who it is, what it listens to.
    type Session: Send + Sync + 'static;

    /// What a client's frame means.
    type Command: Send + 'static;

    /// What is sent to clients.
    type Reply: Send + 'static;

    /// Decides who may connect, before the upgrade.
    ///
    /// A protocol whose clients sign in with their first frame lets everybody in here, and
    /// keeps in the session that nobody is known yet.
    ///
    /// # Errors
    ///
    /// The client gets the error as an HTTP answer, and there is no connection.
    fn authenticate(
        self: Arc<Self>,
        request: Parts,
    ) -> impl Future<Output = Result<Self::Session, ClientError>> + Send;

    /// Reads a client's frame.
    ///
    /// # Errors
    ///
    /// The client gets the error by [`Self::encode_error`].
    fn decode(&self, frame: &str) -> Result<Self::Command, ClientError>;

    /// Does what a client asks for; `None` answers nothing.
    ///
    /// # Errors
    ///
    /// The client gets the error by [`Self::encode_error`].
    fn handle(
        self: Arc<Self>,
        connection: Connection<Self::Session>,
        command: Self::Command,
    ) -> impl Future<Output = Result<Option<Self::Reply>, ClientError>> + Send;

    /// Writes a frame.
    fn encode(&self, reply: &Self::Reply) -> String;

    /// Writes the frame that tells of an error.
    fn encode_error(&self, error: &ClientError) -> String;

    /// Runs when a client has connected, before its first command.
    fn connected(
        self: Arc<Self>,
        _connection: Connection<Self::Session>,
    ) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Runs when a client is gone, after its last command.
    fn disconnected(
        self: Arc<Self>,
        _connection: Connection<Self::Session>,
    ) -> impl Future<Output = ()> + Send {
        async {}
    }
}
