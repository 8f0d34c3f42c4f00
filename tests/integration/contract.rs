//! The documents: that they are committed as they are served, and that they tell the truth.

use std::{fs, path::PathBuf};

use hornero_server::app;
use serde_json::json;

use crate::util::{TestApp, text};

mod bounds;
mod conformance;
pub(crate) mod document;

#[test]
fn documents_are_committed_as_they_are() {
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let documents = app().documents();
    let mut changed = Vec::new();
    for (name, text) in [
        ("openapi.json", documents.openapi),
        ("asyncapi.json", documents.asyncapi),
        ("socket.d.ts", documents.socket_types),
    ] {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
        if fs::read_to_string(&file).unwrap_or_default() == text {
            continue;
        }
        if update {
            fs::write(&file, text).unwrap();
        } else {
            changed.push(name);
        }
    }
    assert!(
        changed.is_empty(),
        "{changed:?} in docs/ differ from what the server says of itself. If that is meant, run \
         `UPDATE_SNAPSHOTS=1 cargo test documents_are_committed` and commit what it has written"
    );
}

#[tokio::test]
async fn server_serves_its_documents() {
    let app = TestApp::start().await;
    for (path, expected) in
        [("/openapi.json", document::openapi()), ("/asyncapi.json", document::asyncapi())]
    {
        let served = app.get(path).await.expect(200);
        assert!(served == expected, "{path} is another document than `App::documents` gives");
    }
    for path in ["/socket.d.ts", "/docs"] {
        app.get(path).await.expect(200);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    for document in [document::openapi(), document::asyncapi()] {
        let references = document::references(&document);
        assert!(references.len() > 50, "{references:?}");
        for reference in references {
            let there = document.pointer(reference.trim_start_matches('#'));
            assert!(there.is_some(), "{} has nothing at {reference}", document["info"]);
        }
    }
}

#[test]
fn every_operation_says_who_may_call_it() {
    let operations = document::operations();
    assert!(operations.len() >= 14, "{operations:?}");
    for operation in operations {
        let security = operation.description["security"].as_array();
        let security = security.unwrap_or_else(|| panic!("{operation:?} has no `security`"));
        assert!(!security.is_empty(), "{operation:?}");
        if !operation.is_public() {
            // However a token comes, it must be good for the same.
            let scopes = operation.scopes();
            assert_eq!(*security, [json!({ "bearer": scopes }), json!({ "cookie": scopes })]);
        }
    }
}

#[tokio::test]
async fn every_operation_that_is_not_public_wants_a_token() {
    let app = TestApp::start().await;
    let mut wanted = 0;
    for operation in document::operations() {
        let method = &operation.method;
        let path = operation.path_with(&|_| uuid::Uuid::nil().to_string());
        let request = app.request(method, &path);
        // Wants a token of another kind, which stands in its body.
        if path == "/auth/refresh" {
            continue;
        }
        let answer = match operation.body() {
            Some(_) => request.json(json!({})).await,
            None => request.await,
        };
        assert_eq!(answer.status == 401, !operation.is_public(), "{method} {path}: {answer:?}");
        wanted += usize::from(answer.status == 401);
    }
    assert!(wanted > 9, "{wanted}");
}

#[tokio::test]
async fn every_operation_wants_the_scope_that_it_names() {
    let app = TestApp::with(&[("HORNERO__AUTH__DEFAULT_SCOPE", "tasks")]).await;
    let ada = app.register("Ada").await;
    let mut wanted = 0;
    for operation in document::operations() {
        let method = &operation.method;
        let path = operation.path_with(&|_| uuid::Uuid::nil().to_string());
        // Would end the login by which all the others are tried.
        if path == "/auth/logout" {
            continue;
        }
        let mut request = ada.request(method, &path);
        if operation.body().is_some() {
            request = request.json(json!({}));
        }
        let answer = request.await;
        let named = operation.scopes().contains(&"chat".to_owned());
        // Not because of what else the caller is not.
        let told = answer.body["error"].as_str().is_some_and(|it| it.contains("scope"));
        assert_eq!(
            answer.status == 403 && told,
            named,
            "{method} {path} should say `security((\"bearer\" = [\"chat\"]), ..)` if, and only \
             if, it asks for that scope: {answer:?}"
        );
        wanted += usize::from(named);
    }
    assert!(wanted > 8, "{wanted}");
}

#[tokio::test]
async fn every_refusal_is_documented() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let form = json!({ "email": ada.email, "password": "difference engine" });
    let refused = app.post("/auth/login").json(form).await;
    let body = document::schema("ErrorBody");
    let properties = body["properties"].as_object().unwrap();
    for (key, value) in refused.body.as_object().unwrap() {
        assert!(properties.contains_key(key), "{key} is not documented");
        if let Some(codes) = properties[key]["enum"].as_array() {
            assert!(codes.contains(value), "{value}");
        }
    }
    for key in body["required"].as_array().unwrap() {
        assert!(!refused.body[text(key)].is_null(), "{key} is missing");
    }
}
