//! Tokens of another issuer, which are checked by its public keys.

use std::time::Duration;

use auth::{ChangeUser, Role, Status};
use hornero::testing::Refused;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

mod key;
mod key_server;
mod published;

use key::{Key, claims};

use crate::{
    command::Folder,
    util::{TestApp, User},
};

const ALGORITHMS: [(Algorithm, &str); 3] =
    [(Algorithm::RS256, "RS256"), (Algorithm::ES256, "ES256"), (Algorithm::EdDSA, "EdDSA")];

/// A server that takes another issuer's tokens, which are checked by `source`.
async fn app(algorithm: &str, source: (&str, &str), more: &[(&str, &str)]) -> TestApp {
    let variables = [
        ("HORNERO__AUTH__JWT__ALGORITHM", algorithm),
        ("HORNERO__AUTH__JWT__ISSUER", "https://login.example.org"),
        ("HORNERO__AUTH__JWT__AUDIENCE", "chat-api"),
        source,
    ];
    TestApp::with(&[&variables[..], more].concat()).await
}

/// A server with this key, and no other.
async fn with_key(key: &Key, more: &[(&str, &str)]) -> TestApp {
    let name = ALGORITHMS.iter().find(|it| it.0 == key.algorithm).unwrap().1;
    let pem = key.pem.replace('\n', "\\n");
    app(name, ("HORNERO__AUTH__JWT__PUBLIC_KEY", &pem), more).await
}

fn user(app: &TestApp, id: &str, token: String) -> User {
    User { address: app.address(), id: id.to_owned(), email: None, token }
}

#[tokio::test]
async fn user_of_another_issuer_is_a_user_here_at_both_doors() {
    for (algorithm, _) in ALGORITHMS {
        let key = Key::new("k1", algorithm);
        let app = with_key(&key, &[]).await;
        let ada = user(&app, "auth0|ada", key.sign(&claims("auth0|ada")));

        let mut socket = ada.connect("/chat").await;
        let me = ada.get("/auth/me").await.expect(200);

        assert_eq!(me["id"], "auth0|ada", "{algorithm:?}");
        assert_eq!((&me["displayName"], &me["email"]), (&json!("Ada Lovelace"), &Value::Null));
        assert_eq!((&me["role"], &me["userType"]), (&json!("user"), &json!("employee")));
        assert_eq!(me["scope"], "chat");
        let room = ada.room("public").await;
        assert_eq!(socket.join(&room).await["members"][0]["userId"], "auth0|ada");
        socket.say(&room, "hello").await;
    }
}

#[tokio::test]
async fn key_may_lie_in_a_file() {
    let key = Key::new("k1", Algorithm::ES256);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("issuer.pem");
    std::fs::write(&path, &key.pem).unwrap();
    let source = ("HORNERO__AUTH__JWT__PUBLIC_KEY", path.to_str().unwrap());

    let app = app("ES256", source, &[]).await;

    app.get("/auth/me").bearer(&key.sign(&claims("ada"))).await.expect(200);
}

#[tokio::test]
async fn many_who_come_for_the_first_time_at_once_are_one_user() {
    let key = Key::new("k1", Algorithm::ES256);
    let app = with_key(&key, &[]).await;
    let token = key.sign(&claims("ada"));

    let come = (0..12).map(|_| async { app.get("/auth/me").bearer(&token).await.expect(200) });
    let came = futures_util::future::join_all(come).await;

    assert!(came.iter().all(|it| *it == came[0]), "{came:?}");
}

