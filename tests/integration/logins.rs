//! How long somebody stays signed in: refresh tokens, and what ends a login.

use hornero::testing::Answer;
use serde_json::{Value, json};

use crate::util::{PASSWORD, TestApp, User, text};

/// Presents a refresh token.
async fn refresh(app: &TestApp, token: &Value) -> Answer {
    app.post("/auth/refresh").json(json!({ "refreshToken": token })).await
}

#[tokio::test]
async fn refresh_token_of_every_way_in_is_exchanged_for_two_new_tokens() {
    let app = TestApp::start().await;
    let form = json!({ "email": "ada@example.org", "password": PASSWORD, "displayName": "Ada" });
    let registered = app.post("/auth/register").json(&form).await.expect(201);
    let logged_in = app.post("/auth/login").json(&form).await.expect(200);
    let guest = app.post("/auth/guest").json(json!({})).await.expect(201);

    for signed_in in [registered, logged_in, guest] {
        let next = refresh(&app, &signed_in["refreshToken"]).await.expect(200);

        assert_eq!(next["user"], signed_in["user"]);
        assert_eq!(next["expiresIn"], 3600);
        assert_ne!(next["accessToken"], signed_in["accessToken"]);
        assert_ne!(next["refreshToken"], signed_in["refreshToken"]);
        let token = text(&next["accessToken"]);
        let me = app.get("/auth/me").bearer(&token).await.expect(200);
        assert_eq!(me, signed_in["user"]);
        // And so on.
        refresh(&app, &next["refreshToken"]).await.expect(200);
    }
}

#[tokio::test]
async fn answer_that_was_missed_is_given_again_once() {
    let app = TestApp::start().await;
    let first = app.post("/auth/guest").json(json!({})).await.expect(201);
    let answer = refresh(&app, &first["refreshToken"]).await.expect(200);

    let again = refresh(&app, &first["refreshToken"]).await.expect(200);
    assert_eq!(again["refreshToken"], answer["refreshToken"]);
    refresh(&app, &first["refreshToken"]).await.expect(401);

    // That was one too many: somebody else has the token.
    refresh(&app, &answer["refreshToken"]).await.expect(401);
}

#[tokio::test]
async fn token_that_was_used_twice_ends_its_whole_family() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let form = json!({ "email": ada.email, "password": PASSWORD });
    let first = app.post("/auth/login").json(&form).await.expect(200);
    let elsewhere = app.post("/auth/login").json(&form).await.expect(200);
    let second = refresh(&app, &first["refreshToken"]).await.expect(200);
    let third = refresh(&app, &second["refreshToken"]).await.expect(200);

    let refusal = refresh(&app, &first["refreshToken"]).await.expect(401);

    assert_eq!(refusal["error_code"], "UNAUTHORIZED");
    refresh(&app, &third["refreshToken"]).await.expect(401);
    // Another login is another family.
    refresh(&app, &elsewhere["refreshToken"]).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_present_a_token_at_once_two_get_the_same_answer() {
    let app = TestApp::start().await;
    let first = app.post("/auth/guest").json(json!({})).await.expect(201);

    let present = (0..6).map(|_| refresh(&app, &first["refreshToken"]));
    let answers = futures_util::future::join_all(present).await;

    let mut given = answers.iter().filter(|it| it.status == 200);
    let (one, other) = (given.next().unwrap(), given.next().unwrap());
    assert_eq!(one.body["refreshToken"], other.body["refreshToken"]);
    assert_eq!(given.count(), 0);
}

#[tokio::test]
async fn refresh_tokens_survive_a_restart_and_open_nothing_else() {
    let app = TestApp::start().await;
    let guest = app.post("/auth/guest").json(json!({})).await.expect(201);
    let app = app.restart().await;

    let token = text(&guest["refreshToken"]);
    app.get("/auth/me").bearer(&token).await.expect(401);
    app.get("/auth/me").header("cookie", &format!("access_token={token}")).await.expect(401);
    assert!(app.handshake("/chat").auth(json!({ "token": token })).connect().await.is_err());

    refresh(&app, &guest["accessToken"]).await.expect(400);
    refresh(&app, &json!("garbage")).await.expect(401);
    refresh(&app, &guest["refreshToken"]).await.expect(200);
}

