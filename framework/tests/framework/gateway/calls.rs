//! What can stand around a handler's call, and what need not wait for it.

use std::sync::Arc;

use hornero::{
    App, ClientError, EventAccess, EventCall, Events, Gateway, Module, ModuleDef,
    testing::{Packet, TestApp},
};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::journal::{Journal, JournalModule};

struct Kitchen {
    journal: Arc<Journal>,
    /// Holds back what is cooked.
    stove: Arc<Semaphore>,
}

impl Gateway for Kitchen {
    const NAMESPACES: &'static [&'static str] = &["/"];
    const ACCESS: EventAccess = EventAccess::Public;

    fn events(on: &mut Events<Self>) {
        on.on("cook", Self::cook).concurrent();
        on.on("taste", Self::taste);
        on.on("burn", Self::burn);
        on.on("drop", Self::drop);
    }

    fn around(self: &Arc<Self>, event: &'static str, call: EventCall) -> EventCall {
        let this = Arc::clone(self);
        Box::pin(async move {
            this.journal.note(format!("{event} begins"));
            let outcome = call.await;
            this.journal.note(format!("{event} ends: {outcome:?}"));
            outcome
        })
    }
}

impl Kitchen {
    async fn cook(self: Arc<Self>) -> Result<&'static str, ClientError> {
        self.stove.acquire().await.unwrap().forget();
        Ok("soup")
    }

    async fn taste(self: Arc<Self>) -> Result<&'static str, ClientError> {
        Ok("salty")
    }

    async fn burn(self: Arc<Self>) -> Result<(), ClientError> {
        Err(ClientError::unavailable("The stove is off"))
    }

    async fn drop(self: Arc<Self>) {
        panic!("the pot fell");
    }
}

struct KitchenModule;

impl Module for KitchenModule {
    fn define(m: &mut ModuleDef) {
        m.import::<JournalModule>()
            .value(Semaphore::new(0))
            .gateway(|journal, stove| Kitchen { journal, stove });
    }
}

fn kitchen() -> (App, Arc<Journal>, Arc<Semaphore>) {
    let (journal, stove) = (Journal::new(), Arc::new(Semaphore::new(0)));
    let app = App::of::<KitchenModule>().override_with(Arc::clone(&journal));
    (app.override_with(Arc::clone(&stove)), journal, stove)
}

#[tokio::test]
async fn concurrent_handler_does_not_hold_up_later_events() {
    let (app, _, stove) = kitchen();
    let server = TestApp::start(app).await;
    let mut client = server.connect("/").await;

    client.send(r#"21["cook"]"#).await;
    assert_eq!(client.emit_ack("taste", json!({})).await["data"], "salty");

    stove.add_permits(1);
    let soup = json!({ "status": "ok", "data": "soup" });
    assert_eq!(client.next_packet().await, Packet::Ack("/".to_owned(), 1, soup));
}

#[tokio::test]
async fn gateway_sees_every_call_and_what_came_of_it() {
    let (app, journal, _) = kitchen();
    let server = TestApp::start(app).await;
    let mut client = server.connect("/").await;

    for event in ["taste", "burn", "drop"] {
        client.emit(event, json!({})).await;
    }

    assert_eq!(
        journal.wait_for(6).await,
        [
            "taste begins",
            "taste ends: Ok(())",
            "burn begins",
            "burn ends: Err(Unavailable)",
            "drop begins",
            "drop ends: Err(Internal)",
        ]
    );
}
