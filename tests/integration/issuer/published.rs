//! Keys that the issuer publishes, and may change, lose or not tell.

use std::time::{Duration, Instant};

use hornero::testing::Answer;
use jsonwebtoken::Algorithm;
use serde_json::json;

use super::{
    app,
    key::{Key, claims},
    key_server::{Behaviour, KeyServer, publish},
};
use crate::util::TestApp;

/// A little more than the shortest time between two fetches.
const PAUSE: Duration = Duration::from_millis(3_100);

async fn reading(server: &KeyServer, more: &[(&str, &str)]) -> TestApp {
    app("RS256", ("HORNERO__AUTH__JWT__JWKS_URL", &server.url()), more).await
}

async fn show(app: &TestApp, key: &Key) -> Answer {
    app.get("/auth/me").bearer(&key.sign(&claims("ada"))).await
}

#[tokio::test]
async fn new_key_counts_as_soon_as_a_token_names_it_and_an_old_one_no_more() {
    let (old, new) = (Key::new("k1", Algorithm::RS256), Key::new("k2", Algorithm::RS256));
    let server = KeyServer::of(&[&old]).await;
    let app = reading(&server, &[]).await;
    let (token, _) = (old.sign(&claims("ada")), show(&app, &old).await.expect(200));
    app.get("/auth/me").bearer(&token).await.expect(200);
    assert_eq!(server.asked(), 1, "once at the start, and not for every token");

    server.rotate(&[&new]);
    tokio::time::sleep(PAUSE).await;
    show(&app, &old).await.expect(200);
    let mut socket = {
        let auth = json!({ "token": new.sign(&claims("ada")) });
        app.handshake("/chat").auth(auth).connect().await.unwrap()
    };
    assert_eq!(server.asked(), 2);
    show(&app, &new).await.expect(200);
    show(&app, &old).await.expect(401);
    app.get("/auth/me").bearer(&token).await.expect(401);
    socket.call("chat:room:create", json!({ "name": "Hall" })).await;
}

#[tokio::test]
async fn tokens_with_made_up_keys_do_not_make_the_server_ask_again_and_again() {
    let key = Key::new("k1", Algorithm::RS256);
    let server = KeyServer::of(&[&key]).await;
    let app = reading(&server, &[]).await;
    tokio::time::sleep(PAUSE).await;

    let attack = (0..40).map(|number| {
        let token = key.sign_with(&claims("eve"), |it| it.kid = Some(format!("k-{number}")));
        std::future::IntoFuture::into_future(app.get("/auth/me").bearer(&token))
    });
    for answer in futures_util::future::join_all(attack).await {
        answer.expect(401);
    }

    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn slow_issuer_keeps_nobody_waiting_for_more_than_one_try() {
    let (known, new) = (Key::new("k1", Algorithm::RS256), Key::new("k2", Algorithm::RS256));
    let server = KeyServer::of(&[&known]).await;
    let app = reading(&server, &[]).await;
    server.change(Behaviour::IsSlow);
    tokio::time::sleep(PAUSE).await;

    let begun = Instant::now();
    let waiting = (0..10).map(|_| show(&app, &new));
    for answer in futures_util::future::join_all(waiting).await {
        answer.expect(503);
    }

    assert!(begun.elapsed() < 2 * PAUSE, "{:?}", begun.elapsed());
    assert_eq!(server.asked(), 2);
    show(&app, &known).await.expect(200);
}

#[tokio::test]
async fn issuer_that_is_down_stops_nobody_whose_key_is_known() {
    let (known, new) = (Key::new("k1", Algorithm::RS256), Key::new("k2", Algorithm::RS256));
    let server = KeyServer::of(&[&known]).await;
    let app = reading(&server, &[]).await;
    drop(server);
    tokio::time::sleep(PAUSE).await;

    let refusal = show(&app, &new).await;

    assert_eq!(refusal.header("retry-after"), "1");
    assert_eq!(refusal.expect(503)["error_code"], "SERVICE_UNAVAILABLE");
    show(&app, &known).await.expect(200);
}

#[tokio::test]
async fn server_starts_and_goes_on_whatever_the_issuer_answers() {
    let key = Key::new("k1", Algorithm::RS256);
    let Behaviour::Text(keys) = publish(&[&key]) else { unreachable!() };
    let elsewhere = KeyServer::of(&[&key]).await;
    let huge = format!("{}{keys}", " ".repeat(256 * 1024));
    let wrongs = [
        Behaviour::Text("garbage".to_owned()),
        Behaviour::Text(r#"{"keys":{}}"#.to_owned()),
        Behaviour::Text(r#"{"keys":[]}"#.to_owned()),
        Behaviour::Text(huge),
        Behaviour::Fails,
        Behaviour::IsSlow,
        Behaviour::Redirects(elsewhere.url()),
    ];
    let tries = wrongs.into_iter().map(async |wrong| {
        let server = KeyServer::that(wrong.clone()).await;
        let app = reading(&server, &[("HORNERO__AUTH__JWT__JWKS_MAX_AGE", "1s")]).await;
        assert_eq!(show(&app, &key).await.status, 503, "{wrong:?}");

        server.rotate(&[&key]);
        tokio::time::sleep(2 * PAUSE).await;
        assert_eq!(show(&app, &key).await.status, 200, "{wrong:?}");

        let asked = server.asked();
        server.change(wrong.clone());
        tokio::time::sleep(2 * PAUSE).await;
        assert!(server.asked() > asked, "{wrong:?}: the keys are old");
        assert_eq!(show(&app, &key).await.status, 200, "{wrong:?}");
    });
    futures_util::future::join_all(tries).await;
    assert_eq!(elsewhere.asked(), 0);
}

#[tokio::test]
async fn operators_are_told_while_no_token_can_be_checked() {
    let key = Key::new("k1", Algorithm::RS256);
    let server = KeyServer::that(Behaviour::Fails).await;
    let app = reading(&server, &[]).await;

    let health = app.get("/health").await.expect(200);
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["checks"]["auth_service"]["status"], "down");

    server.rotate(&[&key]);
    tokio::time::sleep(PAUSE).await;
    show(&app, &key).await.expect(200);
    assert_eq!(app.get("/health").await.expect(200)["status"], "healthy");
}

#[tokio::test]
async fn keys_for_something_else_open_nothing() {
    let key = Key::new("good", Algorithm::RS256);
    let encrypts = Key::new("encrypts", Algorithm::RS256);
    let other = Key::new("other", Algorithm::ES256);
    let mut for_encryption = encrypts.published();
    for_encryption["use"] = json!("enc");
    let secret = json!({ "kty": "oct", "kid": "secret", "k": "c2VjcmV0", "alg": "HS256" });
    let unknown = json!({ "kty": "AKP", "kid": "pq", "alg": "ML-DSA-44", "pub": "AA" });
    let keys = json!({ "keys": [
        for_encryption, secret, unknown, 7, other.published(), key.published()
    ] });
    let server = KeyServer::that(Behaviour::Text(keys.to_string())).await;
    let app = reading(&server, &[]).await;

    show(&app, &key).await.expect(200);
    show(&app, &encrypts).await.expect(401);
    show(&app, &other).await.expect(401);
    // A token need not name its key.
    let nameless = key.sign_with(&claims("ada"), |it| it.kid = None);
    app.get("/auth/me").bearer(&nameless).await.expect(200);
}
