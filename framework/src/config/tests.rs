use serde::{Deserialize, Serialize};

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Limits {
    max_requests: u32,
    origins: Vec<String>,
    inner: Inner,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Inner {
    enabled: bool,
    name: Option<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_requests: 100, origins: Vec::new(), inner: Inner::default() }
    }
}

impl ConfigSection for Limits {
    const KEY: &'static str = "rateLimit";
    const ALIASES: &'static [(&'static str, &'static str)] =
        &[("MAX_REQUESTS", "maxRequests"), ("REQUESTS", "maxRequests")];

    fn problems(&self) -> Vec<(&'static str, String)> {
        let too_many = self.max_requests > 1_000;
        too_many.then(|| ("maxRequests", "must be at most 1000".to_owned())).into_iter().collect()
    }
}

fn config(variables: &[(&str, &str)]) -> Config {
    load(Path::new("/nowhere"), variables).unwrap()
}

fn load(folder: &Path, variables: &[(&str, &str)]) -> Result<Config, ConfigProblems> {
    Config::load(folder, variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
}

fn problems(variables: &[(&str, &str)]) -> String {
    config(variables).section::<Limits>().unwrap_err().to_string()
}

#[test]
fn defaults_need_no_layer() {
    assert_eq!(config(&[]).section::<Limits>().unwrap(), Limits::default());
}

#[test]
fn environment_wins_over_profile_and_profile_over_default() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("config");
    fs::create_dir(&files).unwrap();
    fs::write(
        files.join("default.json"),
        r#"{"rateLimit": {"maxRequests": 1, "origins": ["${HOST:-http://a}"], "inner": {"name": "default"}}}"#,
    )
    .unwrap();
    fs::write(
        files.join("test.json"),
        r#"{"rateLimit": {"maxRequests": 2, "inner": {"enabled": true}}}"#,
    )
    .unwrap();

    let variables = [
        ("HORNERO_PROFILE", "test"),
        ("HORNERO__RATE_LIMIT__MAX_REQUESTS", "3"),
        ("HOST", "http://\"b"),
    ];
    let limits: Limits = load(folder.path(), &variables).unwrap().section().unwrap();

    assert_eq!(
        limits,
        Limits {
            max_requests: 3,
            origins: vec!["http://\"b".to_owned()],
            inner: Inner { enabled: true, name: Some("default".to_owned()) },
        }
    );
}

