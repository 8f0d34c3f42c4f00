//! An event handler returns what cannot be an answer
//!
//! Data of an ack can be serialised and has a schema; without data a handler returns `()`.

use std::sync::Arc;

use hornero::{Events, Gateway, Public};

pub struct Visitor;

pub struct Doorbell;

impl Doorbell {
    async fn ring(self: Arc<Self>, _: Public) -> Visitor {
        Visitor
    }
}

impl Gateway for Doorbell {
    const NAMESPACES: &'static [&'static str] = &["/"];

    fn events(on: &mut Events<Self>) {
        on.on("door:ring", Self::ring);
    }
}
