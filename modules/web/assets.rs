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

/// A file of the page, by its name.
macro_rules! file {
    ($name:literal, $content_type:expr) => {
        asset(concat!("/assets/", $name), $content_type, include_bytes!(concat!("page/", $name)))
    };
}

/// Everything that the page loads.
///
/// The last one is the official Socket.IO client that build.rs found. It is empty when there was
/// none: the page then finds no `window.io` and says what to do, which a 404 would not.
pub(crate) static ASSETS: &[Asset] = &[
    file!("app.css", CSS),
    file!("icon.svg", SVG),
    file!("api.js", SCRIPT),
    file!("app.js", SCRIPT),
    file!("composer.js", SCRIPT),
    file!("dom.js", SCRIPT),
    file!("entry.js", SCRIPT),
    file!("events.js", SCRIPT),
    file!("files.js", SCRIPT),
    file!("fileview.js", SCRIPT),
    file!("formatted.js", SCRIPT),
    file!("history.js", SCRIPT),
    file!("logview.js", SCRIPT),
    file!("markdown.js", SCRIPT),
    file!("messageview.js", SCRIPT),
    file!("openroom.js", SCRIPT),
    file!("people.js", SCRIPT),
    file!("rooms.js", SCRIPT),
    file!("roomsview.js", SCRIPT),
    file!("roomview.js", SCRIPT),
    file!("screen.js", SCRIPT),
    file!("signin.js", SCRIPT),
    file!("socket.js", SCRIPT),
    file!("state.js", SCRIPT),
    file!("typing.js", SCRIPT),
    file!("unread.js", SCRIPT),
    file!("uploads.js", SCRIPT),
    file!("world.js", SCRIPT),
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_file_of_the_page_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/page");
        for file in fs::read_dir(folder).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let is_served = ASSETS.iter().any(|it| it.path == format!("/assets/{name}"));
            assert!(is_served || name == "index.html", "{name} is not in ASSETS");
        }
    }

    #[test]
    fn every_script_is_loaded_with_the_page() {
        let page = std::str::from_utf8(PAGE.bytes).unwrap();
        for Asset { path, .. } in ASSETS {
            assert!(page.contains(&format!("\"{path}\"")), "{path} is not in index.html");
        }
    }
}
