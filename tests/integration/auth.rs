//! Who may come in, and as whom.

use hornero::testing::Answer;
use serde_json::{Value, json};

use crate::util::{PASSWORD, TestApp, User};

/// `{"alg":"none","typ":"JWT"}`
const UNSIGNED: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";

#[tokio::test]
async fn registered_user_is_signed_in_and_told_who_they_are() {
    let app = TestApp::start().await;
    let form = json!({ "email": "Ada@Example.org", "password": PASSWORD, "displayName": " Ada " });

    let signed_in = app.post("/auth/register").json(form).await.expect(201);

    let user = &signed_in["user"];
    assert_eq!(user["email"], "ada@example.org");
    assert_eq!(user["displayName"], "Ada");
    assert_eq!((&user["userType"], &user["role"]), (&json!("employee"), &json!("user")));
    assert_eq!(user["scope"], "chat tasks email docs");
    assert_eq!(signed_in["expiresIn"], 3600);
    assert!(!signed_in.to_string().contains("argon2"), "{signed_in}");
    assert_eq!(User::of(app.address(), &signed_in).get("/auth/me").await.expect(200), *user);
}

#[tokio::test]
async fn user_logs_in_with_the_address_in_any_case() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let email = ada.email.unwrap().to_uppercase();

    let form = json!({ "email": email, "password": PASSWORD });
    let signed_in = app.post("/auth/login").json(form).await.expect(200);

    assert_eq!(signed_in["user"]["id"], ada.id);
    let me = User::of(app.address(), &signed_in).get("/auth/me").await.expect(200);
    assert_eq!(me["id"], ada.id);
}

#[tokio::test]
async fn guest_comes_in_with_nothing_but_a_name() {
    let app = TestApp::start().await;
    let guest = app.post("/auth/guest").json(json!({ "displayName": "Ben" })).await.expect(201);
    assert_eq!(guest["user"]["userType"], "guest");
    assert_eq!(guest["user"]["scope"], "chat");
    assert_eq!(guest["user"]["email"], Value::Null);

    let nameless = app.post("/auth/guest").json(json!({})).await.expect(201);
    assert_eq!(nameless["user"]["displayName"], "Guest");
}

#[tokio::test]
async fn wrong_password_and_unknown_address_are_refused_in_the_same_words() {
    let app = TestApp::start().await;
    let email = app.register("Ada").await.email.unwrap();

    let wrong = json!({ "email": email, "password": "difference engine" });
    let wrong = app.post("/auth/login").json(wrong).await.refusal();
    let unknown = json!({ "email": "nobody@example.org", "password": PASSWORD });
    let unknown = app.post("/auth/login").json(unknown).await.refusal();

    assert_eq!(wrong, unknown);
    assert_eq!((wrong.0, &wrong.1["error_code"]), (401, &json!("UNAUTHORIZED")));
}

#[tokio::test]
async fn address_that_is_taken_is_a_conflict_with_its_reason() {
    let app = TestApp::start().await;
    let email = app.register("Ada").await.email.unwrap().to_uppercase();

    let form = json!({ "email": email, "password": PASSWORD, "displayName": "Eve" });
    let refusal = app.post("/auth/register").json(form).await.expect(409);

    assert_eq!(refusal["error_code"], "INVALID_REQUEST");
    assert_eq!(refusal["details"]["reason"], "email_taken");
}

#[tokio::test]
async fn every_field_at_fault_is_listed_and_no_value_is_echoed() {
    let app = TestApp::start().await;
    let form = json!({ "email": "hunter2", "password": "hunter2", "displayName": "hunter2\n" });

    let refusal = app.post("/auth/register").json(form).await.expect(400);

    assert_eq!(refusal["error_code"], "INVALID_REQUEST");
    let fields = refusal["details"]["fields"].as_array().unwrap();
    let named: Vec<_> = fields.iter().map(|it| it["field"].as_str().unwrap()).collect();
    assert_eq!(named, ["displayName", "email", "password"]);
    assert_eq!(refusal["details"]["field"], fields[0]["field"]);
    assert_eq!(refusal["details"]["rule"], fields[0]["rule"]);
    assert_eq!(fields[2]["message"], "12 to 128 characters");
    assert!(!refusal.to_string().contains("hunter2"), "{refusal}");
}

