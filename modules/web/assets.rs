//! The files of the chat page, inside the binary: a server is one file, and its page always fits its API.

/// One file, as it is served.
pub(crate) struct Asset {
    /// The path of its URL, from the root.
    pub(crate) path: &'static str,
    /// The value of its `Content-Type`.
    pub(crate) content_type: &'static str,
    /// The whole body.
    pub(crate) bytes: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
pub(crate) const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// The chat page itself. Not in [`ASSETS`], because `/` answers other clients differently.
pub(crate) static PAGE: Asset = asset("/", HTML, include_bytes!("page/index.html"));

/// Everything that the page loads.
///
/// The last one is the official Socket.IO client that build.rs found. It is empty when there was
/// none: the page then finds no `window.io` and says what to do, which a 404 would not.
pub(crate) static ASSETS: &[Asset] = &[
    asset("/assets/app.css", CSS, include_bytes!("page/app.css")),
    asset("/assets/app.js", SCRIPT, include_bytes!("page/app.js")),
    asset("/assets/api.js", SCRIPT, include_bytes!("page/api.js")),
    asset("/assets/dom.js", SCRIPT, include_bytes!("page/dom.js")),
    asset("/assets/entry.js", SCRIPT, include_bytes!("page/entry.js")),
    asset("/assets/fileview.js", SCRIPT, include_bytes!("page/fileview.js")),
    asset("/assets/signin.js", SCRIPT, include_bytes!("page/signin.js")),
    asset("/assets/socket.js", SCRIPT, include_bytes!("page/socket.js")),
    asset("/assets/state.js", SCRIPT, include_bytes!("page/state.js")),
    asset("/assets/unread.js", SCRIPT, include_bytes!("page/unread.js")),
    asset("/assets/uploads.js", SCRIPT, include_bytes!("page/uploads.js")),
    asset("/assets/view.js", SCRIPT, include_bytes!("page/view.js")),
    asset("/assets/icon.svg", SVG, include_bytes!("page/icon.svg")),
    asset(
        "/assets/socket.io.min.js",
        SCRIPT,
        include_bytes!(concat!(env!("OUT_DIR"), "/socket.io.min.js")),
    ),
];

pub(crate) const fn asset(
    path: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
) -> Asset {
    Asset { path, content_type, bytes }
}
