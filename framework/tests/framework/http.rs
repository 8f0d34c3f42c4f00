//! The REST door: one shape for all refusals, and the layers around every route.

use std::sync::Arc;

use axum::{
    Extension,
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse},
    routing::get,
};
use hornero::{
    App, ClientError, Controller, ErrorKind, EventAccess, Events, Gateway, Json, Module, ModuleDef,
    Query, RequestId, Routes, Site, Valid,
    testing::{Answer, Refused, TestApp, environment},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;
use validator::Validate;

struct Shop {
    name: &'static str,
}

#[derive(Serialize, Deserialize, Validate, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewItem {
    #[validate(length(min = 1, max = 20))]
    item_name: String,
    #[validate(range(min = 1))]
    price: u32,
    #[serde(default)]
    kind: Kind,
}

#[derive(Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Toy,
    Book,
}

#[derive(Deserialize, Validate, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Search {
    text: String,
    #[validate(range(min = 1, max = 100))]
    page_size: Option<u32>,
}

impl Controller for Shop {
    fn routes() -> Routes<Self> {
        Routes::new()
            .route("/items", get(Self::search).post(Self::add))
            .route("/items/{id}", get(Self::item))
            .route("/pages/{number}", get(Self::page))
            .route("/shelves/{shelf}/{place}", get(Self::place))
            .route("/sold-out", get(Self::sold_out))
            .route("/farewell", get(Self::farewell))
            .route("/busy", get(Self::busy))
            .route(
                "/teapot",
                get(async || (StatusCode::IM_A_TEAPOT, axum::Json(json!({"tea": 1})))),
            )
            .route("/panic", get(Self::panic))
            .route("/about", get(Self::about))
    }
}

impl Shop {
    async fn search(Valid(Query(search)): Valid<Query<Search>>) -> axum::Json<Value> {
        axum::Json(json!([search.text, search.page_size]))
    }

    async fn add(Valid(Json(item)): Valid<Json<NewItem>>) -> impl IntoResponse {
        (StatusCode::CREATED, axum::Json(item))
    }

    async fn item(Path(id): Path<Uuid>) -> String {
        id.to_string()
    }

    async fn page(Path(number): Path<u32>) -> String {
        number.to_string()
    }

    async fn place(Path((shelf, place)): Path<(u32, Uuid)>) -> String {
        format!("{shelf} {place}")
    }

    async fn sold_out() -> Result<(), ClientError> {
        let error = ClientError::unavailable("Nothing is left");
        Err(error.detail("reason", "sold_out"))
    }

    /// Refuses in a form of its own, as a library would.
    async fn busy() -> impl IntoResponse {
        let headers = [("retry-after", "7"), ("content-length", "4")];
        (StatusCode::SERVICE_UNAVAILABLE, headers, "busy")
    }

    async fn farewell() -> impl IntoResponse {
        let cookies = [(header::SET_COOKIE, "basket="), (header::SET_COOKIE, "voucher=")];
        let error = ClientError::new(ErrorKind::Unauthorized, "Come back tomorrow");
        (AppendHeaders(cookies), error)
    }

    async fn panic() {
        panic!("the password of the till is hunter2")
    }

    async fn about(
        State(shop): State<Arc<Self>>,
        Extension(RequestId(id)): Extension<RequestId>,
        Extension(site): Extension<Site>,
    ) -> axum::Json<Value> {
        axum::Json(json!({ "name": shop.name, "id": id, "site": format!("{site:?}") }))
    }
}

struct Bell;

impl Gateway for Bell {
    const ACCESS: EventAccess = EventAccess::Public;
    const NAMESPACES: &'static [&'static str] = &["/"];

    fn events(_: &mut Events<Self>) {}
}

struct ShopModule;

impl Module for ShopModule {
    fn define(m: &mut ModuleDef) {
        m.controller(|| Shop { name: "corner shop" }).gateway(|| Bell);
    }
}

/// An origin whose pages may use the server.
const LISTED: &str = "https://app.example";
const FOREIGN: &str = "https://evil.example";

fn shop() -> App {
    App::of::<ShopModule>().with_config(environment(&[
        ("HORNERO__SERVER__CORS__ORIGINS", LISTED),
        ("HORNERO__SERVER__MAX_BODY_SIZE", "1000"),
    ]))
}

