//! What the app tells of itself as text.

use std::sync::Arc;

use axum::http::request::Parts;
use hornero::{App, ClientError, Connection, Module, ModuleDef, Socket};
use hornero_server::{app, inspect};

use crate::contract::document;

#[test]
fn routes_are_those_of_the_document_and_say_who_may_call_them() {
    let text = inspect::routes(&app());
    let lines: Vec<Vec<_>> = text.lines().map(|it| it.split_whitespace().collect()).collect();
    let [header, routes @ ..] = &lines[..] else { panic!("no header: {text}") };

    assert_eq!(header[..3], ["METHOD", "PATH", "WHO"]);
    assert_eq!(routes.len(), document::operations().len(), "{text}");
    for (expected, file) in [
        (["POST", "/auth/login", "public", "AuthController", "AuthModule"], "modules/auth"),
        (["GET", "/auth/me", "user", "AuthController", "AuthModule"], "modules/auth"),
        (["GET", "/rooms/{roomId}", "chat", "RoomController", "RoomsModule"], "modules/rooms"),
    ] {
        let route = routes.iter().find(|it| it[..2] == expected[..2]);
        let route = route.unwrap_or_else(|| panic!("no {expected:?} in:\n{text}"));
        assert_eq!(route[..5], expected, "{text}");
        assert!(route[5].starts_with(&format!("{file}/module.rs:")), "{route:?}");
    }
    assert!(!text.contains("PLAIN WEBSOCKET"), "there is none yet: {text}");
}

/// Repeats what it is told.
struct Parrot;

impl Socket for Parrot {
    const PATH: &'static str = "/parrot";

    type Session = ();
    type Command = String;
    type Reply = String;

    async fn authenticate(self: Arc<Self>, _: Parts) -> Result<(), ClientError> {
        Ok(())
    }

    fn decode(&self, frame: &str) -> Result<String, ClientError> {
        Ok(frame.to_owned())
    }

    async fn handle(
        self: Arc<Self>,
        _: Connection<()>,
        command: String,
    ) -> Result<Option<String>, ClientError> {
        Ok(Some(command))
    }

    fn encode(&self, reply: &String) -> String {
        reply.clone()
    }

    fn encode_error(&self, error: &ClientError) -> String {
        error.socket_code().to_owned()
    }
}

struct ParrotModule;

impl Module for ParrotModule {
    fn define(m: &mut ModuleDef) {
        m.socket(|| Parrot);
    }
}

#[test]
fn paths_of_plain_websockets_stand_below_the_routes() {
    let text = inspect::routes(&App::of::<ParrotModule>());

    let (_, sockets) = text.split_once("\n\n").expect("two tables");
    let row: Vec<_> = sockets.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..3], ["/parrot", "Parrot", "ParrotModule"]);
    assert!(row[3].starts_with("tests/integration/inspect.rs:"), "{text}");
}
