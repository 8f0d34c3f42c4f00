//! The contract with clients, read from types: what handlers take and answer, and what
//! gateways emit.
//!
//! ```text
//! routes   #[utoipa::path(..)] on handlers -> ControllerContract ─> openapi.json
//! events   signatures of handlers, Event ──> GatewayContract ────> asyncapi.json, socket.d.ts
//! ```

use std::{any::type_name, panic::Location};

use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use crate::{
    gateway::{EventAccess, RateClass},
    provider::{Key, Place, short_name},
};

mod asyncapi;
pub(crate) mod clashes;
mod documents;
mod events;
mod openapi;
pub(crate) mod paths;
pub(crate) mod references;
mod routes;
mod schemas;
mod typescript;

pub use documents::Documents;
pub use routes::{ControllerContract, RouteContract};

/// What the documents say of the app as a whole.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) title: String,
    pub(crate) version: String,
}

/// A server event: data with a name.
///
/// ```
/// use hornero::Event;
///
/// #[derive(serde::Serialize, utoipa::ToSchema)]
/// struct PollClosed {
///     votes: u32,
/// }
///
/// impl Event for PollClosed {
///     const NAME: &'static str = "polls:closed";
/// }
/// ```
pub trait Event: Serialize + ToSchema {
    /// Name by which clients listen to it.
    const NAME: &'static str;
}

/// The JSON schema of a type, and of the types it names.
#[derive(Clone)]
pub struct Shape {
    /// Name of the type.
    pub name: String,
    /// Its schema.
    pub schema: RefOr<Schema>,
    /// Schemas of the types that are referred to, by name.
    pub components: Vec<(String, RefOr<Schema>)>,
}

impl Shape {
    /// The shape of a handler's answer; none if it answers with nothing but that it is done.
    pub(crate) fn of_answer<T: ToSchema>() -> Option<Self> {
        (type_name::<T>() != type_name::<()>()).then(Self::of::<T>)
    }

    /// The shape of `T`.
    pub fn of<T: ToSchema>() -> Self {
        let mut components = Vec::new();
        T::schemas(&mut components);
        Self { name: name_of::<T>(), schema: <T as PartialSchema>::schema(), components }
    }
}

/// The name of a type in the documents: `Page_RoomView` for `Page<RoomView>`, as in utoipa's.
fn name_of<T: ToSchema>() -> String {
    let path = short_name(type_name::<T>());
    let arguments = path.split(|it: char| !it.is_alphanumeric() && it != '_').skip(1);
    // A lifetime is an argument too, but tells nothing: `'_`.
    let arguments = arguments.filter(|it| !it.is_empty() && *it != "_");
    arguments.fold(T::name().into_owned(), |name, it| name + "_" + it)
}

/// What a handler's arguments and result say about its event.
#[derive(Clone, Default)]
pub struct Signature {
    /// Who may send the event: what its guards call themselves, or `public`.
    pub access: Vec<&'static str>,
    /// Payload; several if the handler takes it in parts.
    pub payload: Vec<Shape>,
    /// Data of the ack; none if that says only that it is done.
    pub reply: Option<Shape>,
}

/// A client event that a gateway handles.
#[derive(Clone)]
pub struct HandledEvent {
    /// Name of the event.
    pub name: &'static str,
    /// What its handler takes and answers.
    pub signature: Signature,
    /// Event by which the answer is sent too.
    pub reply_event: Option<&'static str>,
    /// Which limit of its connection it counts against.
    pub rate: RateClass,
    pub(crate) place: Place,
}

/// A server event that a gateway emits.
#[derive(Clone)]
pub struct EmittedEvent {
    /// Name of the event.
    pub name: &'static str,
    /// Its data.
    pub data: Shape,
    pub(crate) place: Place,
}

/// A plain-WebSocket protocol.
#[derive(Debug, Clone)]
pub struct SocketContract {
    /// The protocol.
    pub socket: Key,
    /// Path at which clients connect.
    pub path: &'static str,
    /// Name of the module that has it.
    pub module: String,
    /// Where the module lists it.
    pub place: &'static Location<'static>,
}

/// Everything that goes in and out of a gateway.
#[derive(Clone)]
pub struct GatewayContract {
    /// The gateway.
    pub gateway: Key,
    /// Namespaces that it serves.
    pub namespaces: &'static [&'static str],
    /// Who may send its events.
    pub access: EventAccess,
    /// Whether the app's documents tell of it.
    pub documented: bool,
    /// Event by which failures are reported.
    pub error_event: &'static str,
    /// Events of clients.
    pub handled: Vec<HandledEvent>,
    /// Events of the server.
    pub emitted: Vec<EmittedEvent>,
    pub(crate) place: Place,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Page;

    #[test]
    fn generic_types_are_named_with_their_arguments() {
        #[derive(ToSchema)]
        struct RoomView;

        assert_eq!(Shape::of::<RoomView>().name, "RoomView");
        assert_eq!(Shape::of::<Page<RoomView>>().name, "Page_RoomView");
        assert_ne!(Shape::of::<Page<RoomView>>().name, Shape::of::<Page<String>>().name);
    }
}
