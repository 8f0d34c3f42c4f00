//! Names that mean two things in a document. Documents know types by their bare names.

use std::collections::HashMap;

use utoipa::openapi::{RefOr, Schema};

use super::{ControllerContract, GatewayContract, Shape, schemas::is_type};
use crate::{
    mistake::{self, Mistake},
    provider::Place,
};

/// Names of types in the documents that are the framework's own.
pub(super) const OURS: [&str; 7] =
    ["Ack", "ErrorBody", "ErrorDetails", "ErrorObject", "Payload", "Reply", "Sent"];

/// Finds the types of different form that have the same name, and the routes documented under
/// the same one.
pub(crate) fn find<'a>(
    controllers: impl Iterator<Item = &'a ControllerContract> + Clone,
    gateways: impl Iterator<Item = &'a GatewayContract>,
) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut operations: HashMap<&str, Place> = HashMap::new();
    let mut types = Types::default();
    for controller in controllers {
        for (name, schema) in controller.rest.components.iter().flat_map(|it| &it.schemas) {
            types.add(name, schema, controller.place);
        }
        for id in controller.routes.iter().filter_map(|it| it.operation.operation_id.as_deref()) {
            if let Some(first) = operations.insert(id, controller.place) {
                mistakes.push(mistake::same_operation(id, first, controller.place));
            }
        }
    }
    for gateway in gateways {
        for event in &gateway.handled {
            let signature = &event.signature;
            for shape in signature.payload.iter().chain(&signature.reply) {
                types.add_shape(shape, event.place);
            }
        }
        for event in &gateway.emitted {
            types.add_shape(&event.data, event.place);
        }
    }
    mistakes.append(&mut types.mistakes);
    mistakes
}

#[derive(Default)]
struct Types<'a> {
    known: HashMap<&'a str, (&'a RefOr<Schema>, Place)>,
    mistakes: Vec<Mistake>,
}

impl<'a> Types<'a> {
    fn add_shape(&mut self, shape: &'a Shape, place: Place) {
        for (name, schema) in &shape.components {
            self.add(name, schema, place);
        }
        if is_type(&shape.schema) {
            self.add(&shape.name, &shape.schema, place);
        }
    }

    fn add(&mut self, name: &'a str, schema: &'a RefOr<Schema>, place: Place) {
        if OURS.contains(&name) {
            self.mistakes.push(mistake::our_type(name, place));
            return;
        }
        let (first, first_place) = *self.known.entry(name).or_insert((schema, place));
        if first != schema {
            self.mistakes.push(mistake::same_type(name, first_place, place));
        }
    }
}