/// Asserts that this is a refusal in the contract's shape, and returns it.
#[track_caller]
fn refusal(answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("content-length"), answer.text.len().to_string());
    let body = answer.body.clone();
    assert_eq!(body["error_code"], code);
    assert!(body["error"].as_str().is_some_and(|it| !it.is_empty()), "{body}");
    assert!(body["details"].is_object(), "{body}");
    assert_eq!(body["request_id"], answer.header("x-request-id"));
    let time = body["timestamp"].as_str().unwrap();
    assert!(time.ends_with('Z') && time.len() == "2025-06-19T17:05:00.000Z".len(), "{time}");
    assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{time}");
    body
}

async fn get_page(path: &str) -> Answer {
    get_with(path, &[]).await
}

async fn get_with(path: &str, headers: &[(&str, &str)]) -> Answer {
    TestApp::start(shop()).await.get(path).headers(headers).await
}

async fn post_item(kind: Option<&str>, body: impl Into<Body>) -> Answer {
    let app = TestApp::start(shop()).await;
    let request = app.post("/items").body(body);
    match kind {
        Some(kind) => request.header("content-type", kind).await,
        None => request.await,
    }
}

async fn post_json(body: Value) -> Answer {
    TestApp::start(shop()).await.post("/items").json(body).await
}

#[tokio::test]
async fn good_request_is_answered_by_the_handler() {
    let answer = post_json(json!({ "itemName": "top", "price": 3 })).await;

    assert_eq!(answer.status, 201);
    assert_eq!(answer.body, json!({ "itemName": "top", "price": 3, "kind": "toy" }));
}

#[tokio::test]
async fn controller_is_the_state_of_its_routes() {
    assert_eq!(get_page("/about").await.body["name"], "corner shop");
}

#[tokio::test]
async fn unknown_route_is_refused_in_the_contracts_shape() {
    refusal(&get_page("/nowhere").await, 404, "INVALID_REQUEST");
}

#[tokio::test]
async fn wrong_method_is_refused_and_the_right_ones_are_told() {
    let answer = TestApp::start(shop()).await.delete("/items").await;

    let body = refusal(&answer, 405, "INVALID_REQUEST");
    assert_eq!(body["error"], "The route does not have this method");
    assert_eq!(answer.header("allow"), "GET,HEAD,POST");
}

#[tokio::test]
async fn body_that_is_no_json_is_refused() {
    for body in ["", "{", "hunter2", r#"{"itemName":"top","price":3} {}"#] {
        let answer = post_item(Some("application/json"), body).await;

        let body = refusal(&answer, 400, "INVALID_REQUEST");
        assert_eq!(body["details"]["reason"], "unparsable");
        assert!(!answer.text.contains("hunter2"), "{body}");
    }
}

