//! The documents that an app makes of its routes and events, and how they are served.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::State, routing::get};
use hornero::{
    App, ClientError, Controller, Data, Documents, Event, EventAccess, Events, Gateway, Json,
    Module, ModuleDef, Page, Public, Routes, routes, testing::TestApp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A question.
#[derive(Serialize, Deserialize, ToSchema)]
struct Poll {
    /// What is asked. It ends the comment: */
    question: String,
    #[serde(rename = "all-votes")]
    votes: Vec<Vote>,
    closed_by: Option<String>,
    counts: BTreeMap<String, u32>,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Vote {
    Yes,
    No,
}

#[derive(Deserialize, ToSchema)]
struct PollReference {
    #[expect(dead_code, reason = "only described")]
    poll: u32,
}

#[derive(Deserialize, ToSchema)]
struct Ballot {
    #[expect(dead_code, reason = "only described")]
    vote: Vote,
}

#[derive(Serialize, ToSchema)]
struct PollClosed {
    votes: u32,
}

impl Event for PollClosed {
    const NAME: &'static str = "polls:changed";
}

#[derive(Serialize, ToSchema)]
struct PollOpened {
    at: String,
}

impl Event for PollOpened {
    const NAME: &'static str = "polls:changed";
}

struct PollController;

impl Controller for PollController {
    fn routes() -> Routes<Self> {
        Routes::new()
            .routes(routes!(open_poll, newest_poll))
            .routes(routes!(list_polls))
            .route("/polls/hidden", get(async || "nobody knows"))
    }
}

/// Opens a poll.
///
/// It can be answered at once.
#[utoipa::path(
    post,
    path = "/polls",
    request_body = Poll,
    responses((status = 200, body = Poll), (status = 409, description = "There is one")),
    security(("bearer" = [])),
)]
async fn open_poll(
    State(_this): State<Arc<PollController>>,
    Json(poll): Json<Poll>,
) -> axum::Json<Poll> {
    axum::Json(poll)
}

/// Gets the newest poll.
#[utoipa::path(get, path = "/polls", responses((status = 200, body = Poll)), security(()))]
async fn newest_poll() -> Result<axum::Json<Poll>, ClientError> {
    Err(ClientError::unavailable("There is none yet"))
}

/// Lists all polls.
#[utoipa::path(get, path = "/polls/all", responses((status = 200, body = Page<Poll>)), security(()))]
async fn list_polls() -> axum::Json<Page<Poll>> {
    axum::Json(Page { items: Vec::new(), next_cursor: None, has_more: false })
}

struct PollGateway;

impl Gateway for PollGateway {
    const NAMESPACES: &'static [&'static str] = &["/", "/polls"];

    fn events(on: &mut Events<Self>) {
        on.on("polls:vote", Self::vote);
        on.on("polls:join", Self::join).replies("polls:joined");
        on.emits::<PollOpened>().emits::<PollClosed>();
    }
}

impl PollGateway {
    async fn vote(
        self: Arc<Self>,
        _: Public,
        _: Data<PollReference>,
        _: Data<Ballot>,
    ) -> Result<(), ClientError> {
        Ok(())
    }

    async fn join(self: Arc<Self>, _: Public, _: Data<PollReference>) -> Result<Poll, ClientError> {
        Err(ClientError::unavailable("There is none yet"))
    }
}

/// Serves an event of the same name as [`PollGateway`] elsewhere, and takes something else.
struct OtherGateway;

impl Gateway for OtherGateway {
    const NAMESPACES: &'static [&'static str] = &["/other"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("polls:vote", Self::vote);
    }
}

impl OtherGateway {
    async fn vote(self: Arc<Self>, _: Data<u32>) -> Result<(), ClientError> {
        Ok(())
    }
}

struct PollsModule;

impl Module for PollsModule {
    fn define(m: &mut ModuleDef) {
        m.controller(|| PollController).gateway(|| PollGateway).gateway(|| OtherGateway);
    }
}

fn documents() -> Documents {
    App::of::<PollsModule>().titled("Polls <3", "1.2.3").documents()
}

fn openapi() -> Value {
    serde_json::from_str(&documents().openapi).unwrap()
}

