//! The documents: that they are committed as they are served, and that they tell the truth.

use std::{fs, path::PathBuf};

use hornero_server::app;
use serde_json::Value;

#[test]
fn documents_are_committed_as_they_are() {
    let documents = app().documents();
    let mut changed = Vec::new();
    for (name, text) in [
        ("openapi.json", documents.openapi),
        ("asyncapi.json", documents.asyncapi),
        ("socket.d.ts", documents.socket_types),
    ] {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
        if fs::read_to_string(&file).unwrap_or_default() != text {
            if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
                fs::write(&file, text).unwrap();
            }
            changed.push(name);
        }
    }
    assert!(
        changed.is_empty(),
        "{changed:?} in docs/ differ from what the server says of itself. If that is as it should \
         be, run `UPDATE_SNAPSHOTS=1 cargo test contract` twice, and commit them with the change"
    );
}