#[tokio::test]
async fn body_without_the_content_type_of_json_is_refused() {
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        let answer = post_item(kind, r#"{"itemName":"top","price":3}"#).await;
        refusal(&answer, 415, "INVALID_REQUEST");
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/ld+json"] {
        let answer = post_item(Some(kind), r#"{"itemName":"top","price":3}"#).await;
        assert_eq!(answer.status, 201, "{kind}");
    }
}

#[tokio::test]
async fn field_of_a_wrong_type_is_named() {
    let answer = post_json(json!({ "itemName": "top", "price": "hunter2" })).await;

    let body = refusal(&answer, 400, "INVALID_REQUEST");
    assert_eq!(body["details"]["field"], "price");
    assert_eq!(body["details"]["rule"], "type");
    assert!(!answer.text.contains("hunter2"), "{body}");
}

#[tokio::test]
async fn values_that_are_allowed_are_listed() {
    let answer = post_json(json!({ "itemName": "top", "price": 3, "kind": "hunter2" })).await;

    let body = refusal(&answer, 400, "INVALID_REQUEST");
    assert_eq!(body["details"]["fields"][0]["allowed_values"], json!(["toy", "book"]));
    assert!(!answer.text.contains("hunter2"), "{body}");
}

#[tokio::test]
async fn every_field_that_breaks_a_rule_is_listed() {
    let answer = post_json(json!({ "itemName": "", "price": 0 })).await;

    let body = refusal(&answer, 400, "INVALID_REQUEST");
    assert_eq!(body["error"], "`itemName`: 1 to 20 characters");
    let fields = json!([
        { "field": "itemName", "rule": "length", "message": "1 to 20 characters" },
        { "field": "price", "rule": "range", "message": "at least 1" },
    ]);
    let details = json!({ "field": "itemName", "rule": "length", "fields": fields });
    assert_eq!(body["details"], details);
}

#[tokio::test]
async fn query_is_parsed_and_checked() {
    let answer = get_page("/items?text=top&pageSize=20").await;
    assert_eq!(answer.body, json!(["top", 20]));

    for (query, field, rule) in [
        ("text=top&pageSize=many", "pageSize", "format"),
        ("text=top&pageSize=101", "pageSize", "range"),
        ("pageSize=20", "text", "required"),
        ("", "text", "required"),
    ] {
        let answer = get_page(&format!("/items?{query}")).await;
        let body = refusal(&answer, 400, "INVALID_REQUEST");
        assert_eq!(body["details"]["field"], field, "{query}: {body}");
        assert_eq!(body["details"]["rule"], rule, "{query}: {body}");
        assert!(!answer.text.contains("many"), "{body}");
    }
}

#[tokio::test]
async fn body_over_the_limit_is_too_large() {
    let item = |length| json!({ "itemName": "x".repeat(length), "price": 1 });

    let answer = post_json(item(950)).await;
    refusal(&answer, 400, "INVALID_REQUEST"); // read, and then refused
    let answer = post_json(item(1_000)).await;
    refusal(&answer, 413, "INVALID_REQUEST");

    let chunks = (0..20).map(|_| Ok::<_, std::io::Error>("x".repeat(100)));
    let body = Body::from_stream(futures_util::stream::iter(chunks));
    let answer = post_item(Some("application/json"), body).await;
    refusal(&answer, 413, "INVALID_REQUEST");
}

#[tokio::test]
async fn path_that_does_not_parse_is_refused_and_not_echoed() {
    for (path, field, rule, message) in [
        ("/items/hunter2", "id", "format", "must be a UUID"),
        ("/items/a%60:%20hunter2%60%20to%20a%20%60x", "id", "format", "must be a UUID"),
        ("/shelves/hunter2/1", "path", "type", "must be a whole number, not negative"),
        ("/shelves/1/hunter2", "place", "format", "must be a UUID"),
        ("/pages/hunter2", "path", "type", "must be a whole number, not negative"),
        ("/pages/-1", "path", "type", "must be a whole number, not negative"),
    ] {
        let answer = get_page(path).await;

        let body = refusal(&answer, 400, "INVALID_REQUEST");
        assert!(!answer.text.contains("hunter2"), "{body}");
        assert_eq!(body["error"], format!("`{field}`: {message}"), "{path}");
        let fields = json!([{ "field": field, "rule": rule, "message": message }]);
        assert_eq!(body["details"]["fields"], fields, "{path}");
    }
}

#[tokio::test]
async fn refusal_of_a_service_has_its_details_and_its_retry_hint() {
    let answer = get_page("/sold-out").await;

    let body = refusal(&answer, 503, "SERVICE_UNAVAILABLE");
    assert_eq!(body["error"], "Nothing is left");
    assert_eq!(body["details"], json!({ "reason": "sold_out" }));
    assert_eq!(body["retry_after_ms"], 1_000);
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn refusal_keeps_every_header_it_came_with() {
    let answer = get_page("/farewell").await;

    refusal(&answer, 401, "UNAUTHORIZED");
    let cookies: Vec<_> = answer.headers.get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(cookies, ["basket=", "voucher="]);
}

#[tokio::test]
async fn refusal_that_somebody_else_made_gets_the_shape_and_keeps_its_headers() {
    let answer = get_page("/busy").await;

    refusal(&answer, 503, "SERVICE_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), "7");
}

#[tokio::test]
async fn refusal_that_is_json_is_left_as_it_is() {
    let answer = get_page("/teapot").await;

    assert_eq!(answer.status, StatusCode::IM_A_TEAPOT);
    assert_eq!(answer.body, json!({ "tea": 1 }));
}

#[tokio::test]
async fn panic_is_an_internal_error_and_tells_nothing() {
    let answer = get_page("/panic").await;

    let body = refusal(&answer, 500, "INTERNAL_ERROR");
    assert_eq!(body["error"], "The server could not complete the request");
    assert_eq!(body["details"], json!({}));
    assert!(!answer.text.contains("hunter2"), "{body}");
}

#[tokio::test]
async fn request_id_is_the_clients_if_it_is_a_uuid() {
    let id = Uuid::new_v4().to_string();

    for path in ["/about", "/nowhere", "/panic", "/items/x", "/socket.io/"] {
        let answer = get_with(path, &[("x-request-id", &id)]).await;
        assert_eq!(answer.header("x-request-id"), id, "{path}");
    }
    assert_eq!(get_with("/about", &[("x-request-id", &id)]).await.body["id"], id);
}

#[tokio::test]
async fn request_id_that_is_no_uuid_is_replaced() {
    for headers in [&[][..], &[("x-request-id", "hunter2")]] {
        let answer = get_with("/about", headers).await;

        let id: Uuid = answer.header("x-request-id").parse().unwrap();
        assert_eq!(answer.body["id"], id.to_string(), "the handler should see the same id");
    }
}

#[tokio::test]
async fn only_listed_origins_get_cors_headers() {
    let listed = get_with("/about", &[("origin", LISTED)]).await;
    assert_eq!(listed.header("access-control-allow-origin"), LISTED);
    assert_eq!(listed.header("access-control-allow-credentials"), "true");
    let exposed = listed.header("access-control-expose-headers");
    for name in ["x-request-id", "retry-after", "x-ratelimit-remaining", "idempotent-replayed"] {
        assert!(exposed.split(',').any(|it| it == name), "{name} in {exposed}");
    }

    for headers in [&[][..], &[("origin", FOREIGN)], &[("origin", "null")]] {
        let answer = get_with("/about", headers).await;
        assert_eq!(answer.status, 200, "{headers:?}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{headers:?}");
    }
}

#[tokio::test]
async fn refusals_have_cors_headers_as_well() {
    for path in ["/nowhere", "/items/x", "/sold-out", "/busy", "/panic", "/socket.io/"] {
        let answer = get_with(path, &[("origin", LISTED)]).await;

        assert!(answer.status >= 400, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), LISTED, "{path}");
    }
}

async fn preflight(path: &str, origin: &str) -> Answer {
    TestApp::start(shop())
        .await
        .request("OPTIONS", path)
        .header("origin", origin)
        .header("access-control-request-method", "PATCH")
        .header("access-control-request-headers", "authorization,idempotency-key")
        .await
}

#[tokio::test]
async fn preflight_of_a_listed_origin_is_answered() {
    for path in ["/items", "/socket.io/"] {
        let answer = preflight(path, LISTED).await;

        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), LISTED);
        assert!(answer.header("access-control-allow-methods").contains("PATCH"));
        assert!(answer.header("access-control-allow-headers").contains("idempotency-key"));
    }

    let answer = preflight("/items", FOREIGN).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn handlers_learn_where_a_page_comes_from() {
    let host = ("host", "shop.example");
    for (headers, site) in [
        (&[host][..], "Unknown"),
        (&[host, ("origin", LISTED)], "Trusted"),
        (&[host, ("origin", "http://shop.example")], "Trusted"),
        (&[host, ("origin", FOREIGN)], "Foreign"),
        (&[host, ("sec-fetch-site", "cross-site")], "Foreign"),
    ] {
        let answer = get_with("/about", headers).await;
        assert_eq!(answer.body["site"], site, "{headers:?}");
    }
}

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

#[tokio::test]
async fn socket_io_has_the_same_layers() {
    let answer = get_with(POLLING, &[("origin", LISTED)]).await;

    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.text.starts_with("0{"), "{}", answer.text);
    assert_eq!(answer.header("access-control-allow-origin"), LISTED);
    answer.header("x-request-id").parse::<Uuid>().unwrap();
}

