//! An event handler takes what is no extractor
//!
//! The payload is `Data<T>`, or `Valid<Data<T>>` to keep the rules of `T`; a bare `T` is neither.

use std::sync::Arc;

use hornero::{Events, Gateway, Public};

pub struct Doorbell;

impl Doorbell {
    async fn ring(self: Arc<Self>, _: Public, _times: u32) {}
}

impl Gateway for Doorbell {
    const NAMESPACES: &'static [&'static str] = &["/"];

    fn events(on: &mut Events<Self>) {
        on.on("door:ring", Self::ring);
    }
}
