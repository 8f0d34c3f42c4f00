//! References to types that a document would not have.
//!
//! A generic type's schema refers to its arguments by name, and utoipa collects the schemas of
//! what they consist of, but not their own; the same for a type that stands in itself.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::{ControllerContract, GatewayContract, Shape, clashes::OURS, schemas::is_type};
use crate::{
    mistake::{self, Mistake},
    provider::Place,
};

/// Finds the references that lead nowhere, in what is said of routes and of events.
pub(crate) fn find<'a>(
    controllers: impl Iterator<Item = &'a ControllerContract>,
    gateways: impl Iterator<Item = &'a GatewayContract>,
) -> Vec<Mistake> {
    let (mut routes, mut events) = (Document::default(), Document::default());
    for controller in controllers {
        let place = controller.place;
        for (name, schema) in controller.rest.components.iter().flat_map(|it| &it.schemas) {
            routes.add(name, schema, place);
        }
        controller.routes.iter().for_each(|it| routes.refer(&it.operation, place));
    }
    for gateway in gateways {
        for event in &gateway.handled {
            let shapes = event.signature.payload.iter().chain(&event.signature.reply);
            shapes.for_each(|it| events.add_shape(it, event.place));
        }
        gateway.emitted.iter().for_each(|it| events.add_shape(&it.data, it.place));
    }
    routes.mistakes().into_iter().chain(events.mistakes()).collect()
}

/// A document's types, and what it refers to.
#[derive(Default)]
struct Document<'a> {
    types: BTreeSet<&'a str>,
    references: Vec<(String, Place)>,
}

impl<'a> Document<'a> {
    fn add_shape(&mut self, shape: &'a Shape, place: Place) {
        for (name, schema) in &shape.components {
            self.add(name, schema, place);
        }
        self.refer(&shape.schema, place);
        if is_type(&shape.schema) {
            self.types.insert(&shape.name);
        }
    }

    fn add(&mut self, name: &'a str, schema: &impl Serialize, place: Place) {
        self.types.insert(name);
        self.refer(schema, place);
    }

    fn refer(&mut self, part: &impl Serialize, place: Place) {
        let part = serde_json::to_value(part).unwrap_or_default();
        collect(&part, &mut |name| self.references.push((name.to_owned(), place)));
    }

    /// One mistake for each type that is missing, where it is referred to first.
    fn mistakes(&self) -> Vec<Mistake> {
        let mut told = BTreeSet::new();
        let missing = self.references.iter().filter(|(name, _)| {
            let known = self.types.contains(name.as_str()) || OURS.contains(&name.as_str());
            !known && told.insert(name)
        });
        missing.map(|(name, place)| mistake::missing_type(name, place)).collect()
    }
}

/// Every name of a schema that a part of a document refers to.
fn collect(part: &Value, found: &mut impl FnMut(&str)) {
    match part {
        Value::Array(items) => items.iter().for_each(|it| collect(it, found)),
        Value::Object(entries) => {
            let reference = entries.get("$ref").and_then(Value::as_str);
            if let Some(name) = reference.and_then(|it| it.strip_prefix("#/components/schemas/")) {
                found(name);
            }
            entries.values().for_each(|it| collect(it, found));
        }
        _ => {}
    }
}
