//! Bytes among the data of events.

use std::sync::Arc;

use hornero::{
    App, Binary, ClientError, Data, EventAccess, Events, Gateway, Module, ModuleDef,
    testing::{TestApp, TestSocket, part},
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Says what it was given.
struct Gallery;

#[derive(Deserialize, ToSchema)]
struct Picture {
    title: String,
    layers: Vec<Layer>,
    thumbnail: Option<Binary>,
}

#[derive(Deserialize, ToSchema)]
struct Layer {
    pixels: Binary,
}

impl Gateway for Gallery {
    const NAMESPACES: &'static [&'static str] = &["/"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("hang", Self::hang);
    }
}

impl Gallery {
    async fn hang(self: Arc<Self>, Data(it): Data<Picture>) -> Result<Value, ClientError> {
        let layers: Vec<_> = it.layers.iter().map(|it| it.pixels.0.to_vec()).collect();
        let thumbnail = it.thumbnail.map(|it| it.0.to_vec());
        Ok(json!([it.title, layers, thumbnail]))
    }
}

struct GalleryModule;

impl Module for GalleryModule {
    fn define(m: &mut ModuleDef) {
        m.gateway(|| Gallery);
    }
}

async fn gallery() -> (TestApp, TestSocket) {
    let server = TestApp::start(App::of::<GalleryModule>()).await;
    let client = server.connect("/").await;
    (server, client)
}

#[tokio::test]
async fn bytes_are_where_the_client_has_put_them() {
    let (_server, mut client) = gallery().await;
    let picture = json!({
        "title": "Boats",
        "layers": [{ "pixels": part(1) }, { "pixels": part(0) }, { "pixels": part(1) }],
        "thumbnail": part(2),
    });
    let parts = [vec![1], vec![2, 2], vec![]];

    let ack = client.emit_ack_with_parts("hang", &picture, parts.clone()).await;
    assert_eq!(ack["data"], json!(["Boats", [[2, 2], [1], [2, 2]], []]));

    let envelope = json!({ "data": picture, "requestId": "r" });
    let ack = client.emit_ack_with_parts("hang", envelope, parts).await;
    assert_eq!(ack["data"], json!(["Boats", [[2, 2], [1], [2, 2]], []]));
    assert_eq!(ack["requestId"], "r");
}

#[tokio::test]
async fn what_is_not_binary_is_refused_by_its_name() {
    let (_server, mut client) = gallery().await;
    for wrong in [
        json!("AAEC"),
        json!([1, 2]),
        json!({}),
        json!({ "type": "Buffer", "data": [1] }),
        json!({ "_placeholder": false, "num": 0 }),
        json!({ "num": 0 }),
        // Nothing came with the text, and nothing is left of an event before.
        part(0),
    ] {
        let picture = json!({ "title": "Boats", "layers": [{ "pixels": wrong }] });
        let ack = client.emit_ack("hang", picture).await;
        assert_eq!(ack["error"]["code"], "PROTOCOL_ERROR", "{wrong}");
        assert_eq!(ack["error"]["message"], "`layers[0].pixels`: must be binary data", "{wrong}");
        let right = json!({ "title": "Boats", "layers": [{ "pixels": part(0) }] });
        let ack = client.emit_ack_with_parts("hang", right, [vec![7]]).await;
        assert_eq!(ack["data"], json!(["Boats", [[7]], null]));
    }
}

#[test]
fn documents_say_where_bytes_belong() {
    let documents = App::of::<GalleryModule>().documents();
    let asyncapi: Value = serde_json::from_str(&documents.asyncapi).unwrap();
    let schema = &asyncapi["components"]["schemas"]["Binary"];
    assert_eq!((&schema["type"], &schema["format"]), (&json!("string"), &json!("binary")));
    let types = documents.socket_types;
    assert!(types.contains("export type Binary = ArrayBuffer | Uint8Array;"), "{types}");
    assert!(types.contains("  pixels: Binary;"), "{types}");
}

#[test]
fn bytes_are_not_shown_by_those_who_log_them() {
    assert_eq!(format!("{:?}", Binary("secret".into())), "Binary(6 bytes)");
}
