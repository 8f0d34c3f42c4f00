//! What clients send: bare data, envelopes, and what is neither.

use std::sync::Arc;

use hornero::{
    App, ClientError, Data, EventAccess, Events, Gateway, Module, ModuleDef, Valid,
    testing::{TestApp, TestSocket},
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

/// Says what it understood.
struct Mirror;

impl Gateway for Mirror {
    const NAMESPACES: &'static [&'static str] = &["/"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("show", Self::show)
            .on("room", Self::room)
            .on("checked", Self::checked)
            .on("explosive", Self::explosive);
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Room {
    room_id: Uuid,
    inner: Option<Inner>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Inner {
    max_members: u32,
}

#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
struct Profile {
    #[validate(length(min = 1, max = 10))]
    display_name: String,
    #[validate(range(max = 150))]
    age: u32,
}

#[derive(Deserialize, ToSchema, Validate)]
struct Explosive {
    #[validate(custom(function = explode))]
    fuse: String,
}

fn explode(_: &str) -> Result<(), ValidationError> {
    panic!("a rule that panics")
}

impl Mirror {
    async fn show(self: Arc<Self>, Data(data): Data<Value>) -> Result<Value, ClientError> {
        Ok(data)
    }

    async fn room(self: Arc<Self>, Data(room): Data<Room>) -> Result<String, ClientError> {
        Ok(format!("{} {:?}", room.room_id, room.inner.map(|it| it.max_members)))
    }

    async fn checked(
        self: Arc<Self>,
        Valid(Data(profile)): Valid<Data<Profile>>,
    ) -> Result<String, ClientError> {
        Ok(format!("{}, {}", profile.display_name, profile.age))
    }

    async fn explosive(
        self: Arc<Self>,
        Valid(Data(it)): Valid<Data<Explosive>>,
    ) -> Result<String, ClientError> {
        Ok(it.fuse)
    }
}

struct MirrorModule;

impl Module for MirrorModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|| Mirror);
    }
}

async fn mirror() -> (TestApp, TestSocket) {
    let server = TestApp::start(App::of::<MirrorModule>()).await;
    let client = server.connect("/").await;
    (server, client)
}

/// Calls `event`, and returns the error of its ack, which must have come as an event too.
async fn refusal(client: &mut TestSocket, event: &str, payload: Value) -> Value {
    let ack = client.emit_ack(event, payload).await;
    assert_eq!(ack["status"], "error", "{ack}");
    let (event, emitted) = client.next_event().await;
    assert_eq!(event, "error");
    assert_eq!(emitted, ack["error"]);
    emitted
}

#[tokio::test]
async fn field_of_a_wrong_type_is_named() {
    let (_server, mut client) = mirror().await;

    let error = refusal(&mut client, "room", json!({ "roomId": 7 })).await;

    assert_eq!(error["code"], "PROTOCOL_ERROR");
    assert_eq!(error["recoverable"], true);
    assert_eq!(error["details"]["field"], "roomId");
    assert_eq!(error["details"]["rule"], "type");
    assert_eq!(error["details"]["fields"][0]["field"], "roomId");
}

#[tokio::test]
async fn nested_field_is_named_with_its_path() {
    let (_server, mut client) = mirror().await;

    let payload = json!({ "roomId": Uuid::nil(), "inner": { "maxMembers": "many" } });
    let error = refusal(&mut client, "room", payload).await;

    assert_eq!(error["details"]["field"], "inner.maxMembers");
    assert!(!error.to_string().contains("many"), "no value should be echoed: {error}");
}

#[tokio::test]
async fn missing_field_is_named() {
    let (_server, mut client) = mirror().await;

    let error = refusal(&mut client, "room", json!({})).await;

    assert_eq!(error["message"], "`roomId`: is required");
    assert_eq!(error["details"]["rule"], "required");
}

#[tokio::test]
async fn every_field_that_breaks_a_rule_is_listed() {
    let (_server, mut client) = mirror().await;

    let good = client.emit_ack("checked", json!({ "displayName": "Ada", "age": 36 })).await;
    assert_eq!(good["data"], "Ada, 36");

    let error = refusal(&mut client, "checked", json!({ "displayName": "", "age": 200 })).await;
    assert_eq!(error["code"], "PROTOCOL_ERROR");
    let fields = json!([
        { "field": "age", "rule": "range", "message": "at most 150" },
        { "field": "displayName", "rule": "length", "message": "1 to 10 characters" },
    ]);
    assert_eq!(error["details"]["fields"], fields);
    assert_eq!(error["details"]["field"], "age");
}

#[tokio::test]
async fn rule_that_panics_is_answered_and_the_socket_lives_on() {
    let (_server, mut client) = mirror().await;

    let error = refusal(&mut client, "explosive", json!({ "fuse": "short" })).await;

    assert_eq!(error["code"], "SERVER_ERROR");
    assert_eq!(client.emit_ack("show", json!(1)).await["data"], 1);
}

