//! Gateways, spoken to by a client that sees every packet.

mod answers;
mod binary;
mod calls;
mod emitting;
mod extractors;
mod hooks;
mod later;
mod order;
mod payloads;
mod rate;
mod then;
mod turns;