#[tokio::test]
async fn forged_tokens_are_refused_whatever_they_say_about_keys() {
    let (key, other) = (Key::new("k1", Algorithm::RS256), Key::new("k1", Algorithm::RS256));
    let app = with_key(&key, &[]).await;
    let eve = claims("eve");
    let confused = EncodingKey::from_secret(key.pem.as_bytes());
    let with = |name: &str, value: Value| {
        let mut claims = claims("eve");
        claims[name] = value;
        claims
    };
    for (why, token) in [
        ("another's key", other.sign(&eve)),
        (
            "brings its key",
            other.sign_with(&eve, |it| {
                it.jwk = serde_json::from_value(other.published()).ok();
            }),
        ),
        (
            "says where its key is",
            other.sign_with(&eve, |it| {
                it.jku = Some("http://127.0.0.1:1/keys".to_owned());
                it.x5u = it.jku.clone();
            }),
        ),
        (
            "the public key as a secret",
            encode(&Header::new(Algorithm::HS256), &eve, &confused).unwrap(),
        ),
        ("an extension", key.sign_with(&eve, |it| it.crit = Some(vec!["exp".to_owned()]))),
        ("another issuer", key.sign(&with("iss", json!("https://evil.example")))),
        ("another audience", key.sign(&with("aud", json!(["account"])))),
        ("an identity token", key.sign(&with("typ", json!("ID")))),
        ("a refresh token", key.sign(&with("typ", json!("Refresh")))),
        ("a program", key.sign(&with("sub", json!("service:billing")))),
        ("no scope", key.sign(&with("scope", Value::Null))),
    ] {
        let refusal = app.get("/auth/me").bearer(&token).await.expect(401);
        assert_eq!(refusal["error_code"], "UNAUTHORIZED", "{why}");
        let refused = app.handshake("/chat").auth(json!({ "token": token })).connect().await;
        let refused = refused.err().unwrap();
        assert!(
            matches!(&refused, Refused::Connect(it) if it["message"] == "AUTH_FAILED"),
            "{why}: {refused:?}"
        );
    }
    app.get("/auth/me").bearer(&key.sign(&claims("ada"))).await.expect(200);
}

#[tokio::test]
async fn nobody_registers_or_logs_in_where_tokens_are_issued_elsewhere() {
    let key = Key::new("k1", Algorithm::EdDSA);
    let app = with_key(&key, &[]).await;
    let form = json!({ "email": "a@b.org", "password": crate::util::PASSWORD, "displayName": "A" });
    let token = json!({ "refreshToken": "x".repeat(43) });

    for (path, body) in [
        ("/auth/register", form.clone()),
        ("/auth/login", form),
        ("/auth/guest", json!({})),
        ("/auth/refresh", token),
    ] {
        let refusal = app.post(path).json(body).await.expect(403);
        assert_eq!(refusal["error_code"], "FORBIDDEN", "{path}");
        assert!(refusal["error"].as_str().unwrap().contains("issued elsewhere"), "{refusal}");
    }
    app.post("/auth/logout").bearer(&key.sign(&claims("ada"))).await.expect(204);

    let pem = key.pem.replace('\n', "\\n");
    let variables =
        [("HORNERO__AUTH__JWT__ALGORITHM", "EdDSA"), ("HORNERO__AUTH__JWT__PUBLIC_KEY", &pem)];
    let end = Folder::new().run(&["token", "issue", "--service", "billing"], &variables);
    assert_eq!((end.code, &*end.output), (Some(1), ""));
    assert!(end.errors.contains("issued elsewhere"), "{}", end.errors);
}

#[test]
fn doctor_complains_of_keys_that_others_may_change_on_the_way() {
    let folder = Folder::new();
    let ask = |url: &str| {
        let variables = [
            ("HORNERO_PROFILE", "production"),
            ("HORNERO__AUTH__JWT__ALGORITHM", "RS256"),
            ("HORNERO__AUTH__JWT__JWKS_URL", url),
        ];
        let end = folder.run(&["doctor"], &variables);
        end.output.lines().find(|it| it.contains("secrets:")).unwrap().to_owned()
    };
    assert!(ask("http://login.example.org/keys").starts_with("WRONG"));
    assert!(ask("https://login.example.org/keys").starts_with("ok"));
    assert!(ask("http://localhost:9000/keys").starts_with("ok"));
}

