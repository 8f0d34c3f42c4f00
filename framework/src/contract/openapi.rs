//! The contract of routes as an OpenAPI 3.1 document.
//!
//! Controllers say what is special about their routes. What the framework itself answers
//! is added here: which refusals any route of its kind may give, and what they look like.

use utoipa::openapi::{
    Components, ContentBuilder, HeaderBuilder, Info, ObjectBuilder, OpenApi, OpenApiBuilder, Paths,
    Ref, RefOr, Response, ResponseBuilder, Tag, Type, path::Operation,
};

use super::{About, ControllerContract, schemas};
use crate::error::RestErrorBody;

/// Refusals that every route of some kind may answer with: status, name, description.
const REFUSALS: [(&str, &str, &str); 7] = [
    ("400", "Invalid", "A field, parameter or body is not as documented; `details` names each"),
    ("401", "Unauthorized", "No token, or one that is not valid any more"),
    ("413", "TooLarge", "The body is too large"),
    ("415", "UnsupportedMediaType", "The body is not JSON"),
    ("429", "RateLimited", "Too many requests in too short a time; try again later"),
    ("500", "Internal", "The server failed"),
    ("503", "Unavailable", "Something the server needs is down or full; try again later"),
];

/// Describes the routes of all controllers.
pub(super) fn document<'a>(
    about: &About,
    controllers: impl Iterator<Item = &'a ControllerContract>,
) -> OpenApi {
    let info = Info::new(&about.title, &about.version);
    let mut document = OpenApiBuilder::new().info(info).build();
    let mut paths = Paths::new();
    let mut tags: Vec<Tag> = Vec::new();
    for controller in controllers {
        document.merge(controller.rest.clone());
        for route in &controller.routes {
            let mut operation = route.operation.clone();
            for name in operation.tags.iter().flatten() {
                if !tags.iter().any(|it| it.name == *name) {
                    tags.push(Tag::new(name));
                }
            }
            add_refusals(&mut operation, route.is_public());
            paths.add_path_operation(&route.path, vec![route.http_method()], operation);
        }
    }
    document.paths = paths;
    let described = document.tags.get_or_insert_default();
    tags.retain(|tag| !described.iter().any(|it| it.name == tag.name));
    described.append(&mut tags);
    add_components(document.components.get_or_insert_default());
    document
}

/// Adds the refusals that the route does not tell of itself, and their body to those that it does.
fn add_refusals(operation: &mut Operation, public: bool) {
    let has_body = operation.request_body.is_some();
    let has_input = has_body || operation.parameters.as_ref().is_some_and(|it| !it.is_empty());
    let responses = &mut operation.responses.responses;
    for (status, response) in responses.iter_mut() {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
            && response.content.is_empty()
        {
            response.content.insert("application/json".to_owned(), error_body());
        }
    }
    for (status, name, _) in REFUSALS {
        let possible = match status {
            "400" => has_input,
            "401" => !public,
            "413" | "415" => has_body,
            _ => true,
        };
        if possible {
            let reference = || Ref::from_response_name(name).into();
            responses.entry(status.to_owned()).or_insert_with(reference);
        }
    }
}

fn error_body() -> RefOr<utoipa::openapi::Content> {
    let schema = Ref::from_schema_name("ErrorBody");
    ContentBuilder::new().schema(Some(schema)).build().into()
}

fn add_components(components: &mut Components) {
    schemas::add_type::<RestErrorBody<'_>>(&mut components.schemas);
    schemas::share(&mut components.schemas);
    for (status, name, description) in REFUSALS {
        components.responses.insert(name.to_owned(), refusal(status, description).into());
    }
}

fn refusal(status: &str, description: &str) -> Response {
    let mut response = ResponseBuilder::new().description(description);
    if matches!(status, "429" | "503") {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
        let header = HeaderBuilder::new()
            .schema(Some(seconds))
            .description(Some("Seconds after which to try again"));
        response = response.header("Retry-After", header.build());
    }
    let mut response = response.build();
    response.content.insert("application/json".to_owned(), error_body());
    response
}
