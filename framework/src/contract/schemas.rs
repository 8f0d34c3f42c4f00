//! The schemas of a document, each under the name of its type.

use std::collections::BTreeMap;

use utoipa::{
    ToSchema,
    openapi::{Ref, RefOr, Schema, schema::ArrayItems},
};

use super::Shape;

pub(super) type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Adds what a shape consists of, and refers to it: by its name, if it is a type of its own.
pub(super) fn add(schemas: &mut Schemas, shape: &Shape) -> RefOr<Schema> {
    schemas.extend(shape.components.iter().cloned());
    if !is_type(&shape.schema) {
        return shape.schema.clone();
    }
    schemas.insert(shape.name.clone(), shape.schema.clone());
    Ref::from_schema_name(&shape.name).into()
}

/// Adds `T`, and refers to it.
pub(super) fn add_type<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    add(schemas, &Shape::of::<T>())
}

/// Whether a schema is worth a name: not a mere string or list.
pub(super) fn is_type(schema: &RefOr<Schema>) -> bool {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            !object.properties.is_empty() || object.enum_values.is_some()
        }
        RefOr::T(Schema::Array(_)) => false,
        _ => true,
    }
}

/// Refers to types by name wherever they stand in others: utoipa copies the arguments of generic
/// types into them, and a client's tools would take a copy for another type.
pub(super) fn share(schemas: &mut Schemas) {
    let named: Vec<_> = schemas.iter().map(|(name, it)| (name.clone(), it.clone())).collect();
    let named: Vec<_> = named.into_iter().filter(|(_, it)| is_type(it)).collect();
    for schema in schemas.values_mut() {
        for part in parts(schema) {
            share_in(part, &named);
        }
    }
}

fn share_in(schema: &mut RefOr<Schema>, named: &[(String, RefOr<Schema>)]) {
    if matches!(schema, RefOr::Ref(_)) {
        return;
    }
    match named.iter().find(|(_, it)| it == schema) {
        Some((name, _)) => *schema = Ref::from_schema_name(name).into(),
        None => parts(schema).into_iter().for_each(|part| share_in(part, named)),
    }
}

/// The schemas of which a schema consists.
fn parts(schema: &mut RefOr<Schema>) -> Vec<&mut RefOr<Schema>> {
    let RefOr::T(schema) = schema else { return Vec::new() };
    match schema {
        Schema::Object(object) => object.properties.values_mut().collect(),
        Schema::Array(array) => match &mut array.items {
            ArrayItems::RefOrSchema(items) => vec![&mut **items],
            _ => Vec::new(),
        },
        Schema::OneOf(one) => one.items.iter_mut().collect(),
        Schema::AnyOf(one) => one.items.iter_mut().collect(),
        Schema::AllOf(all) => all.items.iter_mut().collect(),
        _ => Vec::new(),
    }
}

/// The name of the schema that is referred to.
pub(super) fn referred(reference: &Ref) -> &str {
    reference.ref_location.rsplit('/').next().unwrap_or_default()
}

/// What a schema's type or field says of itself.
pub(super) fn description(schema: &RefOr<Schema>) -> Option<&str> {
    match schema {
        RefOr::Ref(reference) => {
            Some(reference.description.as_str()).filter(|text| !text.is_empty())
        }
        RefOr::T(Schema::Object(it)) => it.description.as_deref(),
        RefOr::T(Schema::Array(it)) => it.description.as_deref(),
        // What may be `null` has its description at the other choice.
        RefOr::T(Schema::OneOf(it)) => {
            it.description.as_deref().or_else(|| it.items.iter().find_map(description))
        }
        RefOr::T(Schema::AllOf(it)) => it.description.as_deref(),
        RefOr::T(Schema::AnyOf(it)) => it.description.as_deref(),
        RefOr::T(_) => None,
    }
}
