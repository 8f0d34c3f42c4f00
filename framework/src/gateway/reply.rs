//! What an event handler may return.

use std::future::Future;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{error::ClientError, provider::BoxFuture};

/// The result of an event handler, which becomes the client's ack.
#[diagnostic::on_unimplemented(
    message = "an event handler cannot return `{Self}`",
    label = "expected `()` or `Result<impl Serialize + ToSchema, impl Into<ClientError>>`",
    note = "`Result<Then<T>, _>` goes on after the answer, `Result<Later<T>, _>` answers later"
)]
pub trait Reply: Send {
    /// Data of a successful ack.
    type Data: Serialize + ToSchema + Send + 'static;

    #[doc(hidden)]
    fn outcome(self) -> Outcome<Self::Data>;
}

/// When a handler answers, and what it does besides.
#[doc(hidden)]
pub enum Outcome<T> {
    Now(Result<T, ClientError>),
    Then(T, BoxFuture<()>),
    Later(BoxFuture<Result<T, ClientError>>),
}

/// An answer, and what is to be done once it is on its way.
///
/// The socket's later events wait for both. For what the client must hear after the answer:
/// `chat:room:join` answers, and then sends what the client has missed.
pub struct Then<T> {
    data: T,
    rest: BoxFuture<()>,
}

impl<T> Then<T> {
    /// Answers with `data`, then runs `rest`.
    pub fn new(data: T, rest: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { data, rest: Box::pin(rest) }
    }
}

/// An answer for which the socket's later events need not wait.
///
/// The handler itself still runs in its turn: what it does before it returns happens in the
/// order of the socket's events, such as putting a message into a queue; the answer is the
/// rest, such as its being stored. Such answers of a socket go out in the order of
/// its events. At most 64 are outstanding: then its events wait.
///
/// ```
/// # use hornero::{ClientError, Later};
/// # async fn enqueue(_: String) -> impl Future<Output = Result<u64, ClientError>> + Send + 'static {
/// #     async { Ok(7) }
/// # }
/// async fn send(text: String) -> Result<Later<u64>, ClientError> {
///     let stored = enqueue(text).await; // in the order of the socket's events
///     Ok(Later::new(stored))            // while the next one is enqueued
/// }
/// ```
pub struct Later<T>(BoxFuture<Result<T, ClientError>>);

impl<T> Later<T> {
    /// Answers with what `answer` resolves to.
    pub fn new(answer: impl Future<Output = Result<T, ClientError>> + Send + 'static) -> Self {
        Self(Box::pin(answer))
    }
}

impl Reply for () {
    type Data = ();

    fn outcome(self) -> Outcome<()> {
        Outcome::Now(Ok(()))
    }
}

impl<T, E> Reply for Result<T, E>
where
    T: Serialize + ToSchema + Send + 'static,
    E: Into<ClientError> + Send,
{
    type Data = T;

    fn outcome(self) -> Outcome<T> {
        Outcome::Now(self.map_err(Into::into))
    }
}

impl<T, E> Reply for Result<Then<T>, E>
where
    T: Serialize + ToSchema + Send + 'static,
    E: Into<ClientError> + Send,
{
    type Data = T;

    fn outcome(self) -> Outcome<T> {
        match self {
            Ok(Then { data, rest }) => Outcome::Then(data, rest),
            Err(error) => Outcome::Now(Err(error.into())),
        }
    }
}

impl<T, E> Reply for Result<Later<T>, E>
where
    T: Serialize + ToSchema + Send + 'static,
    E: Into<ClientError> + Send,
{
    type Data = T;

    fn outcome(self) -> Outcome<T> {
        match self {
            Ok(Later(answer)) => Outcome::Later(answer),
            Err(error) => Outcome::Now(Err(error.into())),
        }
    }
}
