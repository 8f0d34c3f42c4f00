//! Extractors of event handlers.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use socketioxide::{
    adapter::LocalAdapter,
    handler::{FromMessageParts, Value},
    socket::Socket,
};
use validator::Validate;

use crate::{error::ClientError, extract::Valid, parse};

/// An event that has arrived and is being turned into a handler's arguments.
pub struct Incoming<'a> {
    /// Socket that sent the event.
    pub socket: &'a Arc<Socket<LocalAdapter>>,
    /// The event's first argument as JSON text, taken out of its envelope.
    pub payload: &'a str,
    pub(super) value: &'a mut Value,
    pub(super) ack_id: Option<i64>,
}

/// What an event handler may take as an argument.
///
/// `M` keeps our own extractors apart from socketioxide's, which work as well.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an extractor of event handlers",
    label = "expected `Data<T>`, `Valid<Data<T>>`, `SocketRef` or another extractor"
)]
pub trait FromEvent<M = OwnExtractor>: Sized {
    /// Takes the argument out of the event.
    ///
    /// # Errors
    ///
    /// The client gets the error as its answer, and the handler is not called.
    fn from_event(incoming: &mut Incoming<'_>) -> Result<Self, ClientError>;
}

/// Marks extractors that implement [`FromEvent`] themselves.
pub enum OwnExtractor {}

/// Marks extractors that come from socketioxide.
pub enum SocketioxideExtractor {}

impl<T: FromMessageParts<LocalAdapter>> FromEvent<SocketioxideExtractor> for T {
    fn from_event(incoming: &mut Incoming<'_>) -> Result<Self, ClientError> {
        T::from_message_parts(incoming.socket, incoming.value, &incoming.ack_id).map_err(|error| {
            tracing::debug!(%error, "An extractor refused an event: {error}");
            ClientError::invalid("The event does not have the expected form")
        })
    }
}

/// The event's payload, parsed as `T`.
///
/// Unlike socketioxide's extractor of that name it opens envelopes, and a payload
/// that does not parse is answered with the field at fault.
#[derive(Debug, Clone, Copy)]
pub struct Data<T>(pub T);

impl<T: DeserializeOwned> FromEvent for Data<T> {
    fn from_event(incoming: &mut Incoming<'_>) -> Result<Self, ClientError> {
        parse::json(incoming.payload.as_bytes()).map(Self)
    }
}

impl<T: DeserializeOwned + Validate> FromEvent for Valid<Data<T>> {
    fn from_event(incoming: &mut Incoming<'_>) -> Result<Self, ClientError> {
        let data = Data::<T>::from_event(incoming)?;
        data.0.validate()?;
        Ok(Self(data))
    }
}
