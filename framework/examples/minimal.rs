//! A complete server in one module: a service behind REST and Socket.IO.
//!
//! ```text
//! cargo run --example minimal               serves on http://127.0.0.1:3000
//! cargo run --example minimal -- --check    checks the wiring, and starts nothing
//!
//! curl http://127.0.0.1:3000/hello/Ada
//! await io("http://127.0.0.1:3000").emitWithAck("hello", { name: "Ada" })
//! ```

use std::{error::Error, sync::Arc};

use axum::{
    extract::{Path, State},
    routing::get,
};
use hornero::{App, Controller, Data, Events, Gateway, Module, ModuleDef, Public, Reply, Routes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What both doors share: the rules.
struct GreetService;

impl GreetService {
    fn new() -> Self {
        Self
    }

    fn greet(&self, name: &str) -> Greeting {
        Greeting { text: format!("Hello, {name}!") }
    }
}

#[derive(Serialize, ToSchema)]
struct Greeting {
    text: String,
}

/// REST. Whatever the constructor takes, it is given.
struct GreetController {
    service: Arc<GreetService>,
}

impl GreetController {
    fn new(service: Arc<GreetService>) -> Self {
        Self { service }
    }
}

impl Controller for GreetController {
    fn routes() -> Routes<Self> {
        Routes::new().route("/hello/{name}", get(hello))
    }
}

async fn hello(
    State(this): State<Arc<GreetController>>,
    Path(name): Path<String>,
) -> axum::Json<Greeting> {
    axum::Json(this.service.greet(&name))
}

/// Socket.IO. What a handler returns is the client's ack.
struct GreetGateway {
    service: Arc<GreetService>,
}

#[derive(Deserialize, ToSchema)]
struct Hello {
    name: String,
}

impl GreetGateway {
    fn new(service: Arc<GreetService>) -> Self {
        Self { service }
    }

    async fn hello(self: Arc<Self>, _: Public, Data(hello): Data<Hello>) -> impl Reply {
        Ok::<_, hornero::ClientError>(self.service.greet(&hello.name))
    }
}

impl Gateway for GreetGateway {
    const NAMESPACES: &'static [&'static str] = &["/"];

    fn events(on: &mut Events<Self>) {
        on.on("hello", Self::hello);
    }
}

/// The table of contents.
struct AppModule;

impl Module for AppModule {
    fn define(m: &mut ModuleDef) {
        m.provide(GreetService::new).controller(GreetController::new).gateway(GreetGateway::new);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = App::of::<AppModule>();
    app.check()?;
    if std::env::args().any(|it| it == "--check") {
        println!("All modules fit together.");
        return Ok(());
    }
    let server = app.build().await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    server.serve(listener, stop).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use hornero::testing::TestApp;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn greeting_is_the_same_at_both_doors() {
        let app = TestApp::start(App::of::<AppModule>()).await;
        let greeting = json!({ "text": "Hello, Ada!" });

        assert_eq!(app.get("/hello/Ada").await.expect(200), greeting);
        let mut socket = app.connect("/").await;
        assert_eq!(socket.call("hello", json!({ "name": "Ada" })).await, greeting);
    }
}
