//! Packets as `socket.io-msgpack-parser` writes them.
//!
//! The framework thinks in JSON: what comes in becomes the text that it would have been, with its
//! binary parts beside it, and what goes out is turned around as it is encoded. A server that
//! speaks text does none of this.

mod packet;
mod read;
mod write;

pub(crate) use packet::{answers_connect, rewritten};
pub(crate) use read::to_json;
pub(crate) use write::Readable;
