//! Extractors of event handlers.

use std::{collections::VecDeque, sync::Arc};

use axum::body::Bytes;
use serde::de::DeserializeOwned;
use socketioxide::{
    adapter::LocalAdapter,
    handler::{FromMessageParts, Value},
    socket::Socket,
};
use utoipa::ToSchema;
use validator::Validate;

use super::binary::with_parts;
use crate::{
    contract::{Shape, Signature},
    error::ClientError,
    extract::Valid,
    parse,
};

/// An event that has arrived and is being turned into a handler's arguments.
pub struct Incoming<'a, G> {
    /// Socket that sent the event.
    pub socket: &'a Arc<Socket<LocalAdapter>>,
    /// Gateway that handles it.
    pub gateway: &'a Arc<G>,
    /// The event's first argument as JSON text, taken out of its envelope.
    pub payload: &'a str,
    /// Binary parts that are not in `value`.
    pub(super) parts: Option<&'a VecDeque<Bytes>>,
    pub(super) value: &'a mut Value,
    pub(super) ack_id: Option<i64>,
}

/// What an event handler may take as an argument.
///
/// `G` is the gateway: a guard is an extractor that asks for something of it, so that
/// forgetting to give it to the gateway does not compile. `M` keeps our own extractors apart from socketioxide's, which work as well.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an extractor of event handlers",
    label = "expected `Data<T>`, `Valid<Data<T>>`, `SocketRef` or another extractor"
)]
pub trait FromEvent<G, M = OwnExtractor>: Sized {
    /// Takes the argument out of the event.
    ///
    /// # Errors
    ///
    /// The client gets the error as its answer, and the handler is not called.
    fn from_event(incoming: &mut Incoming<'_, G>) -> Result<Self, ClientError>;

    /// Says what the argument means for the event: who may send it, what it carries.
    fn describe(_signature: &mut Signature) {}
}

/// Marks extractors that implement [`FromEvent`] themselves.
pub enum OwnExtractor {}

/// Marks extractors that come from socketioxide.
pub enum SocketioxideExtractor {}

impl<G, T: FromMessageParts<LocalAdapter>> FromEvent<G, SocketioxideExtractor> for T {
    fn from_event(incoming: &mut Incoming<'_, G>) -> Result<Self, ClientError> {
        T::from_message_parts(incoming.socket, incoming.value, &incoming.ack_id).map_err(|error| {
            tracing::debug!(%error, "An extractor refused an event: {error}");
            ClientError::invalid("The event does not have the expected form")
        })
    }
}

/// The event's payload, parsed as `T`.
///
/// Unlike socketioxide's extractor of that name it opens envelopes, and a payload
/// that does not parse is answered with the field at fault. Bytes among the data are
/// [`Binary`](super::Binary).
#[derive(Debug, Clone, Copy)]
pub struct Data<T>(pub T);

impl<G, T: DeserializeOwned + ToSchema> FromEvent<G> for Data<T> {
    fn from_event(incoming: &mut Incoming<'_, G>) -> Result<Self, ClientError> {
        let parse = || parse::json(incoming.payload.as_bytes()).map(Self);
        match (&*incoming.value, incoming.parts) {
            (_, Some(parts)) | (Value::Str(_, Some(parts)), None) => with_parts(parts, parse),
            _ => parse(),
        }
    }

    fn describe(signature: &mut Signature) {
        signature.payload.push(Shape::of::<T>());
    }
}

impl<G, T: DeserializeOwned + ToSchema + Validate> FromEvent<G> for Valid<Data<T>> {
    fn from_event(incoming: &mut Incoming<'_, G>) -> Result<Self, ClientError> {
        let data = <Data<T> as FromEvent<G>>::from_event(incoming)?;
        data.0.validate()?;
        Ok(Self(data))
    }

    fn describe(signature: &mut Signature) {
        <Data<T> as FromEvent<G>>::describe(signature);
    }
}

/// Takes nothing, and says that anybody may send the event.
#[derive(Debug, Clone, Copy)]
pub struct Public;

impl<G> FromEvent<G> for Public {
    fn from_event(_: &mut Incoming<'_, G>) -> Result<Self, ClientError> {
        Ok(Self)
    }

    fn describe(signature: &mut Signature) {
        signature.access.push("public");
    }
}