#[test]
fn all_mistakes_are_reported_at_once_without_their_values() {
    let text = problems(&[
        ("HORNERO__RATE_LIMIT__MAX_REQUESTS", "s3cret"),
        ("HORNERO__RATE_LIMIT__INNER__ENABLED", "s3cret"),
        ("HORNERO__RATE_LIMIT__INNER", "s3cret"),
        ("HORNERO__RATE_LIMIT__MAX", "s3cret"),
    ]);

    for expected in [
        "rateLimit.maxRequests (set by HORNERO__RATE_LIMIT__MAX_REQUESTS) must be a whole number, not negative",
        "rateLimit.inner.enabled (set by HORNERO__RATE_LIMIT__INNER__ENABLED) must be true or false",
        "rateLimit.inner (set by HORNERO__RATE_LIMIT__INNER) is a group of keys",
        "rateLimit.max (set by HORNERO__RATE_LIMIT__MAX) is not a key; there are: inner, maxRequests, origins",
    ] {
        assert!(text.contains(expected), "{expected}\nnot in: {text}");
    }
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn bounds_are_checked_and_name_their_origin() {
    let text = problems(&[("HORNERO__RATE_LIMIT__MAX_REQUESTS", "5000")]);
    let expected =
        "rateLimit.maxRequests (set by HORNERO__RATE_LIMIT__MAX_REQUESTS) must be at most 1000";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn aliases_fill_in_and_may_not_disagree() {
    let limits: Limits = config(&[("MAX_REQUESTS", "7"), ("REQUESTS", "7")]).section().unwrap();
    assert_eq!(limits.max_requests, 7);

    let own = ("HORNERO__RATE_LIMIT__MAX_REQUESTS", "9");
    let limits: Limits = config(&[("MAX_REQUESTS", "7"), own]).section().unwrap();
    assert_eq!(limits.max_requests, 9);

    let text = problems(&[("MAX_REQUESTS", "7"), ("REQUESTS", "8")]);
    assert!(
        text.contains("rateLimit.maxRequests (set by REQUESTS) is set otherwise by MAX_REQUESTS"),
        "{text}"
    );
}

#[test]
fn lists_are_separated_by_commas() {
    let limits: Limits =
        config(&[("HORNERO__RATE_LIMIT__ORIGINS", "http://a, http://b")]).section().unwrap();
    assert_eq!(limits.origins, ["http://a", "http://b"]);
}

#[test]
fn broken_files_and_unset_variables_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("config");
    fs::create_dir(&files).unwrap();
    fs::write(files.join("default.json"), "{").unwrap();
    fs::write(files.join("development.json"), r#"{"a": "${MISSING}"}"#).unwrap();

    let text = load(folder.path(), &[]).unwrap_err().to_string();

    assert!(text.contains("is not a JSON object (line 1, column 1)"), "{text}");
    assert!(text.contains("uses ${MISSING}, which is not set"), "{text}");
}

#[test]
fn profile_that_nothing_is_known_of_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    for variable in ["HORNERO_PROFILE", "MODE"] {
        let error = load(folder.path(), &[(variable, "productoin")]).unwrap_err().to_string();
        let told = format!(
            "profile (set by {variable}) must be development or production, or have a file: \
             there is no config/productoin.json"
        );
        assert!(error.contains(&told), "{error}");
        for known in ["development", "production"] {
            assert_eq!(load(folder.path(), &[(variable, known)]).unwrap().profile(), known);
        }
    }
    fs::create_dir(folder.path().join("config")).unwrap();
    fs::write(folder.path().join("config/staging.json"), "{}").unwrap();
    let staging = load(folder.path(), &[("HORNERO_PROFILE", "staging"), ("MODE", "x")]).unwrap();
    assert_eq!(staging.profile(), "staging");
}

#[test]
fn unknown_sections_are_reported() {
    let unknown = config(&[("HORNERO__SEVER__PORT", "1")]).unknown_sections(&["server"]);
    assert_eq!(
        unknown[0].to_string(),
        "sever (set by HORNERO__SEVER__PORT) is not a section; there are: server"
    );
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Friends {
    named: BTreeMap<String, Friend>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Friend {
    age: u32,
    door_key: String,
}

impl Default for Friend {
    fn default() -> Self {
        Self { age: 30, door_key: String::new() }
    }
}

impl Default for Friends {
    fn default() -> Self {
        Self { named: BTreeMap::from([("ada".to_owned(), Friend::default())]) }
    }
}

impl ConfigSection for Friends {
    const KEY: &'static str = "friends";
    const SECRETS: &'static [&'static str] = &["named.*.doorKey"];
    const MAPS: &'static [&'static str] = &["named"];
}

#[test]
fn map_has_entries_of_any_name_and_what_is_not_said_of_one_is_the_default() {
    let variables = [
        ("HORNERO__FRIENDS__NAMED__BEN__AGE", "40"),
        ("HORNERO__FRIENDS__NAMED__ADA__DOOR_KEY", "1234"),
    ];
    let friends = config(&variables).section::<Friends>().unwrap();
    let ada = Friend { door_key: "1234".to_owned(), ..Friend::default() };
    let ben = Friend { age: 40, ..Friend::default() };
    let named = BTreeMap::from([("ada".to_owned(), ada), ("ben".to_owned(), ben)]);
    assert_eq!(friends, Friends { named });
}

#[test]
fn mistakes_in_an_entry_of_a_map_are_found_and_its_secrets_are_not_shown() {
    for (variable, value) in [
        ("HORNERO__FRIENDS__NAMED__BEN__AGE", "old"),
        ("HORNERO__FRIENDS__NAMED__BEN__SIZE", "7"),
        ("HORNERO__FRIENDS__NAMED__BEN", "7"),
        ("HORNERO__FRIENDS__BEN__AGE", "40"),
    ] {
        let problems = config(&[(variable, value)]).section::<Friends>().unwrap_err();
        assert_eq!(problems.0.len(), 1, "{problems}");
    }
    let config = config(&[("HORNERO__FRIENDS__NAMED__BEN__DOOR_KEY", "1234")]);
    let values = (section::Section::of::<Friends>(None).values)(&config).unwrap();
    let shown = |key: &str| values.iter().find(|it| it.key == key).unwrap().value.clone();
    assert_eq!(shown("friends.named.ben.doorKey"), "***");
    assert_eq!(shown("friends.named.ben.age"), 30);
    assert_eq!(shown("friends.named.ada.doorKey"), "");
}