#[tokio::test]
async fn refresh_token_ends_as_configured() {
    let app = TestApp::with(&[("HORNERO__AUTH__REFRESH_MAX_AGE", "1s")]).await;
    let guest = app.post("/auth/guest").json(json!({})).await.expect(201);
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    refresh(&app, &guest["refreshToken"]).await.expect(401);
}

#[tokio::test]
async fn page_refreshes_by_its_cookie_and_foreign_pages_do_not() {
    let app = TestApp::start().await;
    let guest = app.post("/auth/guest").json(json!({})).await.expect(201);
    let cookie = format!("refresh_token={}", text(&guest["refreshToken"]));
    let by_cookie = |headers: &[(&str, &str)]| {
        let request = app.post("/auth/refresh").header("cookie", &cookie);
        request.headers(headers).json(json!({}))
    };

    by_cookie(&[]).await.expect(403);
    by_cookie(&[("origin", "https://evil.example")]).await.expect(403);
    let next = by_cookie(&[("sec-fetch-site", "same-origin")]).await;

    assert_eq!(next.status, 200, "{}", next.text);
    let set: Vec<_> = next.headers.get_all("set-cookie").iter().collect();
    assert_eq!(set.len(), 2, "{set:?}");
    app.post("/auth/refresh").json(json!({})).await.expect(401);
}

#[tokio::test]
async fn who_logs_out_is_out_at_every_door_and_after_a_restart() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let form = json!({ "email": ada.email, "password": PASSWORD });
    let signed_in = app.post("/auth/login").json(&form).await.expect(200);
    let here = User::of(app.address(), &signed_in);
    let (mut socket, mut elsewhere) = (here.connect("/chat").await, ada.connect("/").await);

    let answer = here.request("POST", "/auth/logout").await;

    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let cookies = answer.headers.get_all("set-cookie").iter();
    let forgotten: Vec<_> = cookies.map(|it| it.to_str().unwrap()).collect();
    assert_eq!(forgotten.len(), 2, "{forgotten:?}");
    assert!(forgotten.iter().all(|it| it.contains("_token=; ") && it.contains("Max-Age=0")));
    let error = socket.event("chat:error").await;
    assert_eq!((&error["code"], &error["recoverable"]), (&json!("AUTH_FAILED"), &json!(false)));
    socket.sent_away().await;
    let out = async |app: &TestApp| {
        app.get("/auth/me").bearer(&here.token).await.expect(401);
        let auth = json!({ "token": here.token });
        assert!(app.handshake("/chat").auth(auth).connect().await.is_err());
        refresh(app, &signed_in["refreshToken"]).await.expect(401);
    };
    out(&app).await;
    // Another login of the same user goes on.
    elsewhere.call("chat:room:create", json!({ "name": "Hall" })).await;

    let app = app.restart().await;
    out(&app).await;
    app.get("/auth/me").bearer(&ada.token).await.expect(200);
}

#[tokio::test]
async fn stolen_refresh_token_closes_the_sockets_of_its_login() {
    let app = TestApp::start().await;
    let first = app.post("/auth/guest").json(json!({})).await.expect(201);
    let mut socket = User::of(app.address(), &first).connect("/chat").await;
    let second = refresh(&app, &first["refreshToken"]).await.expect(200);
    refresh(&app, &second["refreshToken"]).await.expect(200);

    refresh(&app, &first["refreshToken"]).await.expect(401);

    assert_eq!(socket.event("chat:error").await["code"], "AUTH_FAILED");
    app.get("/auth/me").bearer(&text(&second["accessToken"])).await.expect(401);
}
