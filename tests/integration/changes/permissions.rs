//! Who may change, delete and clear, and what others are told.

use auth::{Role, UserType};
use sea_orm::ConnectionTrait;

use super::*;

/// Who somebody is in a room.
struct Room {
    app: TestApp,
    owner: User,
    member: User,
    moderator: User,
    room: String,
}

impl Room {
    async fn new(visibility: &str) -> Self {
        let app = TestApp::start().await;
        let owner = app.register("Ada").await;
        let (member, moderator) = (app.register("Ben").await, app.register("Grace").await);
        let room = owner.room("public").await;
        for user in [&member, &moderator] {
            user.connect("/chat").await.join(&room).await;
        }
        let id = &moderator.id;
        change(&app, &format!("UPDATE members SET role = 'moderator' WHERE user_id = '{id}'"))
            .await;
        change(&app, &format!("UPDATE rooms SET visibility = '{visibility}'")).await;
        Self { app, owner, member, moderator, room }
    }
}

/// Changes what there is no route for yet.
async fn change(app: &TestApp, sql: &str) {
    let tx = app.database().await.begin().await.unwrap();
    assert!(tx.execute_unprepared(sql).await.unwrap().rows_affected() > 0);
    tx.commit().await.unwrap();
}

/// Status and code of a refusal by REST.
fn refusal(answer: Answer) -> (u16, String) {
    (answer.status, text(&answer.body["error_code"]))
}

fn told(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn only_its_sender_edits_a_message() {
    let Room { app, owner, member, moderator, room } = Room::new("public").await;
    let message = say(&member, &room, "mine").await;
    let admin = app.promoted("Root", Some(Role::Admin), None).await;
    let words = json!({ "content": "changed" });

    for other in [&owner, &moderator, &admin] {
        let refused = refusal(edit(other, &message, words.clone()).await);
        assert_eq!(refused, told(403, "FORBIDDEN"));
        let payload = json!({ "messageId": message["id"], "content": "changed" });
        let ack = other.connect("/chat").await.emit_ack("chat:message:edit", payload).await;
        assert_eq!(ack["error"]["code"], "PERMISSION_DENIED");
        assert_eq!(ack["error"]["recoverable"], false);
    }
    assert_eq!(member.get(&path_of(&message)).await.expect(200), message);

    assert_eq!(edit(&member, &message, words).await.expect(200)["content"], "changed");
}

#[tokio::test]
async fn members_delete_their_own_and_moderators_anybodys() {
    let Room { app, owner, member, moderator, room } = Room::new("public").await;
    let admin = app.promoted("Root", Some(Role::Admin), None).await;
    let by_owner = say(&owner, &room, "the owner's").await;

    let refused = refusal(delete(&member, &by_owner).await);
    assert_eq!(refused, told(403, "FORBIDDEN"));
    let payload = json!({ "messageId": by_owner["id"] });
    let ack = member.connect("/chat").await.emit_ack("chat:message:delete", payload).await;
    assert_eq!(ack["error"]["code"], "PERMISSION_DENIED");

    delete(&moderator, &by_owner).await.expect(204);
    for deleter in [&member, &moderator, &owner, &admin] {
        let message = say(&member, &room, "mine").await;
        delete(deleter, &message).await.expect(204);
    }
    assert_eq!(owner.get(&in_room(&room)).await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn strangers_do_not_learn_that_there_is_a_message() {
    for visibility in ["private", "public"] {
        let Room { app, owner, room, .. } = Room::new(visibility).await;
        let message = say(&owner, &room, "ours").await;
        let absent = json!({ "id": Uuid::now_v7() });
        let eve = app.register("Eve").await;
        let mut socket = eve.connect("/chat").await;

        let mut refusals = Vec::new();
        for it in [&message, &absent] {
            let payload = json!({ "messageId": it["id"], "content": "x" });
            refusals.push((
                eve.get(&path_of(it)).await.refusal(),
                edit(&eve, it, json!({ "content": "x" })).await.refusal(),
                delete(&eve, it).await.refusal(),
                socket.emit_ack("chat:message:edit", payload.clone()).await,
                socket.emit_ack("chat:message:delete", payload).await,
            ));
        }

        assert_eq!(refusals[0], refusals[1], "{visibility}");
        assert_eq!(refusals[0].0.0, 404, "{visibility}");
        assert_eq!(owner.get(&path_of(&message)).await.expect(200), message, "{visibility}");
    }
}

#[tokio::test]
async fn supervisors_read_and_change_nothing() {
    let Room { app, owner, room, .. } = Room::new("private").await;
    let message = say(&owner, &room, "ours").await;
    let supervisor = app.promoted("Sue", None, Some(UserType::Supervisor)).await;

    assert_eq!(supervisor.get(&path_of(&message)).await.expect(200), message);
    let answers = [
        edit(&supervisor, &message, json!({ "content": "x" })).await,
        delete(&supervisor, &message).await,
    ];

    for answer in answers {
        assert_eq!(refusal(answer), told(404, "INVALID_REQUEST"));
    }
}

#[tokio::test]
async fn session_is_changed_and_cleared_by_its_owner_alone() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.register("Ada").await, app.register("Eve").await);
    let session = ada.session().await;
    let message = say_in_session(&ada, &session, "mine").await;

    for answer in [
        edit(&eve, &message, json!({ "content": "x" })).await,
        delete(&eve, &message).await,
        clear(&eve, &session).await,
        clear(&eve, &Uuid::now_v7().to_string()).await,
    ] {
        assert_eq!(refusal(answer), told(404, "INVALID_REQUEST"));
    }
    assert_eq!(ada.get(&path_of(&message)).await.expect(200), message);
    edit(&ada, &message, json!({ "content": "x" })).await.expect(200);
    delete(&ada, &message).await.expect(204);
    clear(&ada, &session).await.expect(200);
}

#[tokio::test]
async fn room_is_not_cleared_as_a_session() {
    let Room { app: _app, owner, room, .. } = Room::new("public").await;
    let message = say(&owner, &room, "ours").await;
    assert_eq!(refusal(clear(&owner, &room).await), told(404, "INVALID_REQUEST"));
    assert_eq!(owner.get(&path_of(&message)).await.expect(200), message);
}

#[tokio::test]
async fn closed_session_keeps_its_messages_as_they_are() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let session = ada.session().await;
    let message = say_in_session(&ada, &session, "mine").await;
    change(&app, "UPDATE sessions SET status = 'closed'").await;

    for answer in
        [edit(&ada, &message, json!({ "content": "x" })).await, delete(&ada, &message).await]
    {
        let body = answer.expect(409);
        assert_eq!(body["error_code"], "INVALID_REQUEST");
        assert_eq!(body["details"]["reason"], "session_closed");
    }
    let mut socket = ada.connect("/chat").await;
    let payload = json!({ "messageId": message["id"], "content": "x" });
    for event in ["chat:message:edit", "chat:message:delete"] {
        let ack = socket.emit_ack(event, payload.clone()).await;
        assert_eq!(ack["error"]["code"], "CLIENT_ERROR", "{event}");
        assert_eq!(ack["error"]["details"]["reason"], "session_closed", "{event}");
    }
    assert_eq!(ada.get(&path_of(&message)).await.expect(200), message);
}
