//! Rooms over REST: make, find and list them.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::util::{TestApp, User, text};

#[tokio::test]
async fn room_is_shown_as_it_was_made() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let form = json!({ "name": " Kitchen ", "visibility": "private", "metadata": { "floor": 2 } });

    let room = ada.post("/rooms", form).await.expect(201);

    assert_eq!(room["name"], "Kitchen");
    assert_eq!(room["visibility"], "private");
    assert_eq!(room["createdBy"], ada.id);
    assert_eq!(room["metadata"], json!({ "floor": 2 }));
    assert_eq!(room["memberCount"], 1);
    assert_eq!(room["createdAt"], room["updatedAt"]);
    assert_eq!(ada.get(&path(&room)).await.expect(200), room);
    assert_eq!(ada.get("/rooms").await.expect(200)["items"], json!([room]));
}

#[tokio::test]
async fn room_is_public_and_bare_unless_said_otherwise() {
    let app = TestApp::start().await;
    let room =
        app.register("Ada").await.post("/rooms", json!({ "name": "Hall" })).await.expect(201);
    assert_eq!((&room["visibility"], &room["metadata"]), (&json!("public"), &json!({})));
}

#[tokio::test]
async fn form_that_is_wrong_is_refused_with_the_field() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let deep = (0..8).fold(json!({}), |inner, _| json!({ "a": inner }));
    for (field, form) in [
        ("name", json!({})),
        ("name", json!({ "name": "" })),
        ("name", json!({ "name": " \t" })),
        ("name", json!({ "name": "Kit\u{7}chen" })),
        ("name", json!({ "name": "x".repeat(101) })),
        ("name", json!({ "name": 7 })),
        ("visibility", json!({ "name": "Kitchen", "visibility": "secret" })),
        ("metadata", json!({ "name": "Kitchen", "metadata": [] })),
        ("metadata", json!({ "name": "Kitchen", "metadata": deep })),
        ("metadata", json!({ "name": "Kitchen", "metadata": { "a": "x".repeat(16 * 1024) } })),
    ] {
        let refusal = ada.post("/rooms", form.clone()).await.expect(400);
        assert_eq!(refusal["details"]["field"], field, "{form}: {refusal}");
    }
    let refusal = ada.post("/rooms", json!({ "name": "K", "visibility": "secret" })).await;
    let field = &refusal.body["details"]["fields"][0];
    assert_eq!(field["allowed_values"], json!(["public", "private"]));
    assert_eq!(ada.get("/rooms").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn lists_show_public_rooms_to_all_and_others_to_members() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.register("Ada").await, app.register("Eve").await);
    let (public, private) = (ada.room("public").await, ada.room("private").await);
    let hers = eve.room("private").await;

    assert_eq!(ids(&eve, "/rooms?visibility=public&limit=9").await, [&*public]);
    assert_eq!(ids(&eve, "/rooms?limit=9").await, [&*hers]);
    assert_eq!(ids(&ada, "/rooms?limit=9").await, [private, public], "newest first");
}

#[tokio::test]
async fn pages_hold_every_room_once_and_newest_first() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let mut made = Vec::new();
    for _ in 0..7 {
        made.insert(0, ada.room("public").await);
    }
    for list in ["/rooms?limit=3", "/rooms?limit=3&visibility=public"] {
        let pages = ada.pages(list).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1], "{list}");
        assert_eq!(ids(&ada, list).await, made, "{list}");
    }
    // A full last page is the last page.
    assert_eq!(ada.pages("/rooms?limit=7").await.len(), 1);
}

#[tokio::test]
async fn cursors_of_other_lists_and_limits_out_of_bounds_are_refused() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    for _ in 0..2 {
        ada.room("public").await;
        ada.session().await;
    }
    let cursor = async |list: &str| text(&ada.get(list).await.expect(200)["nextCursor"]);
    let mine = cursor("/rooms?limit=1").await;
    let public = cursor("/rooms?limit=1&visibility=public").await;
    let sessions = cursor("/sessions?limit=1").await;
    // "my-rooms kitchen", as if it came from another version of the server.
    let forged = "bXktcm9vbXMga2l0Y2hlbg";
    for query in [
        format!("cursor={public}"),
        format!("cursor={sessions}"),
        format!("visibility=public&cursor={mine}"),
        format!("cursor={}", &mine[1..]),
        format!("cursor={forged}"),
        "cursor=".to_owned(),
        "cursor=%00".to_owned(),
        "limit=0".to_owned(),
        "limit=101".to_owned(),
        "limit=-1".to_owned(),
        "limit=many".to_owned(),
        "visibility=secret".to_owned(),
    ] {
        let refusal = ada.get(&format!("/rooms?{query}")).await;
        assert_eq!(refusal.status, 400, "{query}: {}", refusal.body);
        let field = text(&refusal.body["details"]["field"]);
        assert!(query.contains(&field), "{query}: {}", refusal.body);
    }
    for limit in [1, 100] {
        ada.get(&format!("/rooms?limit={limit}")).await.expect(200);
    }
}

