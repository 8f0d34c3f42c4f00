//! Gateways, spoken to by a client that sees every packet.

mod answers;
mod extractors;
mod hooks;
mod order;
mod payloads;
