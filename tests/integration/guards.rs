//! Guards that ask for more than a token, at both doors.

use std::sync::Arc;

use auth::{
    Account, Admin, AuthModule, Authenticates, Caller, Require, Role, Scope, Supervisor,
    TokenService, UserType,
};
use axum::{
    extract::{FromRequestParts, State},
    routing::get,
};
use hornero::{
    App, ClientError, Controller, Events, FromEvent, Gateway, Module, ModuleDef, Routes,
};
use serde_json::{Value, json};

use crate::util::{TestApp, User};

/// The rooms behind the shop, and who may enter them.
struct Backstage {
    tokens: Arc<TokenService>,
}

impl Authenticates for Backstage {
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Controller for Backstage {
    fn routes() -> Routes<Self> {
        Routes::new()
            .route("/office", get(enter::<Admin>))
            .route("/kitchen", get(enter::<Supervisor>))
            .route("/lounge", get(enter::<Account>))
    }
}

async fn enter<R>(State(_): State<Arc<Backstage>>, caller: Require<R>) -> axum::Json<Value> {
    axum::Json(json!({ "entered": caller.user_id }))
}

struct BackstageDoor {
    tokens: Arc<TokenService>,
}

impl Authenticates for BackstageDoor {
    const SCOPE: Option<Scope> = Some(Scope::Chat);

    fn tokens(&self) -> &TokenService {
        &self.tokens
    }
}

impl Gateway for BackstageDoor {
    const NAMESPACES: &'static [&'static str] = &["/"];
    const ERROR_EVENT: &'static str = "chat:error";

    fn events(on: &mut Events<Self>) {
        on.on("office", Self::enter::<Admin>)
            .on("kitchen", Self::enter::<Supervisor>)
            .on("lounge", Self::enter::<Account>);
    }
}

impl BackstageDoor {
    async fn enter<R>(self: Arc<Self>, caller: Require<R>) -> Result<String, ClientError> {
        Ok(caller.user_id.to_string())
    }
}

struct BackstageModule;

impl Module for BackstageModule {
    fn define(m: &mut ModuleDef) {
        m.import::<AuthModule>()
            .controller(|tokens| Backstage { tokens })
            .gateway(|tokens| BackstageDoor { tokens });
    }
}

const ROOMS: [&str; 3] = ["office", "kitchen", "lounge"];

#[tokio::test]
async fn guards_let_in_whom_they_name_and_refuse_others_alike_at_both_doors() {
    let app = TestApp::of::<BackstageModule>(&[]).await;
    let admin = app.promoted("Ada", Some(Role::Admin), None).await;
    let supervisor = app.promoted("Grace", None, Some(UserType::Supervisor)).await;
    let service = app.promoted("Robot", None, Some(UserType::Service)).await;
    let (employee, guest) = (app.register("Bob").await, app.guest("Eve").await);
    let (admins, supervisors) = ("Only admins may do this", "Only supervisors may do this");
    let guests = "Guests may not do this: register first";

    for (who, answers) in [
        (&admin, [None; 3]),
        (&service, [None; 3]),
        (&supervisor, [Some(admins), None, None]),
        (&employee, [Some(admins), Some(supervisors), None]),
        (&guest, [Some(admins), Some(supervisors), Some(guests)]),
    ] {
        for (room, refusal) in ROOMS.into_iter().zip(answers) {
            assert_doors(who, room, refusal).await;
        }
    }
}

async fn assert_doors(who: &User, room: &str, refusal: Option<&str>) {
    let answer = who.get(&format!("/{room}")).await;
    let mut socket = who.connect("/").await;
    let ack = socket.emit_ack(room, json!(null)).await;
    match refusal {
        None => {
            assert_eq!(answer.expect(200)["entered"], *who.id, "{room}");
            assert_eq!(ack, json!({ "status": "ok", "data": who.id }), "{room}");
        }
        Some(text) => {
            let refused = json!({ "error": text, "error_code": "FORBIDDEN", "details": {} });
            assert_eq!(answer.refusal(), (403, refused), "{room}");
            let error = json!({
                "code": "PERMISSION_DENIED",
                "message": text,
                "recoverable": false,
                "version": "1.0",
            });
            assert_eq!(ack, json!({ "status": "error", "error": error }), "{room}");
            assert_eq!(socket.event("chat:error").await, error, "{room}");
        }
    }
}

#[tokio::test]
async fn guard_asks_for_the_token_and_its_scope_first() {
    let app = TestApp::of::<BackstageModule>(&[]).await;
    let nobody = app.get("/office").await.refusal();
    assert_eq!((nobody.0, &nobody.1["error_code"]), (401, &json!("UNAUTHORIZED")));

    let variable = ("HORNERO__AUTH__DEFAULT_SCOPE", "tasks");
    let app = TestApp::of::<BackstageModule>(&[variable]).await;
    let admin = app.promoted("Ada", Some(Role::Admin), None).await;
    let refusal = Some("The token lacks the scope `chat`");
    assert_doors(&admin, "office", refusal).await;
}

#[test]
fn events_tell_what_their_guards_ask_for() {
    let app = App::of::<BackstageModule>();
    let door = app.gateways().last().unwrap();
    let access: Vec<_> = door.handled.iter().map(|it| &*it.signature.access).collect();
    assert_eq!(access, [["chat", "admin"], ["chat", "supervisor"], ["chat", "account"]]);
}

/// A gateway and controller that was given no [`TokenService`].
struct Barn;

/// Compiles only while nobody who lacks a [`TokenService`] can have a guard: two traits that
/// apply would make the calls ambiguous.
#[test]
fn guards_need_the_means_to_know_the_caller() {
    struct AtGateway;
    struct AtController;

    trait Extracted<Door> {
        fn is_none() {}
    }
    impl<T> Extracted<()> for T {}
    impl<T: FromEvent<Barn>> Extracted<AtGateway> for T {}
    impl<T: FromRequestParts<Arc<Barn>>> Extracted<AtController> for T {}

    <Require<Admin> as Extracted<_>>::is_none();
    <Caller as Extracted<_>>::is_none();
}
