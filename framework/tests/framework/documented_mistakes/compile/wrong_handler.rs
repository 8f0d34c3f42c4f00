//! An event handler is not async
//!
//! A handler is an async method of `self: Arc<Self>`, so that it can outlive the packet.

use std::sync::Arc;

use hornero::{Events, Gateway, Public};

pub struct Doorbell;

impl Doorbell {
    fn ring(self: Arc<Self>, _: Public) {}
}

impl Gateway for Doorbell {
    const NAMESPACES: &'static [&'static str] = &["/"];

    fn events(on: &mut Events<Self>) {
        on.on("door:ring", Self::ring);
    }
}