#[tokio::test]
async fn private_room_of_others_is_refused_like_an_absent_one() {
    let app = TestApp::start().await;
    let room = app.register("Ada").await.room("private").await;
    let eve = app.register("Eve").await;
    let absent = Uuid::now_v7().to_string();

    let bodies = [
        json!({ "content": "hello" }),
        // Nor does a wrong form tell them apart.
        json!({ "content": "" }),
        json!({ "content": "hello", "clientMessageId": "\u{e9}" }),
    ];
    for (method, suffix, body) in [
        ("GET", "", None),
        ("GET", "/messages", None),
        ("GET", "/messages?before=1&after=2", None),
        ("GET", "/messages?cursor=x", None),
        ("POST", "/messages", Some(&bodies[0])),
        ("POST", "/messages", Some(&bodies[1])),
        ("POST", "/messages", Some(&bodies[2])),
    ] {
        let refusal = async |room: &str| {
            let path = format!("/rooms/{room}{suffix}");
            let answer = match body {
                Some(body) => eve.post(&path, body.clone()).await,
                None => eve.get(&path).await,
            };
            answer.refusal()
        };
        let (forbidden, absent) = (refusal(&room).await, refusal(&absent).await);
        assert_eq!(forbidden, absent, "{method} {suffix} {body:?}");
        let good = body.is_none_or(|it| *it == bodies[0]) && !suffix.contains('?');
        let expected = if good { 404 } else { 400 };
        assert_eq!(forbidden.0, expected, "{method} {suffix} {body:?}: {}", forbidden.1);
    }
}

#[tokio::test]
async fn public_room_is_seen_by_all_and_its_messages_by_members() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let messages = format!("/rooms/{room}/messages");
    ada.post(&messages, json!({ "content": "hello" })).await.expect(201);
    let ben = app.guest("Ben").await;
    ben.get(&format!("/rooms/{room}")).await.expect(200);

    let unread = ben.get(&messages).await.expect(403);
    let unsent = ben.post(&messages, json!({ "content": "hello" })).await.expect(403);
    assert_eq!(
        (&unread["error_code"], &unsent["error_code"]),
        (&json!("FORBIDDEN"), &json!("FORBIDDEN"))
    );

    let mut socket = ben.connect("/chat").await;
    let joined = socket.join(&room).await;
    assert_eq!((&joined["memberCount"], &joined["role"]), (&json!(2), &json!("member")));
    assert_eq!(ben.get(&messages).await.expect(200)["items"][0]["content"], "hello");
    assert_eq!(ben.get(&format!("/rooms/{room}")).await.expect(200)["memberCount"], 2);
    assert_eq!(ids(&ben, "/rooms?limit=9").await, [room]);
}

#[tokio::test]
async fn messages_of_a_session_are_not_found_among_rooms() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (room, session) = (ada.room("public").await, ada.session().await);
    ada.get(&format!("/rooms/{session}/messages")).await.expect(404);
    ada.get(&format!("/chat/sessions/{room}/messages")).await.expect(404);
    ada.post(&format!("/rooms/{session}/messages"), json!({ "content": "x" })).await.expect(404);
    ada.get(&format!("/rooms/{session}")).await.expect(404);
    ada.get("/rooms/kitchen").await.expect(400);
}

#[tokio::test]
async fn room_made_over_a_socket_is_owned_and_joined() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let mut socket = ada.connect("/").await;

    let made = socket.call("chat:room:create", json!({ "name": "Attic" })).await;

    let told = socket.event("chat:room:created").await;
    assert_eq!(told["room"], made["room"]);
    assert_eq!(ada.get(&path(&made["room"])).await.expect(200), made["room"]);
    let room = text(&made["room"]["id"]);
    ada.post(&format!("/rooms/{room}/messages"), json!({ "content": "hello" })).await.expect(201);
    assert_eq!(socket.event("chat:message:received").await["content"], "hello");

    let mut guest = app.guest("Ben").await.connect("/").await;
    let refusal = guest.emit_ack("chat:room:create", json!({ "name": "Attic" })).await;
    assert_eq!(refusal["error"]["code"], "PERMISSION_DENIED");
}

#[tokio::test]
async fn members_are_told_owners_first_with_names() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.guest("Ben").await);
    let room = ada.room("public").await;
    let mut socket = ben.connect("/chat").await;

    let joined = socket.join(&room).await;

    let member = |it: &User, name: &str, role: &str, online: bool| json!({ "userId": it.id, "displayName": name, "role": role, "online": online });
    let members = [member(&ada, "Ada", "owner", false), member(&ben, "Ben", "member", true)];
    assert_eq!(joined["members"], json!(members));
    assert_eq!((&joined["online"], &joined["lastSeq"]), (&json!(1), &json!(0)));
}

fn path(room: &Value) -> String {
    format!("/rooms/{}", room["id"].as_str().unwrap())
}

/// Ids of a whole list.
async fn ids(user: &User, list: &str) -> Vec<String> {
    user.pages(list).await.concat().iter().map(|it| text(&it["id"])).collect()
}
