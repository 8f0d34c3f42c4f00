//! The contract of routes, read from what controllers document.

use std::{collections::BTreeMap, panic::Location};

use utoipa::openapi::{
    HttpMethod, OpenApi, PathItem, path::Operation, security::SecurityRequirement,
};

use crate::{
    controller::Controller,
    error::camel_case,
    provider::{Key, Place},
};

/// What a controller documents of its routes.
#[derive(Clone)]
pub struct ControllerContract {
    /// The controller.
    pub controller: Key,
    /// Name of the module that has it.
    pub module: String,
    /// Where the module lists it.
    pub place: &'static Location<'static>,
    /// Its documented routes, in the order of their registration.
    pub routes: Vec<RouteContract>,
    /// The schemas of their bodies, security schemes, and whatever else it says of itself.
    pub(crate) rest: OpenApi,
}

/// A documented route.
#[derive(Clone)]
pub struct RouteContract {
    /// Its method: `GET`.
    pub method: &'static str,
    /// Its path, as axum has it: `/rooms/{roomId}`.
    pub path: String,
    /// Its documentation.
    pub operation: Operation,
}

impl ControllerContract {
    /// Reads what `C` documents. `module` is the name of its module's type.
    pub(crate) fn of<C: Controller>(module: &str, place: Place) -> Self {
        let mut rest = C::routes().into_openapi();
        let paths = std::mem::take(&mut rest.paths.paths);
        let mut routes = Vec::new();
        for (path, item) in paths {
            for (method, mut operation) in operations(item) {
                operation.operation_id = operation.operation_id.map(|it| camel_case(&it));
                if operation.tags.as_ref().is_none_or(Vec::is_empty) {
                    operation.tags = Some(vec![tag(module)]);
                }
                routes.push(RouteContract { method, path: path.clone(), operation });
            }
        }
        Self { controller: Key::of::<C>(), module: module.to_owned(), place, routes, rest }
    }
}

impl RouteContract {
    /// Whether it says that anybody may call it: `security(())`.
    pub fn is_public(&self) -> bool {
        let nothing = SecurityRequirement::default();
        self.operation.security.as_ref().is_some_and(|it| it.contains(&nothing))
    }

    /// Who may call it: `public`, or the scopes and roles that a token must have, none of which
    /// means that any token will do. Nothing if the route does not say so.
    ///
    /// It says so by `security(("bearer" = ["chat"]), ("cookie" = ["chat"]))`.
    pub fn access(&self) -> Option<Vec<String>> {
        if self.is_public() {
            return Some(vec!["public".to_owned()]);
        }
        // The ways to show a token differ, what it must be good for does not.
        let requirement = self.operation.security.as_ref()?.first()?;
        // The only way to what is in a requirement.
        let schemes = serde_json::to_value(requirement).and_then(serde_json::from_value);
        let schemes: BTreeMap<String, Vec<String>> = schemes.unwrap_or_default();
        Some(schemes.into_values().flatten().collect())
    }

    pub(super) fn http_method(&self) -> HttpMethod {
        match self.method {
            "PUT" => HttpMethod::Put,
            "POST" => HttpMethod::Post,
            "DELETE" => HttpMethod::Delete,
            "OPTIONS" => HttpMethod::Options,
            "HEAD" => HttpMethod::Head,
            "PATCH" => HttpMethod::Patch,
            "TRACE" => HttpMethod::Trace,
            _ => HttpMethod::Get,
        }
    }
}

fn operations(item: PathItem) -> impl Iterator<Item = (&'static str, Operation)> {
    let operations = [
        ("GET", item.get),
        ("POST", item.post),
        ("PUT", item.put),
        ("PATCH", item.patch),
        ("DELETE", item.delete),
        ("HEAD", item.head),
        ("OPTIONS", item.options),
        ("TRACE", item.trace),
    ];
    operations.into_iter().filter_map(|(method, operation)| Some((method, operation?)))
}

/// Under which word a module's routes stand together: `rooms` for `RoomsModule`.
fn tag(module: &str) -> String {
    let name = module.strip_suffix("Module").unwrap_or(module);
    name.char_indices().fold(String::new(), |mut tag, (at, letter)| {
        if letter.is_uppercase() && at > 0 {
            tag.push('-');
        }
        tag.extend(letter.to_lowercase());
        tag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_is_the_modules_name_in_plain_words() {
        assert_eq!(tag("RoomsModule"), "rooms");
        assert_eq!(tag("FileUploadsModule"), "file-uploads");
        assert_eq!(tag("Module"), "");
        assert_eq!(tag("Rooms"), "rooms");
    }
}