fn asyncapi() -> Value {
    serde_json::from_str(&documents().asyncapi).unwrap()
}

#[test]
fn app_and_modules_give_their_names_to_the_documents() {
    let document = openapi();
    assert_eq!(document["info"], json!({ "title": "Polls <3", "version": "1.2.3" }));
    assert_eq!(document["tags"], json!([{ "name": "polls" }]));
    assert_eq!(document["paths"]["/polls"]["get"]["tags"], json!(["polls"]));
    assert_eq!(asyncapi()["info"]["title"], "Polls <3");
    assert!(documents().socket_types.starts_with("// Polls <3 1.2.3: "));

    let untitled: Value =
        serde_json::from_str(&App::of::<PollsModule>().documents().openapi).unwrap();
    assert_eq!(untitled["info"], json!({ "title": "Polls", "version": "0.0.0" }));
}

#[test]
fn routes_are_documented_with_what_the_framework_may_answer() {
    let document = openapi();
    let operation = &document["paths"]["/polls"]["post"];
    assert_eq!(operation["operationId"], "openPoll");
    assert_eq!(operation["summary"], "Opens a poll.");
    assert_eq!(operation["description"], "It can be answered at once.");
    let statuses: Vec<_> = operation["responses"].as_object().unwrap().keys().collect();
    assert_eq!(statuses, ["200", "400", "401", "409", "413", "415", "429", "500", "503"]);
    assert_eq!(
        operation["responses"]["409"]["content"]["application/json"]["schema"],
        json!({ "$ref": "#/components/schemas/ErrorBody" }),
    );
    // Nothing to be wrong, no token to be missing.
    let newest = &document["paths"]["/polls"]["get"]["responses"];
    let statuses: Vec<_> = newest.as_object().unwrap().keys().collect();
    assert_eq!(statuses, ["200", "429", "500", "503"]);
    assert!(document["paths"].get("/polls/hidden").is_none());
}

#[test]
fn lists_of_a_type_refer_to_it() {
    let document = openapi();
    let items = &document["components"]["schemas"]["Page_Poll"]["properties"]["items"]["items"];
    assert_eq!(*items, json!({ "$ref": "#/components/schemas/Poll" }));
}

#[test]
fn every_reference_leads_somewhere() {
    /// A poll on its place among others.
    #[derive(Serialize, ToSchema)]
    struct Ranked<T> {
        rank: u32,
        by: Option<Vote>,
        #[schema(inline)]
        inner: T,
    }

    impl Event for Ranked<Page<Poll>> {
        const NAME: &'static str = "polls:ranked";
    }

    #[derive(Serialize, ToSchema)]
    struct Board {
        first: Option<Page<Ranked<Vote>>>,
        numbers: Page<u32>,
    }

    impl Event for Board {
        const NAME: &'static str = "polls:board";
    }

    struct CountGateway;
    impl Gateway for CountGateway {
        const NAMESPACES: &'static [&'static str] = &["/", "/polls"];

        fn events(on: &mut Events<Self>) {
            on.on("polls:list", Self::list).replies("polls:listed");
            on.emits::<Ranked<Page<Poll>>>().emits::<Board>();
        }
    }
    impl CountGateway {
        async fn list(self: Arc<Self>, _: Public) -> Result<Page<Poll>, ClientError> {
            Ok(Page { items: Vec::new(), next_cursor: None, has_more: false })
        }
    }
    struct CountModule;
    impl Module for CountModule {
        fn define(m: &mut ModuleDef) {
            m.gateway(|| CountGateway);
        }
    }

    // Without any other module: another one's events could bring the missing schemas along.
    let app = App::of::<CountModule>();
    app.check().unwrap();
    for documents in [app.documents(), documents()] {
        for text in [documents.openapi, documents.asyncapi] {
            let document: Value = serde_json::from_str(&text).unwrap();
            for reference in references(&document) {
                let there = document.pointer(reference.trim_start_matches('#')).is_some();
                assert!(there, "nothing is at {reference}");
            }
        }
    }
}

/// Every `$ref` in a document.
fn references(document: &Value) -> Vec<&str> {
    let own = document["$ref"].as_str();
    let inner: Vec<&Value> = match document {
        Value::Array(items) => items.iter().collect(),
        Value::Object(entries) => entries.values().collect(),
        _ => Vec::new(),
    };
    own.into_iter().chain(inner.into_iter().flat_map(references)).collect()
}