#[tokio::test]
async fn missing_payload_is_answered() {
    let (_server, mut client) = mirror().await;

    let ack = client.emit_ack_with(json!(["room"])).await;

    assert_eq!(ack["error"]["code"], "PROTOCOL_ERROR");
    assert_eq!(ack["error"]["details"]["field"], "payload");
    assert_eq!(client.emit_ack_with(json!(["show"])).await["data"], Value::Null);
}

#[tokio::test]
async fn of_several_arguments_the_first_counts() {
    let (_server, mut client) = mirror().await;

    let ack = client.emit_ack_with(json!(["show", "first", "second", { "third": 3 }])).await;

    assert_eq!(ack, json!({ "status": "ok", "data": "first" }));
}

#[tokio::test]
async fn envelope_is_opened() {
    let (_server, mut client) = mirror().await;

    for envelope in [
        json!({ "data": { "n": 1 } }),
        json!({ "data": { "n": 1 }, "event": "show" }),
        json!({ "data": { "n": 1 }, "version": "1.0" }),
        json!({ "data": { "n": 1 }, "version": "1" }),
        json!({ "data": { "n": 1 }, "version": "1.7" }),
        json!({ "data": { "n": 1 }, "event": null, "version": null, "requestId": null }),
    ] {
        let ack = client.emit_ack("show", envelope.clone()).await;
        assert_eq!(ack, json!({ "status": "ok", "data": { "n": 1 } }), "{envelope}");
    }

    let envelope =
        json!({ "data": { "n": 1 }, "event": "show", "version": "1.0", "requestId": "r" });
    let ack = client.emit_ack("show", envelope).await;
    assert_eq!(ack, json!({ "status": "ok", "data": { "n": 1 }, "requestId": "r" }));
}

#[tokio::test]
async fn object_with_other_keys_is_no_envelope() {
    let (_server, mut client) = mirror().await;

    for bare in [
        json!({ "data": 1, "name": "photo.png" }),
        json!({ "data": 1, "requestId": "r", "name": "photo.png" }),
        json!({ "event": "show", "requestId": "r" }),
        json!({}),
        json!([{ "data": 1 }]),
        json!("data"),
    ] {
        let ack = client.emit_ack("show", bare.clone()).await;
        assert_eq!(ack, json!({ "status": "ok", "data": bare }));
    }
}

#[tokio::test]
async fn envelope_of_another_event_is_refused() {
    let (_server, mut client) = mirror().await;

    let envelope = json!({ "data": 1, "event": "room", "requestId": "r" });
    let error = refusal(&mut client, "show", envelope).await;

    assert_eq!(error["code"], "PROTOCOL_ERROR");
    assert_eq!(error["details"]["field"], "event");
    assert_eq!(error["requestId"], "r");
}

#[tokio::test]
async fn envelope_of_another_major_version_is_refused() {
    let (_server, mut client) = mirror().await;

    for version in ["2.0", "0.9", "10", "", "one"] {
        let envelope = json!({ "data": 1, "version": version, "requestId": "r" });
        let error = refusal(&mut client, "show", envelope).await;

        assert_eq!(error["code"], "PROTOCOL_ERROR", "{version}");
        assert_eq!(error["details"]["field"], "version");
        assert_eq!(error["requestId"], "r");
    }
}

#[tokio::test]
async fn request_id_has_at_most_128_bytes() {
    let (_server, mut client) = mirror().await;

    let longest = "r".repeat(128);
    let ack = client.emit_ack("show", json!({ "data": 1, "requestId": longest })).await;
    assert_eq!(ack["requestId"], longest);

    let envelope = json!({ "data": 1, "requestId": "r".repeat(129) });
    let error = refusal(&mut client, "show", envelope).await;
    assert_eq!(error["code"], "PROTOCOL_ERROR");
    assert_eq!(error["details"]["field"], "requestId");
    assert_eq!(error["requestId"], Value::Null);
}

#[tokio::test]
async fn envelope_with_a_key_of_a_wrong_type_is_refused() {
    let (_server, mut client) = mirror().await;

    for key in ["event", "requestId", "version"] {
        let mut envelope = json!({ "data": { "roomId": Uuid::nil() } });
        envelope[key] = json!(1);
        let error = refusal(&mut client, "room", envelope).await;

        assert_eq!(error["code"], "PROTOCOL_ERROR");
        assert_eq!(error["details"]["field"], key);
    }
}

#[tokio::test]
async fn request_id_of_bare_data_is_data() {
    let (_server, mut client) = mirror().await;

    let ack = client.emit_ack("show", json!({ "roomId": 1, "requestId": "r" })).await;

    assert_eq!(ack, json!({ "status": "ok", "data": { "roomId": 1, "requestId": "r" } }));
}