#[test]
fn key_that_is_none_is_told_when_the_server_starts() {
    let folder = Folder::new();
    let start = |algorithm: &str, key: &str| {
        let variables = [
            ("HORNERO__SERVER__PORT", "0"),
            ("HORNERO__AUTH__JWT__ALGORITHM", algorithm),
            ("HORNERO__AUTH__JWT__PUBLIC_KEY", key),
        ];
        let end = folder.run(&["serve"], &variables);
        assert_eq!(end.code, Some(1), "{}", end.output);
        end.errors
    };
    let key = Key::new("k1", Algorithm::ES256);
    assert!(
        start("ES256", "nowhere.pem").contains("auth.jwt.publicKey nowhere.pem cannot be read")
    );
    assert!(start("RS256", &key.pem).contains("is no public key for RS256"));
    assert!(start("ES256", "-----BEGIN PRIVATE KEY-----").contains("is a private key"));
}

#[tokio::test]
async fn rights_are_what_admins_make_of_a_user_unless_the_issuer_is_trusted() {
    let key = Key::new("k1", Algorithm::ES256);
    let mut says = claims("root");
    says["role"] = json!("admin");
    says["user_type"] = json!("supervisor");
    let token = key.sign(&says);
    let patch = json!({});

    let app = with_key(&key, &[("HORNERO__AUTH__JWT__TRUST_ROLE", "true")]).await;
    let me = app.get("/auth/me").bearer(&token).await.expect(200);
    assert_eq!((&me["role"], &me["userType"]), (&json!("admin"), &json!("supervisor")));
    app.patch("/auth/users/root").bearer(&token).json(&patch).await.expect(200);

    let app = with_key(&key, &[]).await;
    let root = user(&app, "root", token);
    let mut socket = root.connect("/chat").await;
    assert_eq!(root.get("/auth/me").await.expect(200)["role"], "user");
    root.request("PATCH", "/auth/users/root").json(&patch).await.expect(403);

    let change = ChangeUser { role: Some(Role::Admin), ..ChangeUser::default() };
    app.change("root", change).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    root.request("PATCH", "/auth/users/root").json(&patch).await.expect(200);
    let ben = user(&app, "ben", key.sign(&claims("ben")));
    let theirs = ben.room("private").await;
    assert_eq!(socket.join(&theirs).await["roomId"], json!(theirs));

    let change = ChangeUser { status: Some(Status::Disabled), ..ChangeUser::default() };
    app.change("root", change).await;
    socket.sent_away().await;
    root.get("/auth/me").await.expect(401);
    let app = app.restart().await;
    app.get("/auth/me").bearer(&root.token).await.expect(401);
}

#[tokio::test]
async fn guest_of_another_issuer_is_a_guest_who_is_not_removed() {
    let key = Key::new("k1", Algorithm::ES256);
    let soon = [("HORNERO__AUTH__JWT__MAX_AGE", "1s"), ("HORNERO__AUTH__GUEST_MAX_AGE", "1s")];
    let app = with_key(&key, &soon).await;
    let mut says = claims("eve");
    says["user_type"] = json!("guest");
    let eve = user(&app, "eve", key.sign(&says));
    eve.post("/rooms", json!({ "name": "Kitchen" })).await.expect(403);
    let session = eve.session().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    eve.get(&format!("/sessions/{session}")).await.expect(200);
}

#[tokio::test]
async fn whoever_shares_our_secret_may_issue_tokens_for_users_of_their_own() {
    let secret = "0123456789abcdef0123456789abcdef";
    let app = TestApp::with(&[("JWT_SECRET", secret)]).await;
    let mut says = claims("crm-7");
    says["iss"] = json!("dialog-gateway");
    says["aud"] = json!("personal-assistant");
    for claim in ["typ", "sid", "jti", "role"] {
        says.as_object_mut().unwrap().remove(claim);
    }
    let key = EncodingKey::from_secret(secret.as_bytes());
    let token = encode(&Header::new(Algorithm::HS256), &says, &key).unwrap();
    user(&app, "crm-7", token).room("public").await;
}
