//! The events of some gateways, brought together by name.

use std::collections::BTreeMap;

use super::{GatewayContract, HandledEvent, Shape};

/// The data of a server event.
#[derive(Clone, Copy)]
pub(super) enum Spoken<'a> {
    /// An event of its own.
    Emitted(&'a Shape),
    /// The answer to a client's event; without a shape it says only that it is done.
    Reply(Option<&'a Shape>),
    /// A refusal.
    Error,
}

/// The namespaces of all gateways, and who serves them.
pub(super) fn namespaces<'a>(
    gateways: &[&'a GatewayContract],
) -> BTreeMap<&'static str, Vec<&'a GatewayContract>> {
    let mut namespaces: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for gateway in gateways {
        for namespace in gateway.namespaces {
            namespaces.entry(*namespace).or_default().push(*gateway);
        }
    }
    namespaces
}

/// What clients may send.
pub(super) fn handled<'a>(
    gateways: &[&'a GatewayContract],
) -> impl Iterator<Item = &'a HandledEvent> {
    gateways.iter().flat_map(|it| &it.handled)
}

/// What clients hear: the kinds of data of each event.
pub(super) fn heard<'a>(
    gateways: &[&'a GatewayContract],
) -> BTreeMap<&'static str, Vec<Spoken<'a>>> {
    let mut heard: BTreeMap<_, Vec<Spoken<'_>>> = BTreeMap::new();
    for gateway in gateways {
        for event in &gateway.handled {
            if let Some(name) = event.reply_event {
                add(heard.entry(name).or_default(), Spoken::Reply(event.signature.reply.as_ref()));
            }
        }
        for event in &gateway.emitted {
            add(heard.entry(event.name).or_default(), Spoken::Emitted(&event.data));
        }
        // Of a namespace without any handler too: there every event is unknown.
        add(heard.entry(gateway.error_event).or_default(), Spoken::Error);
    }
    heard
}

fn add<'a>(all: &mut Vec<Spoken<'a>>, one: Spoken<'a>) {
    if !all.iter().any(|it| it.is_like(one)) {
        all.push(one);
    }
}

impl Spoken<'_> {
    fn is_like(self, other: Spoken<'_>) -> bool {
        match (self, other) {
            (Self::Emitted(a), Spoken::Emitted(b)) => a.name == b.name,
            (Self::Reply(a), Spoken::Reply(b)) => a.map(|it| &it.name) == b.map(|it| &it.name),
            (Self::Error, Spoken::Error) => true,
            _ => false,
        }
    }
}