#[tokio::test]
async fn socket_io_is_closed_to_foreign_pages() {
    for origin in [FOREIGN, "null", "https://app.example.evil.example"] {
        let answer = get_with(POLLING, &[("host", "shop.example"), ("origin", origin)]).await;
        refusal(&answer, 403, "FORBIDDEN");
    }
    for headers in [&[][..], &[("host", "shop.example"), ("origin", "https://shop.example")]] {
        assert_eq!(get_with(POLLING, headers).await.status, 200, "{headers:?}");
    }
}

#[tokio::test]
async fn errors_of_socket_io_keep_the_form_its_clients_know() {
    let answer = get_page("/socket.io/?EIO=4&transport=pigeon").await;

    assert_eq!(answer.status, 400);
    let expected = json!({ "code": "0", "message": "Transport unknown" });
    assert_eq!(answer.body, expected);

    let headers = [("connection", "upgrade"), ("upgrade", "websocket")];
    let answer = get_with("/socket.io/?EIO=4&transport=websocket", &headers).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body, json!({ "code": 3, "message": "Bad request" }));
}

#[tokio::test]
async fn upgrades_are_refused_to_foreign_pages_only() {
    let app = TestApp::start(shop()).await;
    let own = format!("http://{}", app.address());

    app.connect("/").await;
    for origin in [&own, LISTED] {
        app.handshake("/").header("origin", origin).connect().await.expect(origin);
    }
    let foreign = app.handshake("/").header("origin", FOREIGN);
    assert_eq!(foreign.connect().await.unwrap_err(), Refused::Upgrade(403));

    // Any other path as well: what the route would have answered is not asked.
    let upgrade =
        |path| app.get(path).header("connection", "upgrade").header("upgrade", "websocket");
    upgrade("/about").header("origin", FOREIGN).await.expect(403);
    upgrade("/nowhere").await.expect(404);
}

