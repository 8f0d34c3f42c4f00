//! The contract of routes, read from what controllers document.

use utoipa::openapi::{HttpMethod, OpenApi, PathItem, path::Operation};

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
    /// Its documented routes, in the order of their registration.
    pub routes: Vec<RouteContract>,
    /// The schemas of their bodies, security schemes, and whatever else it says of itself.
    pub(crate) rest: OpenApi,
    pub(crate) place: Place,
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
        Self { controller: Key::of::<C>(), routes, rest, place }
    }
}

impl RouteContract {
    /// Whether it says that anybody may call it: `security(())`.
    pub fn is_public(&self) -> bool {
        let nothing = utoipa::openapi::SecurityRequirement::default();
        self.operation.security.as_ref().is_some_and(|it| it.contains(&nothing))
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
