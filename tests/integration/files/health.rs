//! Whether what files need is there, as operators' programs are told.

use std::{fs, time::Instant};

use hornero::testing::soon;
use serde_json::Value;

use super::clamd::{Clamd, Mood};
use crate::{command::Folder, util::TestApp};

async fn health(app: &TestApp) -> Value {
    app.get("/health").await.expect(200)
}

#[tokio::test]
async fn scanner_that_is_away_is_told_in_time_without_its_address_and_so_is_its_return() {
    for mood in [Mood::Silent, Mood::Confused, Mood::Rude] {
        let clamd = Clamd::start(mood).await;
        let scanner = [("HORNERO__FILES__SCANNER__ADDRESS", clamd.address.as_str())];
        let app = TestApp::with(&scanner).await;

        let begun = Instant::now();
        let told = health(&app).await;
        let took = begun.elapsed();

        assert!(took.as_secs() < 5, "{mood:?}: {took:?}");
        assert_eq!(told["status"], "degraded", "{mood:?}: {told}");
        assert_eq!(told["checks"]["virus_scanner"]["status"], "down", "{mood:?}: {told}");
        assert_eq!(told["checks"]["file_storage"]["status"], "up", "{mood:?}: {told}");
        assert!(!told.to_string().contains(&clamd.address), "{told}");
        app.get("/health/ready").await.expect(200);
        clamd.becomes(Mood::Honest);
        soon(async { while health(&app).await["status"] != "healthy" {} }).await;
        assert_eq!(health(&app).await["checks"]["virus_scanner"]["status"], "up");
    }
}

#[tokio::test]
async fn folder_that_keeps_nothing_is_told_without_its_name() {
    let app = TestApp::start().await;
    let folder = app.data_dir().join("files");
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "no folder").unwrap();

    let told = health(&app).await;

    assert_eq!(told["status"], "degraded", "{told}");
    assert_eq!(told["checks"]["file_storage"]["status"], "down", "{told}");
    assert_eq!(told["checks"]["virus_scanner"], Value::Null, "{told}");
    assert!(!told.to_string().contains(&*app.data_dir().to_string_lossy()), "{told}");

    fs::remove_file(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    soon(async { while health(&app).await["status"] != "healthy" {} }).await;
    let left = fs::read_dir(folder.join("probes")).unwrap().count();
    assert_eq!(left, 0, "what was tried is left there");
}

#[tokio::test]
async fn doctor_tries_the_storage_of_files_and_the_scanner() {
    let folder = Folder::new();
    let clamd = Clamd::start(Mood::Honest).await;
    let address = clamd.address.clone();
    let scanner = ("HORNERO__FILES__SCANNER__ADDRESS", address.as_str());
    let doctor = async |variables: &[(&str, &str)]| {
        let variables = [variables, &[("HORNERO__SERVER__PORT", "0")]].concat();
        // The stand-in answers on this thread.
        let child = folder.command(&["doctor"], &variables).spawn().unwrap();
        tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap()
    };

    let well = doctor(&[scanner]).await;
    let said = String::from_utf8_lossy(&well.stdout).into_owned();
    assert!(well.status.success(), "{said}");
    assert!(said.contains("ok     file storage: "), "{said}");
    assert!(said.contains(&format!("ok     virus scanner: answers at {address}")), "{said}");

    drop(clamd);
    let file = folder.path().join("file");
    fs::write(&file, "no folder").unwrap();
    let ill = doctor(&[scanner, ("HORNERO__FILES__FOLDER", &file.display().to_string())]).await;
    let said = String::from_utf8_lossy(&ill.stdout).into_owned();
    assert_eq!(ill.status.code(), Some(1), "{said}");
    assert!(said.contains("WRONG  file storage: "), "{said}");
    assert!(said.contains("HORNERO__FILES__FOLDER"), "{said}");
    assert!(said.contains(&format!("WRONG  virus scanner: {address}: ")), "{said}");
}
