//! What the program writes while it works holds nothing that others must not read, however much
//! it is asked to write.

mod bucket;
mod doings;

use auth::NewServiceKey;
use serde_json::Value;

use crate::{
    command::Folder,
    robots::server::RobotServer,
    util::{PASSWORD, text},
};

/// Stands in every message, prompt, answer and file.
const WORDS: &str = "meet-me-at-the-oven-at-noon";

/// Secrets of the configuration.
const JWT_SECRET: &str = "oven-signing-key-0123456789abcdef";
const S3_SECRET: &str = "oven-bucket-secret-0123456789";
const ROBOT_KEY: &str = "sk-oven-robot-0123456789";
const OPERATOR: &str = "operator horse staple";

const WRONG_PASSWORD: &str = "wrong horse battery";

/// What must not be read, with a name for each.
#[derive(Default)]
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn add(&mut self, name: &'static str, secret: &str) {
        self.0.push((name, secret.to_owned()));
    }

    /// A token, whole or in parts: the first one says only how it is signed.
    fn add_token(&mut self, name: &'static str, token: &str) {
        token.split('.').skip(1).for_each(|part| self.add(name, part));
        self.add(name, token);
    }

    /// Both tokens of an answer that lets somebody in.
    fn add_login(&mut self, answer: &Value) {
        self.add_token("access token", &text(&answer["accessToken"]));
        self.add_token("refresh token", &text(&answer["refreshToken"]));
    }

    #[track_caller]
    fn are_not_in(&self, said: &str) {
        let told = |line: &&str| self.0.iter().any(|(_, secret)| line.contains(secret.as_str()));
        let lines: Vec<_> = said.lines().filter(told).take(5).collect();
        let of = |(name, secret): &(&'static str, String)| {
            said.contains(secret.as_str()).then_some(*name)
        };
        let names: Vec<_> = self.0.iter().filter_map(of).collect();
        assert!(names.is_empty(), "{names:?} in:\n{}", lines.join("\n"));
    }
}

#[tokio::test]
async fn neither_secrets_nor_words_are_logged_as_it_is_configured_by_default() {
    let said = everything_is_done(&[]).await;
    // From the output and from the errors: the greeting, and the robot that has failed.
    assert!(said.contains("REST        http://") && said.contains("WARN"), "{said}");
}

// The bucket answers while a command is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_secrets_nor_words_are_logged_when_everything_else_is() {
    let bucket = bucket::start().await;
    let endpoint = format!("http://{bucket}");
    let said = everything_is_done(&[
        ("HORNERO__LOGGING__LEVEL", "trace"),
        ("HORNERO__FILES__S3__BUCKET", "oven"),
        ("HORNERO__FILES__S3__ENDPOINT", &endpoint),
        ("HORNERO__FILES__S3__ACCESS_KEY", "oven-access"),
        ("HORNERO__FILES__S3__SECRET_KEY", S3_SECRET),
    ])
    .await;
    assert!(said.contains("TRACE"), "{said}");
}

/// Lets a server do all that it can with secrets and words, and gives what it has said.
async fn everything_is_done(more: &[(&str, &str)]) -> String {
    let folder = Folder::new();
    let robot = RobotServer::start().await;
    let key = NewServiceKey::generate("billing").unwrap();
    let hash = admin::hash_password(OPERATOR).unwrap();
    let url = robot.url();
    let ours = [
        ("JWT_SECRET", JWT_SECRET),
        ("HORNERO__AUTH__SERVICE_KEYS", &*key.entry),
        ("HORNERO__ADMIN__ENABLED", "true"),
        ("HORNERO__ADMIN__PASSWORD_HASH", &hash),
        ("HORNERO__ROBOTS__NAMED__GPT__URL", &url),
        ("HORNERO__ROBOTS__NAMED__GPT__API_KEY", ROBOT_KEY),
        ("HORNERO__ROBOTS__NAMED__GPT__RETRIES", "0"),
        ("HORNERO__RATE_LIMIT__CREDENTIALS", "0"),
        ("HORNERO__RATE_LIMIT__HANDSHAKES", "0"),
    ];
    let variables = [&ours, more].concat();
    let mut secrets = Secrets::default();
    for (name, secret) in [
        ("key of tokens", JWT_SECRET),
        ("secret of S3", S3_SECRET),
        ("key of the robot", ROBOT_KEY),
        ("key of a service", &key.key),
        ("operator's password", OPERATOR),
        ("hash of the operator's password", &hash),
        ("password", PASSWORD),
        ("wrong password", WRONG_PASSWORD),
        ("words", WORDS),
    ] {
        secrets.add(name, secret);
    }

    let mut said = String::new();
    for command in ["config", "check", "doctor"] {
        let variables = [&variables[..], &[("HORNERO__SERVER__PORT", "0")]].concat();
        let end = folder.run(&[command], &variables);
        assert_eq!(end.code, Some(0), "{command}: {}{}", end.output, end.errors);
        said += &(end.output + &end.errors);
    }
    let server = folder.serve(&variables);
    let ada = doings::people_come(server.address, &mut secrets).await;
    doings::doors_are_tried(&ada, &key.key).await;
    doings::things_are_said(&ada, &robot).await;
    doings::people_go(&ada).await;
    said += &server.stop();
    secrets.are_not_in(&said);
    said
}