#[tokio::test]
async fn closed_registration_still_lets_guests_in() {
    let app = TestApp::with(&[("HORNERO__AUTH__REGISTRATION", "false")]).await;
    let form = json!({ "email": "a@b.org", "password": PASSWORD, "displayName": "Ada" });

    let refusal = app.post("/auth/register").json(form).await.expect(403);

    assert_eq!(refusal["error_code"], "FORBIDDEN");
    app.guest("Ben").await.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn guest_makes_no_room() {
    let app = TestApp::start().await;
    let guest = app.guest("Ben").await;
    let refusal = guest.post("/rooms", json!({ "name": "Kitchen" })).await.expect(403);
    assert_eq!(refusal["error_code"], "FORBIDDEN");
    assert_eq!(guest.get("/rooms").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn guest_has_one_open_session() {
    let app = TestApp::start().await;
    let guest = app.guest("Ben").await;
    guest.session().await;

    let refusal = guest.post("/sessions", json!({})).await.expect(403);

    assert_eq!(refusal["error_code"], "FORBIDDEN");
    app.guest("Eve").await.session().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guest_who_begins_sessions_at_the_same_time_gets_one() {
    let app = TestApp::start().await;
    // The first one's requests open connections to the database; the others' meet on them.
    for name in ["Ben", "Cleo", "Dan"] {
        let guest = app.guest(name).await;

        let begin = async || guest.post("/sessions", json!({})).await;
        let answers = futures_util::future::join_all((0..8).map(|_| begin())).await;

        let begun = answers.iter().filter(|it| it.status == 201).count();
        assert_eq!(begun, 1, "{answers:?}");
        let sessions = guest.get("/sessions").await.expect(200);
        assert_eq!(sessions["items"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn tokens_that_are_not_ours_are_refused() {
    let app = TestApp::start().await;
    let token = app.guest("Ben").await.token;
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let claims = signed.split_once('.').unwrap().1;
    let tampered: String = signature.chars().rev().collect();
    for (why, authorization) in [
        ("garbage", "Bearer garbage".to_owned()),
        ("nothing", "Bearer ".to_owned()),
        ("another scheme", format!("Basic {token}")),
        ("no signature", format!("Bearer {UNSIGNED}.{claims}.")),
        ("no signature with a signature", format!("Bearer {UNSIGNED}.{claims}.{signature}")),
        ("another signature", format!("Bearer {signed}.{tampered}")),
    ] {
        let answer = app.get("/auth/me").header("authorization", &authorization).await;
        assert_eq!(answer.status, 401, "{why}: {}", answer.body);
        assert_eq!(answer.body["error_code"], "UNAUTHORIZED", "{why}");
    }
    app.get("/auth/me").await.expect(401);
    app.get("/auth/me").header("authorization", &format!("bearer {token}")).await.expect(200);
}

#[tokio::test]
async fn cookie_is_out_of_reach_of_scripts_and_of_foreign_forms() {
    let app = TestApp::start().await;
    let answer = app.post("/auth/guest").json(json!({})).await;
    let (value, attributes) = set_cookie(&answer, "access_token");
    assert_eq!(value, answer.body["accessToken"]);
    assert_eq!(attributes, ["HttpOnly", "Max-Age=3600", "Path=/", "SameSite=Lax"]);
    let (value, attributes) = set_cookie(&answer, "refresh_token");
    assert_eq!(value, answer.body["refreshToken"]);
    assert_eq!(attributes, ["HttpOnly", "Max-Age=2592000", "Path=/auth/", "SameSite=Lax"]);
}

#[tokio::test]
async fn secure_cookie_is_bound_to_the_host_and_to_https() {
    let app = TestApp::with(&[("HORNERO__AUTH__COOKIES__SECURE", "true")]).await;
    let answer = app.post("/auth/guest").json(json!({})).await;
    let (value, attributes) = set_cookie(&answer, "__Host-access_token");
    assert_eq!(attributes, ["HttpOnly", "Max-Age=3600", "Path=/", "SameSite=Lax", "Secure"]);
    let (refresh, attributes) = set_cookie(&answer, "__Secure-refresh_token");
    let expected = ["HttpOnly", "Max-Age=2592000", "Path=/auth/", "SameSite=Lax", "Secure"];
    assert_eq!(attributes, expected);

    // A page of a sibling domain can set the name without the prefix.
    let cookie = |name: &str| format!("{name}={value}");
    app.get("/auth/me").header("cookie", &cookie("access_token")).await.expect(401);
    app.get("/auth/me").header("cookie", &cookie("__Host-access_token")).await.expect(200);
    for (status, name) in [(401, "refresh_token"), (200, "__Secure-refresh_token")] {
        let cookie = format!("{name}={refresh}");
        let request = app.post("/auth/refresh").header("sec-fetch-site", "same-origin");
        request.header("cookie", &cookie).json(json!({})).await.expect(status);
    }
}

#[tokio::test]
async fn cookie_alone_is_enough_to_read_and_not_to_write() {
    let app = TestApp::start().await;
    let user = app.register("Ada").await;
    let cookie = format!("other=1; access_token={}", user.token);
    let me = app.get("/auth/me").header("cookie", &cookie).await.expect(200);
    assert_eq!(me["id"], user.id);

    let own = format!("http://{}", app.address());
    let bearer = format!("Bearer {}", user.token);
    for (status, headers) in [
        (403, vec![]),
        (403, vec![("sec-fetch-site", "cross-site")]),
        (403, vec![("sec-fetch-site", "same-site")]),
        (403, vec![("origin", "https://evil.example")]),
        (403, vec![("origin", "null"), ("sec-fetch-site", "same-origin")]),
        (201, vec![("sec-fetch-site", "same-origin")]),
        (201, vec![("origin", own.as_str())]),
        // Whoever has the token itself is no foreign page.
        (201, vec![("authorization", bearer.as_str()), ("sec-fetch-site", "cross-site")]),
    ] {
        let sent = [headers.clone(), vec![("cookie", cookie.as_str())]].concat();
        let answer = app.post("/sessions").headers(&sent).json(json!({})).await;
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.body);
        if status == 403 {
            assert_eq!(answer.body["error_code"], "FORBIDDEN");
        }
    }
}

#[tokio::test]
async fn cookie_beside_a_bad_bearer_token_is_ignored() {
    let app = TestApp::start().await;
    let cookie = format!("access_token={}", app.guest("Ben").await.token);
    let headers = [("authorization", "Bearer garbage"), ("cookie", &*cookie)];
    app.get("/auth/me").headers(&headers).await.expect(401);
}

/// Value and sorted attributes of a cookie of this name that an answer sets.
#[track_caller]
fn set_cookie(answer: &Answer, name: &str) -> (String, Vec<String>) {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap());
    let mut named = cookies.filter_map(|it| it.strip_prefix(name)?.strip_prefix('='));
    let mut parts = named.next_back().unwrap_or_else(|| panic!("no {name}")).split("; ");
    let value = parts.next().unwrap().to_owned();
    let mut attributes: Vec<_> = parts.map(str::to_owned).collect();
    attributes.sort();
    (value, attributes)
}
