//! The rules of robots that need no door.

use std::path::Path;

use hornero::{App, Config};

use crate::{Robots, RobotsModule, assistant::Assistant};

#[test]
fn wiring() {
    App::of::<RobotsModule>().check().unwrap();
}

/// Robots with these settings, in a folder of their own.
fn app(folder: &Path, settings: &[(&str, &str)]) -> App {
    let data = ("HORNERO__SERVER__DATA_DIR".to_owned(), folder.display().to_string());
    let settings = settings.iter().map(|(key, value)| {
        let key = format!("HORNERO__{key}");
        (key, (*value).to_owned())
    });
    let config = Config::load(folder, settings.chain([data])).unwrap();
    App::of::<RobotsModule>().with_config(config)
}

#[tokio::test]
async fn robots_are_those_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let url = ("ROBOTS__NAMED__GPT__URL", "https://api.example.org/v1");
    let settings = [url, ("ROBOTS__DEFAULT", "gpt")];
    let robots = app(folder.path(), &settings).resolve::<Robots>().await.unwrap();

    assert_eq!(robots.find(None).unwrap().name, "gpt");
    assert_eq!(robots.find(Some("echo")).unwrap().name, "echo");
    assert!(robots.find(Some("hal")).is_err());
    let conditions: Vec<_> = robots.conditions().into_iter().map(|it| it.name).collect();
    assert_eq!(conditions, ["gpt"], "what is in this process is not down");
}

#[test]
fn robots_that_cannot_be_are_refused_without_their_secrets() {
    let folder = tempfile::tempdir().unwrap();
    for (setting, value) in [
        ("ROBOTS__DEFAULT", "secret"),
        ("ROBOTS__RUNS", "0"),
        ("ROBOTS__RUNS_PER_USER", "1001"),
        ("ROBOTS__HISTORY", "101"),
        ("ROBOTS__HISTORY_LENGTH", "0"),
        ("ROBOTS__NAMED__GPT__MODEL", "secret"),
        ("ROBOTS__NAMED__ECHO__URL", "ftp://secret"),
        ("ROBOTS__NAMED__ECHO__URL", "http://secret key"),
        ("ROBOTS__NAMED__ECHO__URL", "http://[secret"),
        ("ROBOTS__NAMED__ECHO__URL", "https://ada:secret@example.org/v1"),
        ("ROBOTS__NAMED__ECHO__URL", "https://example.org/v1?key=secret"),
        ("ROBOTS__NAMED__ECHO__TIMEOUT_MS", "0"),
        ("ROBOTS__NAMED__ECHO__RETRIES", "11"),
        ("ROBOTS__NAMED__ECHO__FORMATTING", "html"),
        ("ROBOTS__NAMED__ECHO__API_KEY", "secret\n"),
    ] {
        let problems = app(folder.path(), &[(setting, value)]).check_config().unwrap_err();
        let text = problems.to_string();
        assert_eq!(problems.0.len(), 1, "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn assistant_must_be_a_robot() {
    let folder = tempfile::tempdir().unwrap();
    let hal = app(folder.path(), &[("SESSIONS__ASSISTANT", "hal")]);
    let Err(error) = hal.resolve::<Assistant>().await else { panic!("there is no hal") };
    assert!(error.to_string().contains("sessions.assistant"), "{error}");
    let on = app(folder.path(), &[("SESSIONS__ASSISTANT", "echo")]).resolve::<Assistant>().await;
    assert!(on.unwrap().is_on());
    assert!(!app(folder.path(), &[]).resolve::<Assistant>().await.unwrap().is_on());
}
