//! Members of rooms over REST, and what their sockets hear of it.

use std::time::Duration;

use auth::{ChangeUser, Role, UserType};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::util::{TestApp, User, text};

async fn set(by: &User, room: &str, user: &User, role: &str) -> hornero::testing::Answer {
    let path = format!("/rooms/{room}/members/{}", user.id);
    by.request("PUT", &path).json(json!({ "role": role })).await
}

async fn remove(by: &User, room: &str, user: &User) -> hornero::testing::Answer {
    by.request("DELETE", &format!("/rooms/{room}/members/{}", user.id)).await
}

#[tokio::test]
async fn member_who_is_added_may_read_and_send_at_once() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("private").await;
    let messages = format!("/rooms/{room}/messages");
    ben.get(&messages).await.expect(404);

    let member = set(&ada, &room, &ben, "member").await.expect(201);

    assert_eq!((&member["userId"], &member["displayName"]), (&json!(ben.id), &json!("Ben")));
    assert_eq!((&member["role"], &member["online"]), (&json!("member"), &json!(false)));
    ben.post(&messages, json!({ "content": "hello" })).await.expect(201);
    let again = set(&ada, &room, &ben, "moderator").await.expect(200);
    assert_eq!((&again["role"], &again["joinedAt"]), (&json!("moderator"), &member["joinedAt"]));
}

#[tokio::test]
async fn who_joins_is_told_of_every_change_before() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let (room, mut socket) = (ada.room("public").await, ada.connect("/chat").await);
    let told = |joined: Value| {
        let members = joined["members"].as_array().unwrap();
        let roles: Vec<_> = members.iter().map(|it| text(&it["role"])).collect();
        (roles.join(" "), joined["memberCount"].clone(), members.last().unwrap()["online"].clone())
    };
    let alone = ("owner".to_owned(), json!(1), json!(true));
    assert_eq!(told(socket.join(&room).await), alone);

    set(&ada, &room, &ben, "moderator").await.expect(201);
    let both = ("owner moderator".to_owned(), json!(2), json!(false));
    assert_eq!(told(socket.join(&room).await), both);
    set(&ada, &room, &ben, "member").await.expect(200);
    let (roles, ..) = told(socket.join(&room).await);
    assert_eq!(roles, "owner member");
    remove(&ada, &room, &ben).await.expect(204);
    assert_eq!(told(socket.join(&room).await), alone);

    // By joining, too, and who is online is as it is now.
    let mut bens = ben.connect("/chat").await;
    let both = ("owner member".to_owned(), json!(2), json!(true));
    assert_eq!(told(bens.join(&room).await), both);
    bens.call("chat:room:leave", json!({ "roomId": room })).await;
    let (.., online) = told(socket.join(&room).await);
    assert_eq!(online, json!(false));
}

#[tokio::test]
async fn members_are_listed_newest_first_and_page_by_page() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let mut added = vec![ada.id.clone()];
    for name in ["Ben", "Cem", "Dan", "Eve"] {
        let user = app.register(name).await;
        set(&ada, &room, &user, "member").await.expect(201);
        added.insert(0, user.id);
    }

    let pages = ada.pages(&format!("/rooms/{room}/members?limit=2")).await;

    let listed: Vec<_> = pages.concat().iter().map(|it| text(&it["userId"])).collect();
    let mut sorted = listed.clone();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(listed.len(), added.len());
    assert!(added.iter().all(|it| listed.contains(it)), "{listed:?} should be {added:?}");
    assert_eq!(listed.last(), added.last(), "the owner came first");
    for query in ["cursor=x", "limit=0", "limit=101"] {
        ada.get(&format!("/rooms/{room}/members?{query}")).await.expect(400);
    }
    let other = ada.room("private").await;
    let cursor = text(&ada.get(&format!("/rooms/{room}/members?limit=1")).await.body["nextCursor"]);
    ada.get(&format!("/rooms/{other}/members?cursor={cursor}")).await.expect(400);
}

