//! Gateways, spoken to by a client that sees every packet.

mod answers;
mod calls;
mod extractors;
mod hooks;
mod order;
mod payloads;
mod rate;
