//! What admins and operators change about users, and when it counts.

use std::time::Duration;

use auth::{ChangeUser, Role, Status};
use serde_json::json;

use crate::util::{PASSWORD, TestApp};

/// Time within which a change counts everywhere.
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn admin_changes_what_a_user_is_and_it_counts_at_once() {
    let app = TestApp::start().await;
    let root = app.promoted("Root", Some(Role::Admin), None).await;
    let ada = app.register("Ada").await;
    let mut socket = ada.connect("/chat").await;
    let path = format!("/auth/users/{}", ada.id);

    let change = json!({ "userType": "supervisor", "role": "admin", "scope": "chat docs" });
    let user = root.request("PATCH", &path).json(change).await.expect(200);

    assert_eq!((&user["userType"], &user["role"]), (&json!("supervisor"), &json!("admin")));
    assert_eq!((&user["scope"], &user["status"]), (&json!("chat docs"), &json!("active")));
    assert_eq!(ada.get("/auth/me").await.expect(200), user);
    // The token is from before, and says less.
    let same = ada.request("PATCH", &path).json(json!({})).await.expect(200);
    assert_eq!(same["role"], "admin");

    let change = json!({ "role": "user", "userType": "employee", "scope": "docs" });
    root.request("PATCH", &path).json(change).await.expect(200);
    ada.request("PATCH", &path).json(json!({})).await.expect(403);
    ada.get("/rooms").await.expect(403);
    let ack = socket.emit_ack("chat:room:create", json!({ "name": "Hall" })).await;
    assert_eq!(ack["error"]["code"], "PERMISSION_DENIED", "{ack}");
}

#[tokio::test]
async fn nobody_but_admins_changes_users() {
    let app = TestApp::start().await;
    let root = app.promoted("Root", Some(Role::Admin), None).await;
    let ada = app.register("Ada").await;
    let change = json!({ "role": "admin" });

    ada.request("PATCH", &format!("/auth/users/{}", ada.id)).json(&change).await.expect(403);
    app.patch(&format!("/auth/users/{}", ada.id)).json(&change).await.expect(401);
    root.request("PATCH", "/auth/users/nobody").json(&change).await.expect(404);
    for wrong in [json!({ "scope": "all" }), json!({ "scope": "" }), json!({ "status": "gone" })] {
        let request = root.request("PATCH", &format!("/auth/users/{}", ada.id));
        request.json(&wrong).await.expect(400);
    }
}

#[tokio::test]
async fn disabled_user_is_out_until_enabled() {
    let app = TestApp::start().await;
    let root = app.promoted("Root", Some(Role::Admin), None).await;
    let ada = app.register("Ada").await;
    let form = json!({ "email": ada.email, "password": PASSWORD });
    let again = app.post("/auth/login").json(&form).await.expect(200);
    let mut socket = ada.connect("/chat").await;
    let path = format!("/auth/users/{}", ada.id);

    root.request("PATCH", &path).json(json!({ "status": "disabled" })).await.expect(200);

    assert_eq!(socket.event("chat:error").await["code"], "AUTH_FAILED");
    socket.sent_away().await;
    ada.get("/auth/me").await.expect(401);
    app.post("/auth/login").json(&form).await.expect(403);
    let token = json!({ "refreshToken": again["refreshToken"] });
    app.post("/auth/refresh").json(&token).await.expect(401);

    root.request("PATCH", &path).json(json!({ "status": "active" })).await.expect(200);
    ada.get("/auth/me").await.expect(401);
    app.post("/auth/refresh").json(&token).await.expect(401);
    app.post("/auth/login").json(&form).await.expect(200);
}

#[tokio::test]
async fn what_another_process_changes_counts_within_a_second_and_after_a_restart() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let mut socket = ada.connect("/chat").await;
    let status = Some(Status::Disabled);
    let email = ada.email.clone().unwrap();

    app.change(&email, ChangeUser { status, ..ChangeUser::default() }).await;

    tokio::time::sleep(SECOND).await;
    ada.get("/auth/me").await.expect(401);
    assert_eq!(socket.event("chat:error").await["code"], "AUTH_FAILED");
    let app = app.restart().await;
    app.get("/auth/me").bearer(&ada.token).await.expect(401);
}

#[tokio::test]
async fn guest_who_does_not_come_back_is_removed() {
    let app = TestApp::with(&[
        ("HORNERO__AUTH__JWT__MAX_AGE", "1s"),
        ("HORNERO__AUTH__GUEST_MAX_AGE", "2s"),
    ])
    .await;
    let gone = app.guest("Ben").await;
    let ada = app.register("Ada").await;
    let mut here = app.post("/auth/guest").json(json!({})).await.expect(201);
    for _ in 0..9 {
        tokio::time::sleep(SECOND / 2).await;
        let token = json!({ "refreshToken": here["refreshToken"] });
        here = app.post("/auth/refresh").json(token).await.expect(200);
    }

    let root = app.promoted("Root", Some(Role::Admin), None).await;
    let found = async |id: &str| {
        let path = format!("/auth/users/{id}");
        root.request("PATCH", &path).json(json!({})).await.status
    };
    assert_eq!(found(&gone.id).await, 404);
    assert_eq!(found(here["user"]["id"].as_str().unwrap()).await, 200);
    assert_eq!(found(&ada.id).await, 200);
}