#[test]
fn page_of_a_type_consists_of_it() {
    struct ListGateway;
    impl Gateway for ListGateway {
        const NAMESPACES: &'static [&'static str] = &["/"];

        fn events(on: &mut Events<Self>) {
            on.on("polls:list", Self::list);
        }
    }
    impl ListGateway {
        async fn list(self: Arc<Self>, _: Public) -> Result<Page<Poll>, ClientError> {
            Ok(Page { items: Vec::new(), next_cursor: None, has_more: false })
        }
    }
    struct ListModule;
    impl Module for ListModule {
        fn define(m: &mut ModuleDef) {
            m.gateway(|| ListGateway);
        }
    }

    let documents = App::of::<ListModule>().documents();

    let document: Value = serde_json::from_str(&documents.asyncapi).unwrap();
    let item = &document["components"]["schemas"]["Page_Poll"]["properties"]["items"]["items"];
    assert_eq!(item["properties"]["question"]["type"], "string", "{item}");
    let vote = json!({ "$ref": "#/components/schemas/Vote" });
    assert_eq!(item["properties"]["all-votes"]["items"], vote, "{item}");
    assert!(documents.socket_types.contains("export type Vote = "), "{}", documents.socket_types);
}

#[test]
fn contract_of_routes_can_be_read_by_programs() {
    let app = App::of::<PollsModule>();
    let contract = app.controllers().next().unwrap();
    assert_eq!(contract.controller.to_string(), "PollController");
    let routes: Vec<_> =
        contract.routes.iter().map(|it| (it.method, it.path.as_str(), it.is_public())).collect();
    let expected =
        [("GET", "/polls", true), ("POST", "/polls", false), ("GET", "/polls/all", true)];
    assert_eq!(routes, expected);
}

#[test]
fn namespaces_are_channels_and_acks_are_replies() {
    let document = asyncapi();
    assert_eq!(document["channels"]["main"]["address"], "/");
    assert_eq!(document["channels"]["polls"]["address"], "/polls");
    let vote = &document["operations"]["polls.receive.polls.vote"];
    assert_eq!(vote["action"], "receive");
    assert_eq!(vote["x-access"], json!(["public"]));
    assert_eq!(
        vote["reply"]["messages"],
        json!([{ "$ref": "#/channels/polls/messages/ack.polls.vote" }]),
    );
    let messages = &document["components"]["messages"];
    // In two parts, and bare or in an envelope.
    let payload = &messages["client.polls.vote"]["payload"]["anyOf"];
    assert_eq!(
        payload[0]["allOf"],
        json!([
            { "$ref": "#/components/schemas/PollReference" },
            { "$ref": "#/components/schemas/Ballot" },
        ]),
    );
    assert_eq!(payload[1]["properties"]["data"], payload[0]);
    assert_eq!(
        messages["ack.polls.vote"]["payload"]["oneOf"][0]["properties"]["data"]["type"],
        "null"
    );
    // The same name, another payload.
    let other = &messages["client.polls.vote.other"]["payload"]["anyOf"][0];
    assert_eq!(other["type"], "integer");
    // One event, two kinds of data; and the error event of each gateway.
    let changed = messages["server.polls.changed"]["payload"]["anyOf"].as_array().unwrap();
    assert_eq!(changed.len(), 2);
    assert!(document["operations"]["other.send.error"].is_object());
}

#[test]
fn declarations_say_in_typescript_what_the_types_say() {
    let text = documents().socket_types;
    for line in [
        r#"  "polls:vote": (payload: Payload<"polls:vote", PollReference & Ballot | number>, ack?: (answer: Ack<null>) => void) => void;"#,
        r#"  "polls:join": (payload: Payload<"polls:join", PollReference>, ack: (answer: Ack<Poll>) => void) => void;"#,
        r#"  "polls:joined": (data: Reply<Poll>) => void;"#,
        r#"  "polls:changed": (data: Sent<PollOpened> | Sent<PollClosed>) => void;"#,
        r#"  "error": (data: ErrorObject) => void;"#,
        "/** A question. */\nexport interface Poll {",
        "  /** What is asked. It ends the comment: * / */\n  question: string;",
        r#"  "all-votes": Array<Vote>;"#,
        "  closed_by?: string | null;",
        "  counts: Record<string, number>;",
        r#"export type Vote = "yes" | "no";"#,
    ] {
        assert!(text.contains(line), "no {line} in:\n{text}");
    }
}

