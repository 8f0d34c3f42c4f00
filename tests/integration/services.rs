//! Programs, which come in by a token or a key of their own.

use auth::{ChangeUser, NewServiceKey, Role, Status};
use hornero::testing::Refused;
use serde_json::json;

use crate::{
    command::Folder,
    util::{TestApp, User},
};

/// A server that lets two services in, and their keys.
async fn app() -> (TestApp, String, String) {
    let billing = NewServiceKey::generate("billing").unwrap();
    let mail = NewServiceKey::generate("mail").unwrap();
    let entries = format!("{}, {}:email", billing.entry, mail.entry);
    let app = TestApp::with(&[("HORNERO__AUTH__SERVICE_KEYS", &entries)]).await;
    (app, billing.key, mail.key)
}

fn service(app: &TestApp, token: &str) -> User {
    let id = "service:billing".to_owned();
    User { address: app.address(), id, email: None, token: token.to_owned() }
}

#[tokio::test]
async fn service_with_a_key_does_what_admins_do_at_both_doors() {
    let (app, key, _) = app().await;
    let (billing, ada) = (service(&app, &key), app.register("Ada").await);
    let private = ada.room("private").await;
    let mut listening = ada.connect("/chat").await;
    listening.join(&private).await;

    let me = billing.get("/auth/me").await.expect(200);
    assert_eq!((&me["id"], &me["displayName"]), (&json!("service:billing"), &json!("billing")));
    assert_eq!((&me["userType"], &me["role"]), (&json!("service"), &json!("user")));
    let mut socket = billing.connect("/chat").await;
    assert_eq!(socket.join(&private).await["roomId"], json!(private));
    let form = json!({ "roomId": private, "content": "done", "type": "system", "role": "system" });
    socket.call("chat:message:send", form).await;
    let heard = listening.event("chat:message:received").await;
    assert_eq!((&heard["senderId"], &heard["type"]), (&json!("service:billing"), &json!("system")));
    let path = format!("/rooms/{private}/messages");
    billing.post(&path, json!({ "content": "x", "role": "assistant" })).await.expect(201);
    billing.get(&path).await.expect(200);
    billing.room("private").await;
    billing.session().await;
    let path = format!("/auth/users/{}", ada.id);
    billing.request("PATCH", &path).json(json!({ "scope": "chat" })).await.expect(200);
    billing.request("DELETE", &format!("/rooms/{private}")).await.expect(204);
}

#[tokio::test]
async fn wrong_key_opens_nothing_and_a_right_one_not_in_an_address() {
    let (app, key, mail) = app().await;
    let other = if key.ends_with('A') { 'E' } else { 'A' };
    let near = format!("{}{other}", &key[..key.len() - 1]);
    for wrong in [near.as_str(), "hsk_", "hsk_billing"] {
        app.get("/auth/me").bearer(wrong).await.expect(401);
    }
    app.get("/auth/me").header("cookie", &format!("access_token={near}")).await.expect(401);

    app.handshake("/chat")
        .header("authorization", &format!("Bearer {key}"))
        .connect()
        .await
        .unwrap();
    app.handshake("/chat").auth(json!({ "token": key })).connect().await.unwrap();
    let refused = app.handshake("/chat").query(&format!("token={key}")).connect().await;
    assert!(
        matches!(refused.err().unwrap(), Refused::Connect(it) if it["message"] == "AUTH_FAILED")
    );

    app.get("/auth/me").bearer(&mail).await.expect(200);
    app.get("/rooms").bearer(&mail).await.expect(403);
}

#[tokio::test]
async fn service_is_shut_out_as_everybody_is() {
    let (app, key, _) = app().await;
    let billing = service(&app, &key);
    let mut socket = billing.connect("/").await;
    let root = app.promoted("Root", Some(Role::Admin), None).await;

    let path = "/auth/users/service:billing";
    root.request("PATCH", path).json(json!({ "status": "disabled" })).await.expect(200);

    socket.sent_away().await;
    billing.get("/auth/me").await.expect(401);
    let change = ChangeUser { status: Some(Status::Active), ..ChangeUser::default() };
    app.change("service:billing", change).await;
    let app = app.restart().await;
    app.get("/auth/me").bearer(&key).await.expect(200);
}

#[tokio::test]
async fn operator_issues_a_token_makes_a_key_and_lists_users() {
    let folder = Folder::new();
    let issue = ["token", "issue", "--service", "billing", "--scope", "chat docs"];
    let issued = folder.run(&issue, &[]);
    assert_eq!(issued.code, Some(0), "{}", issued.errors);
    let made = folder.run(&["token", "key", "--service", "crm"], &[]);
    assert_eq!((made.code, &*made.errors), (Some(0), ""));
    let told = |label: &str| {
        let line = made.output.lines().find_map(|it| it.strip_prefix(label));
        line.unwrap().trim().to_owned()
    };
    let (key, entry) = (told("Key, which is shown once:"), told("Entry of auth.serviceKeys:"));

    let server = folder.serve(&[("HORNERO__AUTH__SERVICE_KEYS", &entry)]);
    let user = |token: &str| User {
        address: server.address,
        id: String::new(),
        email: None,
        token: token.trim().to_owned(),
    };
    let me = user(&issued.output).get("/auth/me").await.expect(200);
    assert_eq!((&me["id"], &me["scope"]), (&json!("service:billing"), &json!("chat docs")));
    user(&key).room("private").await;
    let list = folder.run(&["user", "list"], &[]);
    assert_eq!(list.code, Some(0), "{}", list.errors);
    let listed: Vec<Vec<_>> =
        list.output.lines().map(|it| it.split_whitespace().collect()).collect();
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!(listed[0][..4], ["service:billing", "service", "user", "active"]);
    assert_eq!(listed[1][6], "crm");

    for wrong in [
        &["token", "issue", "--service", "two words"][..],
        &["token", "issue", "--service", "billing", "--scope", "all"],
        &["token", "key", "--service", ""],
    ] {
        assert_eq!(folder.run(wrong, &[]).code, Some(1), "{wrong:?}");
    }
    let entries = [("HORNERO__AUTH__SERVICE_KEYS", "billing:hunter2")];
    let check = folder.run(&["check"], &entries);
    assert_eq!(check.code, Some(2));
    assert!(check.errors.contains("auth.serviceKeys") && !check.errors.contains("hunter2"));
}