#[tokio::test]
async fn error_kinds_have_the_statuses_and_codes_of_the_contract() {
    use ErrorKind::{
        Conflict, Forbidden, Internal, Invalid, MethodNotAllowed, NoAccess, NotAMember, NotFound,
        RateLimited, Timeout, TokenExpired, TooLarge, Unauthorized, Unavailable, UnknownRoute,
        UnsupportedMediaType,
    };
    for (kind, status, rest_code, socket_code, recoverable) in [
        (Invalid, 400, "INVALID_REQUEST", "PROTOCOL_ERROR", true),
        (UnknownRoute, 404, "INVALID_REQUEST", "PROTOCOL_ERROR", true),
        (MethodNotAllowed, 405, "INVALID_REQUEST", "PROTOCOL_ERROR", true),
        (UnsupportedMediaType, 415, "INVALID_REQUEST", "PROTOCOL_ERROR", true),
        (Unauthorized, 401, "UNAUTHORIZED", "AUTH_FAILED", false),
        (TokenExpired, 401, "UNAUTHORIZED", "AUTH_FAILED", true),
        (Forbidden, 403, "FORBIDDEN", "PERMISSION_DENIED", false),
        (NoAccess, 404, "INVALID_REQUEST", "ROOM_ACCESS_DENIED", false),
        (NotAMember, 403, "FORBIDDEN", "ROOM_ACCESS_DENIED", false),
        (NotFound, 404, "INVALID_REQUEST", "CLIENT_ERROR", false),
        (Conflict, 409, "INVALID_REQUEST", "CLIENT_ERROR", false),
        (RateLimited, 429, "RATE_LIMITED", "RATE_LIMITED", true),
        (TooLarge, 413, "INVALID_REQUEST", "CLIENT_ERROR", false),
        (Unavailable, 503, "SERVICE_UNAVAILABLE", "SERVER_ERROR", true),
        (Timeout, 504, "TIMEOUT", "SERVER_ERROR", true),
        (Internal, 500, "INTERNAL_ERROR", "SERVER_ERROR", true),
    ] {
        let answer = ClientError::new(kind, "No").into_response();
        assert_eq!(answer.status(), status, "{kind:?}");
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error_code"], rest_code, "{kind:?}");
        assert_eq!(kind.socket_code(), socket_code, "{kind:?}");
        assert_eq!(kind.recoverable(), recoverable, "{kind:?}");
    }
}