#[tokio::test]
async fn documents_are_served_as_they_are_and_only_once() {
    let app = App::of::<PollsModule>().titled("Polls <3", "1.2.3");
    let documents = app.documents();
    let app = TestApp::start(app).await;
    for (path, kind, text) in [
        ("/openapi.json", "application/json", Some(documents.openapi)),
        ("/asyncapi.json", "application/json", Some(documents.asyncapi)),
        ("/socket.d.ts", "text/plain; charset=utf-8", Some(documents.socket_types)),
        ("/docs", "text/html; charset=utf-8", None),
        ("/docs/start.js", "text/javascript; charset=utf-8", None),
        ("/docs/swagger-ui.css", "text/css; charset=utf-8", None),
        ("/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8", None),
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), kind, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(text.is_none_or(|it| answer.text == it), "{path} is another document");

        let again = app.get(path).header("if-none-match", answer.header("etag"));
        assert_eq!(again.await.status, 304, "{path}");
    }
}

#[tokio::test]
async fn page_names_nothing_that_is_elsewhere() {
    let app = TestApp::start(App::of::<PollsModule>().titled("Polls <3", "1.2.3")).await;
    let page = app.get("/docs").await.text;
    assert!(page.contains("<title>Polls &lt;3: API</title>"), "{page}");
    let script = app.get("/docs/start.js").await.text;
    for text in [page, script] {
        assert!(!text.contains("//cdn") && !text.contains("http"), "{text}");
    }
}

#[tokio::test]
async fn documents_can_be_closed() {
    let closed = [("HORNERO__SERVER__DOCS", "false")];
    let app = TestApp::start_with(App::of::<PollsModule>(), &closed).await;
    for path in ["/openapi.json", "/asyncapi.json", "/socket.d.ts", "/docs", "/docs/start.js"] {
        assert_eq!(app.get(path).await.status, 404, "{path}");
    }
}

#[test]
fn what_documents_could_not_tell_apart_is_a_mistake() {
    mod elsewhere {
        use super::*;

        #[derive(Serialize, ToSchema)]
        pub(super) struct Poll {
            title: String,
        }

        impl Event for Poll {
            const NAME: &'static str = "elsewhere:poll";
        }

        #[derive(Serialize, ToSchema)]
        pub(super) struct Sent {
            title: String,
        }

        impl Event for Sent {
            const NAME: &'static str = "elsewhere:sent";
        }
    }

    struct ElsewhereGateway;
    impl Gateway for ElsewhereGateway {
        const NAMESPACES: &'static [&'static str] = &["/"];
        fn events(on: &mut Events<Self>) {
            on.emits::<elsewhere::Poll>().emits::<elsewhere::Sent>();
        }
    }

    struct TwinController;
    impl Controller for TwinController {
        fn routes() -> Routes<Self> {
            Routes::new().routes(routes!(open_poll))
        }
    }

    /// Opens another poll.
    #[utoipa::path(post, path = "/others", responses((status = 200)), security(()))]
    async fn open_poll() {}

    struct TwinsModule;
    impl Module for TwinsModule {
        fn define(m: &mut ModuleDef) {
            m.import::<PollsModule>().controller(|| TwinController).gateway(|| ElsewhereGateway);
        }
    }

    let mistakes = App::of::<TwinsModule>().check().unwrap_err();

    let texts: Vec<_> = mistakes.0.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(texts.len(), 3, "{mistakes}");
    assert!(texts[0].starts_with("two routes are documented as `openPoll`"), "{mistakes}");
    assert!(texts[1].starts_with("a type named `Poll` has another form than"), "{mistakes}");
    assert!(
        texts[2].starts_with("a type is named `Sent`, as one of the framework's"),
        "{mistakes}"
    );
    assert!(mistakes.0.iter().all(|it| it.place.contains("documents.rs:")), "{mistakes}");
}
