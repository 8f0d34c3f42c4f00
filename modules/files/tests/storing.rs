//! A folder as storage.

use std::{fs, sync::Arc};

use hornero::ServerConfig;

use crate::{FilesConfig, file::FileId, storage::Storage};

#[tokio::test]
async fn what_broke_off_in_a_folder_is_removed_too() {
    let folder = tempfile::tempdir().unwrap();
    let config = FilesConfig { folder: folder.path().display().to_string(), ..Default::default() };
    let storage = Storage::open(Arc::new(config), Arc::new(ServerConfig::default())).unwrap();
    let (whole, half) = (FileId::generate(), FileId::generate());
    for id in [whole, half] {
        let mut writing = storage.write(id);
        writing.add("some bytes".into()).await.unwrap();
        writing.finish().await.unwrap();
    }
    let name = half.to_string();
    let path = folder.path().join(&name[name.len() - 2..]).join(&name);
    // As a server leaves it that was killed.
    fs::rename(&path, path.with_file_name(name + "#1")).unwrap();
    assert!(storage.read(half).await.err().unwrap().is_absence());

    storage.remove(half).await.unwrap();
    storage.remove(half).await.unwrap();

    assert_eq!(
        fs::read_dir(path.parent().unwrap()).unwrap().count(),
        usize::from(path_of(whole) == path_of(half))
    );
    assert!(storage.read(whole).await.is_ok());
}

/// The folder in the folder.
fn path_of(id: FileId) -> String {
    let name = id.to_string();
    name[name.len() - 2..].to_owned()
}

#[test]
fn folder_that_cannot_be_is_told_with_what_to_do() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = FilesConfig { folder: file.path().display().to_string(), ..Default::default() };
    let refused = Storage::open(Arc::new(config), Arc::new(ServerConfig::default())).err().unwrap();
    assert!(refused.to_string().contains("HORNERO__FILES__FOLDER"), "{refused}");
}
