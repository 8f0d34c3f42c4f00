//! The rules of files.

use hornero::App;

use crate::FilesModule;

#[test]
fn wiring() {
    App::of::<FilesModule>().check().unwrap();
}