#[tokio::test]
async fn role_decides_who_manages_whom() {
    let app = TestApp::start().await;
    let (ada, moa) = (app.register("Ada").await, app.register("Moa").await);
    let (ben, eve) = (app.register("Ben").await, app.register("Eve").await);
    let guest = app.guest("Gus").await;
    let supervisor = app.promoted("Sue", None, Some(UserType::Supervisor)).await;
    let admin = app.promoted("Root", Some(Role::Admin), None).await;
    let room = ada.room("public").await;
    set(&ada, &room, &moa, "moderator").await.expect(201);
    set(&moa, &room, &ben, "member").await.expect(201);
    set(&moa, &room, &guest, "member").await.expect(201);

    set(&moa, &room, &ben, "moderator").await.expect(403);
    set(&moa, &room, &ada, "member").await.expect(403);
    remove(&moa, &room, &ada).await.expect(403);
    set(&ben, &room, &eve, "member").await.expect(403);
    remove(&ben, &room, &moa).await.expect(403);
    set(&guest, &room, &eve, "member").await.expect(403);
    set(&eve, &room, &eve, "owner").await.expect(403);
    set(&supervisor, &room, &eve, "member").await.expect(403);
    set(&admin, &room, &eve, "owner").await.expect(201);
    set(&admin, &room, &ben, "owner").await.expect(200);
    remove(&ben, &room, &ben).await.expect(204);
    remove(&moa, &room, &guest).await.expect(204);
    assert_eq!(remove(&moa, &room, &guest).await.body["details"]["reason"], "member_not_found");

    let private = ada.room("private").await;
    set(&eve, &private, &eve, "owner").await.expect(404);
    eve.get(&format!("/rooms/{private}/members")).await.expect(404);
    let session = ada.session().await;
    set(&ada, &session, &ben, "member").await.expect(404);
    let nobody = User { id: Uuid::nil().to_string(), ..ben.clone() };
    set(&ada, &room, &nobody, "member").await.expect(404);
    for role in [json!({}), json!({ "role": "king" })] {
        let path = format!("/rooms/{room}/members/{}", ben.id);
        let refusal = ada.request("PUT", &path).json(role).await.expect(400);
        assert_eq!(refusal["details"]["field"], "role", "{refusal}");
    }
}

#[tokio::test]
async fn last_owner_can_neither_leave_nor_step_down() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("public").await;

    for refusal in [remove(&ada, &room, &ada).await, set(&ada, &room, &ada, "member").await] {
        assert_eq!(refusal.expect(409)["details"]["reason"], "last_owner");
    }
    set(&ada, &room, &ben, "owner").await.expect(201);
    // Both at once: one of them stays.
    let (first, second) = tokio::join!(remove(&ada, &room, &ada), remove(&ben, &room, &ben));
    let mut answers = [first.status, second.status];
    answers.sort_unstable();
    assert_eq!(answers, [204, 409]);
}

#[tokio::test]
async fn member_who_is_removed_hears_nothing_more_in_either_vocabulary() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("private").await;
    set(&ada, &room, &ben, "member").await.expect(201);
    let mut owner = ada.connect("/chat").await;
    owner.join(&room).await;
    let (mut tab, mut phone) = (ben.connect("/chat").await, ben.connect("/").await);
    tab.join(&room).await;
    phone.join_session(&room).await;

    remove(&ada, &room, &ben).await.expect(204);

    let left = tab.event("chat:room:left").await;
    assert_eq!((&left["roomId"], &left["reason"]), (&json!(room), &json!("removed")));
    let left = phone.event("session_left").await;
    assert_eq!((&left["sessionId"], &left["reason"]), (&json!(room), &json!("removed")));
    let told = loop {
        let told = owner.event("chat:system:notification").await;
        if told["type"] == "user_left" {
            break told;
        }
    };
    assert_eq!(told["userId"], ben.id);
    owner.say(&room, "without Ben").await;
    let hidden = tab.emit_ack("chat:room:join", json!({ "roomId": room })).await;
    assert_eq!(hidden["error"]["code"], "ROOM_ACCESS_DENIED");
    let refused =
        phone.emit_ack("send_message", json!({ "sessionId": room, "content": "x" })).await;
    assert_eq!(refused["error"]["code"], "ROOM_ACCESS_DENIED");
    for socket in [&mut tab, &mut phone] {
        assert_eq!(socket.heard("chat:message:received"), [] as [Value; 0]);
        assert_eq!(socket.heard("new_message"), [] as [Value; 0]);
    }
}

