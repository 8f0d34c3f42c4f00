//! The files of the official Socket.IO client, where pages look for them: `/socket.io/socket.io.js`.

use crate::assets::{Asset, SCRIPT, asset};

const MAP: &str = "application/json; charset=utf-8";

/// A file of the client, by its name.
macro_rules! file {
    ($name:literal, $content_type:expr) => {
        asset(
            concat!("/socket.io/", $name),
            $content_type,
            include_bytes!(concat!(env!("OUT_DIR"), "/", $name)),
        )
    };
}

/// Those that build.rs found; the others are empty.
pub(crate) static CLIENT: [Asset; 8] = [
    file!("socket.io.js", SCRIPT),
    file!("socket.io.js.map", MAP),
    file!("socket.io.min.js", SCRIPT),
    file!("socket.io.min.js.map", MAP),
    file!("socket.io.esm.min.js", SCRIPT),
    file!("socket.io.esm.min.js.map", MAP),
    file!("socket.io.msgpack.min.js", SCRIPT),
    file!("socket.io.msgpack.min.js.map", MAP),
];
