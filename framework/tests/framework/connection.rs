//! The connection under Socket.IO, spoken to byte by byte.

mod limits;
mod msgpack;
mod order;
mod pace;
mod pings;
mod public_ids;
mod raw;
mod recovery;
mod stopping;