#[tokio::test]
async fn unread_messages_are_those_of_others_behind_what_was_read() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("public").await;
    set(&ada, &room, &ben, "member").await.expect(201);
    let unread = async |user: &User| {
        let rooms = user.get("/rooms").await.expect(200);
        let listed = rooms["items"][0].clone();
        assert_eq!(user.get(&format!("/rooms/{room}")).await.expect(200), listed);
        (listed["unreadCount"].clone(), listed["unreadMore"].clone())
    };
    let mut socket = ada.connect("/chat").await;
    let mut said = Vec::new();
    for number in 0..5 {
        said.push(socket.say(&room, &number.to_string()).await);
    }
    let read = format!("/rooms/{room}/read");

    assert_eq!(unread(&ada).await, (json!(0), json!(false)), "her own");
    assert_eq!(unread(&ben).await, (json!(5), json!(false)));
    ben.post(&read, json!({ "seq": said[2]["seq"] })).await.expect(200);
    assert_eq!(unread(&ben).await.0, 2);
    ben.post(&read, json!({ "seq": 1 })).await.expect(200);
    assert_eq!(unread(&ben).await.0, 2, "what was read stays read");
    socket.call("chat:message:delete", json!({ "messageId": said[4]["id"] })).await;
    assert_eq!(unread(&ben).await.0, 1, "what was deleted is not to be read");
    let noted = ben.post(&read, json!({ "seq": 1_000 })).await.expect(200);
    assert_eq!((&noted["seq"], unread(&ben).await.0), (&json!(6), json!(0)));
    for number in 0..101 {
        socket.say(&room, &number.to_string()).await;
    }
    assert_eq!(unread(&ben).await, (json!(100), json!(true)));
    ben.post(&read, json!({ "seq": -1 })).await.expect(400);
    // As clients write whole numbers whose language has one kind of numbers.
    ben.post(&read, json!({ "seq": 1.0 })).await.expect(200);
    let refusal = ben.post(&read, json!({ "seq": 1.5 })).await.expect(400);
    assert_eq!(refusal["details"]["fields"][0]["message"], "must be a whole number");
    let mut socket = ben.connect("/chat").await;
    socket.call("chat:room:join", json!({ "roomId": room, "lastSeq": 0.0 })).await;
    socket.call("chat:message:read", json!({ "roomId": room, "seq": 1.0 })).await;
}

#[tokio::test]
async fn others_are_told_what_was_read() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("public").await;
    let (mut hers, mut his) = (ada.connect("/chat").await, ben.connect("/chat").await);
    hers.join(&room).await;
    his.join(&room).await;
    hers.say(&room, "hello").await;

    let ack = his.call("chat:message:read", json!({ "roomId": room, "seq": 1 })).await;

    assert_eq!(ack, json!({ "roomId": room, "userId": ben.id, "seq": 1 }));
    let told = hers.event("chat:message:read").await;
    assert_eq!((&told["userId"], &told["seq"]), (&json!(ben.id), &json!(1)));
    ada.post(&format!("/rooms/{room}/read"), json!({ "seq": 1 })).await.expect(200);
    assert_eq!(his.event("chat:message:read").await["userId"], json!(ada.id));
    let stranger = app.register("Eve").await;
    stranger.post(&format!("/rooms/{room}/read"), json!({ "seq": 1 })).await.expect(403);
}

#[tokio::test]
async fn presence_tells_who_is_connected_and_who_was() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let room = ada.room("public").await;
    set(&ada, &room, &ben, "member").await.expect(201);
    let path = format!("/rooms/{room}/presence");
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;
    let of = |presence: &Value, user: &User| {
        let users = presence["users"].as_array().unwrap();
        users.iter().find(|it| it["userId"] == *user.id).unwrap().clone()
    };

    let presence = ada.get(&path).await.expect(200);

    assert_eq!(presence["online"], 1);
    assert_eq!(of(&presence, &ada)["status"], "online");
    assert_eq!(of(&presence, &ben)["status"], "offline");
    assert_eq!(of(&presence, &ben)["lastSeen"], Value::Null);
    socket.disconnect().await;
    // The server learns of it by and by.
    let gone = async {
        loop {
            let seen = of(&ada.get(&path).await.expect(200), &ada);
            if seen["status"] == "offline" {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let gone = tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
    assert!(gone["lastSeen"].is_string(), "{gone}");

    let app = app.restart().await;
    let ada = User { address: app.address(), ..ada };
    let presence = ada.get(&path).await.expect(200);
    assert_eq!(of(&presence, &ada), gone, "it is stored");
    assert_eq!(of(&presence, &ben)["lastSeen"], Value::Null);

    let change = ChangeUser { scope: Some("chat".to_owned()), ..ChangeUser::default() };
    app.change(ada.email.as_ref().unwrap(), change).await;
    let app = app.restart().await;
    let ada = User { address: app.address(), ..ada };
    let presence = ada.get(&path).await.expect(200);
    assert_eq!(of(&presence, &ada), gone, "whatever changes about the user");
}
