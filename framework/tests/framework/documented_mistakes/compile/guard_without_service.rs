//! A gateway takes a guard that it was not given the means for
//!
//! A guard is an extractor that asks for something of its gateway, here for keys. A gateway
//! that was not given any cannot take it, so that no check is forgotten.

use std::sync::Arc;

use hornero::{ClientError, Events, FromEvent, Gateway, Incoming, Signature};

pub struct Keys;

pub trait HasKeys {
    fn keys(&self) -> &Keys;
}

pub struct KeyHolder;

impl<G: HasKeys> FromEvent<G> for KeyHolder {
    fn from_event(incoming: &mut Incoming<'_, G>) -> Result<Self, ClientError> {
        let _keys = incoming.gateway.keys();
        Ok(Self)
    }

    fn describe(signature: &mut Signature) {
        signature.access.push("key holder");
    }
}

pub struct VaultGateway;

impl VaultGateway {
    async fn open(self: Arc<Self>, _: KeyHolder) {}
}

impl Gateway for VaultGateway {
    const NAMESPACES: &'static [&'static str] = &["/"];

    fn events(on: &mut Events<Self>) {
        on.on("vault:open", Self::open);
    }
}
