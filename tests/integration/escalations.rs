//! Escalations through the doors: who asks for a supervisor, who is told, and who may speak then.

use auth::{ChangeUser, Role, UserType};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::util::{Socket, TestApp, User, text};

const CREATED: &str = "chat:escalation:created";
const NOTIFICATION: &str = "chat:system:notification";

async fn supervisor(app: &TestApp, name: &str) -> User {
    app.promoted(name, None, Some(UserType::Supervisor)).await
}

async fn escalate(user: &User, room: &str, reason: &str) -> Value {
    user.post("/escalations", json!({ "roomId": room, "reason": reason })).await.expect(201)
}

async fn step(user: &User, escalation: &Value, step: &str) -> hornero::testing::Answer {
    user.post(&format!("/escalations/{}/{step}", text(&escalation["id"])), json!({})).await
}

/// Whatever of this name came so far.
async fn heard(socket: &mut Socket, event: &str) -> Vec<Value> {
    // What the server has said before this answer is here when the answer is.
    socket.emit_ack("no such event", json!({})).await;
    let heard = socket.take_heard().into_iter().filter(|it| it.0 == event);
    heard.map(|it| it.1).collect()
}

#[tokio::test]
async fn escalation_is_shown_as_it_was_made_and_goes_its_way() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.register("Ada").await, supervisor(&app, "Grace").await);
    let (room, session) = (ada.room("private").await, ada.session().await);

    let first = escalate(&ada, &room, "The oven burns").await;
    let form = json!({ "sessionId": session, "reason": "help", "priority": "urgent" });
    let second = ada.post("/escalations", form).await.expect(201);

    assert_eq!((&first["roomId"], &first["createdBy"]), (&json!(room), &json!(ada.id)));
    assert_eq!((&first["priority"], &first["status"]), (&json!("normal"), &json!("open")));
    assert_eq!((&second["sessionId"], &second["priority"]), (&json!(session), &json!("urgent")));
    assert_eq!(second.get("roomId"), None);
    let open = grace.get("/escalations?status=open").await.expect(200);
    assert_eq!(open["items"], json!([second, first]));

    let claimed = step(&grace, &first, "claim").await.expect(200);
    assert_eq!((&claimed["status"], &claimed["claimedBy"]), (&json!("claimed"), &json!(grace.id)));
    assert_eq!(step(&grace, &first, "claim").await.expect(200), claimed, "twice is once");
    let resolved = step(&grace, &first, "resolve").await.expect(200);
    assert_eq!(resolved["resolvedBy"], grace.id);
    let listed = grace.get("/escalations?status=resolved").await.expect(200);
    assert_eq!(listed["items"], json!([resolved]));
    let pages = grace.pages("/escalations?limit=1").await;
    assert_eq!(pages, [[second], [resolved]]);
}

#[tokio::test]
async fn escalation_is_claimed_by_one_and_its_steps_are_in_order() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (grace, hedy) = (supervisor(&app, "Grace").await, supervisor(&app, "Hedy").await);
    let escalation = escalate(&ada, &ada.room("public").await, "help").await;
    let reason = |it: Value| text(&it["details"]["reason"]);

    let unclaimed = step(&grace, &escalation, "resolve").await.expect(409);
    assert_eq!(reason(unclaimed), "not_claimed");
    let (one, other) =
        tokio::join!(step(&grace, &escalation, "claim"), step(&hedy, &escalation, "claim"));
    let mut answers = [one, other];
    answers.sort_by_key(|it| it.status);
    let [won, lost] = answers;
    won.expect(200);
    assert_eq!(reason(lost.expect(409)), "already_claimed");
    step(&hedy, &escalation, "resolve").await.expect(200);
    step(&grace, &escalation, "resolve").await.expect(200);
    let late = step(&grace, &escalation, "claim").await.expect(409);
    assert_eq!(reason(late), "resolved");
}

#[tokio::test]
async fn guests_and_strangers_do_not_escalate_and_only_supervisors_claim() {
    let app = TestApp::start().await;
    let (ada, eve, guest) =
        (app.register("Ada").await, app.register("Eve").await, app.guest("Ben").await);
    let (public, private) = (ada.room("public").await, ada.room("private").await);
    guest.connect("/").await.join(&public).await;
    let form = |room: &str| json!({ "roomId": room, "reason": "help" });

    guest.post("/escalations", form(&public)).await.expect(403);
    eve.post("/escalations", form(&public)).await.expect(403);
    eve.post("/escalations", form(&private)).await.expect(404);
    eve.post("/escalations", form(&Uuid::now_v7().to_string())).await.expect(404);
    let session = ada.session().await;
    ada.post("/escalations", form(&session)).await.expect(404);
    let both = json!({ "roomId": public, "sessionId": session, "reason": "help" });
    ada.post("/escalations", both).await.expect(400);
    ada.post("/escalations", json!({ "reason": "help" })).await.expect(400);

    let made = escalate(&ada, &public, "help").await;
    for user in [&ada, &eve, &guest] {
        user.get("/escalations").await.expect(403);
        step(user, &made, "claim").await.expect(403);
        step(user, &made, "resolve").await.expect(403);
    }
    let grace = supervisor(&app, "Grace").await;
    let absent = json!({ "id": Uuid::now_v7() });
    let refusal = step(&grace, &absent, "claim").await.expect(404);
    assert_eq!(refusal["details"]["reason"], "escalation_not_found");

    let mut socket = guest.connect("/chat").await;
    let refusal = socket.emit_ack("chat:escalation:create", form(&public)).await;
    assert_eq!(refusal["error"]["code"], "PERMISSION_DENIED");
}

#[tokio::test]
async fn conversation_has_ten_escalations_that_wait_at_most() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.register("Ada").await, supervisor(&app, "Grace").await);
    let room = ada.room("public").await;
    let first = escalate(&ada, &room, "help").await;
    for _ in 1..10 {
        escalate(&ada, &room, "help").await;
    }
    let form = json!({ "roomId": room, "reason": "help" });
    let refusal = ada.post("/escalations", form).await.expect(409);
    assert_eq!(refusal["details"]["reason"], "too_many_escalations");

    step(&grace, &first, "claim").await.expect(200);
    step(&grace, &first, "resolve").await.expect(200);
    escalate(&ada, &room, "help").await;
}

#[tokio::test]
async fn room_and_every_supervisor_hear_of_it_once_each() {
    let app = TestApp::start().await;
    let (ada, ben, eve) =
        (app.register("Ada").await, app.register("Ben").await, app.register("Eve").await);
    let room = ada.room("public").await;
    let mut caller = ada.connect("/chat").await;
    let mut member = ben.connect("/").await;
    let mut stranger = eve.connect("/chat").await;
    let (grace, root) =
        (supervisor(&app, "Grace").await, app.promoted("Root", Some(Role::Admin), None).await);
    let (mut away, mut there) = (grace.connect("/chat").await, root.connect("/").await);
    caller.join(&room).await;
    member.join(&room).await;
    there.join(&room).await;

    let payload = json!({
        "data": { "roomId": room, "reason": "help", "priority": "high" },
        "requestId": "r-1",
    });
    let ack = caller.emit_ack("chat:escalation:create", payload).await;

    let made = &ack["data"]["escalation"];
    assert_eq!((&made["roomId"], &made["priority"]), (&json!(room), &json!("high")));
    let told = json!({ "escalation": made, "requestId": "r-1", "version": "1.0" });
    assert_eq!(heard(&mut caller, CREATED).await, [told]);
    let told = json!({ "escalation": made, "version": "1.0" });
    for socket in [&mut member, &mut away, &mut there] {
        assert_eq!(socket.event(CREATED).await, told);
        assert_eq!(heard(socket, CREATED).await, [Value::Null; 0]);
    }
    assert_eq!(heard(&mut stranger, CREATED).await, [Value::Null; 0]);

    let claimed = step(&grace, made, "claim").await.expect(200);
    for socket in [&mut caller, &mut member, &mut away, &mut there] {
        let told = heard(socket, NOTIFICATION).await;
        let told: Vec<_> = told.iter().filter(|it| it["type"] == "escalation_claimed").collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["escalation"], claimed);
    }
}

#[tokio::test]
async fn claim_lets_a_supervisor_join_and_speak_until_it_is_resolved() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.register("Ada").await, supervisor(&app, "Grace").await);
    let hedy = supervisor(&app, "Hedy").await;
    let room = ada.room("private").await;
    let mut owner = ada.connect("/chat").await;
    owner.join(&room).await;
    let said = owner.say(&room, "hello").await;
    let messages = format!("/rooms/{room}/messages");
    let hello = json!({ "content": "hello" });
    let mut socket = grace.connect("/chat").await;
    let join = json!({ "roomId": room });

    // A supervisor reads, and no more.
    assert_eq!(grace.get(&messages).await.expect(200)["items"], json!([said]));
    let refusal = socket.emit_ack("chat:room:join", join.clone()).await;
    assert_eq!(refusal["error"]["code"], "ROOM_ACCESS_DENIED");
    grace.post(&messages, hello.clone()).await.expect(404);

    let escalation = escalate(&ada, &room, "help").await;
    grace.post(&messages, hello.clone()).await.expect(404);
    step(&grace, &escalation, "claim").await.expect(200);

    assert_eq!(socket.join(&room).await["role"], "moderator");
    socket.call("chat:typing:start", join.clone()).await;
    let answer = socket.say(&room, "What is it?").await;
    assert_eq!(owner.event("chat:message:received").await["id"], said["id"]);
    assert_eq!(owner.event("chat:message:received").await["id"], answer["id"]);
    // As a moderator of what is said, and of nothing else.
    let of = format!("/chat/messages/{}", text(&said["id"]));
    grace.request("DELETE", &of).await.expect(204);
    let path = format!("/rooms/{room}");
    grace.request("PATCH", &path).json(json!({ "name": "Hall" })).await.expect(404);
    grace.request("DELETE", &path).await.expect(404);
    let member = format!("{path}/members/{}", hedy.id);
    let added = grace.request("PUT", &member).json(json!({ "role": "member" })).await;
    assert_eq!(added.status, 403, "{added:?}");
    // The claim is nobody else's.
    hedy.post(&messages, hello.clone()).await.expect(404);
    assert_eq!(ada.get(&path).await.expect(200)["memberCount"], 1);

    step(&hedy, &escalation, "resolve").await.expect(200);
    let left = socket.event("chat:room:left").await;
    assert_eq!((&left["roomId"], &left["reason"]), (&json!(room), &json!("permission")));
    grace.post(&messages, hello).await.expect(404);
    let refusal = socket.emit_ack("chat:room:join", join).await;
    assert_eq!(refusal["error"]["code"], "ROOM_ACCESS_DENIED");
    owner.say(&room, "Thank you").await;
    assert_eq!(heard(&mut socket, "chat:message:received").await.len(), 1, "of the claim's time");
    grace.get(&messages).await.expect(200);
}

#[tokio::test]
async fn claim_of_a_session_lets_a_supervisor_answer_there() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.register("Ada").await, supervisor(&app, "Grace").await);
    let session = ada.session().await;
    let messages = format!("/chat/sessions/{session}/messages");
    let form = json!({ "sessionId": session, "reason": "help" });
    let escalation = ada.post("/escalations", form).await.expect(201);
    grace.get(&messages).await.expect(200);
    grace.post(&messages, json!({ "content": "hello" })).await.expect(404);

    step(&grace, &escalation, "claim").await.expect(200);
    let mut socket = grace.connect("/").await;
    socket.join_session(&session).await;
    grace.post(&messages, json!({ "content": "hello" })).await.expect(201);
    grace.request("DELETE", &messages).await.expect(404);

    step(&grace, &escalation, "resolve").await.expect(200);
    assert_eq!(socket.event("session_left").await["reason"], "permission");
    grace.post(&messages, json!({ "content": "hello" })).await.expect(404);
}

#[tokio::test]
async fn member_who_supervises_stays_in_the_room_when_the_claim_ends() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.register("Ada").await, supervisor(&app, "Grace").await);
    let room = ada.room("public").await;
    let mut socket = grace.connect("/chat").await;
    assert_eq!(socket.join(&room).await["role"], "member");
    let said = ada.post(&format!("/rooms/{room}/messages"), json!({ "content": "hello" })).await;
    let said = format!("/chat/messages/{}", text(&said.expect(201)["id"]));
    grace.request("DELETE", &said).await.expect(403);

    let escalation = escalate(&ada, &room, "help").await;
    step(&grace, &escalation, "claim").await.expect(200);
    grace.request("DELETE", &said).await.expect(204);
    step(&grace, &escalation, "resolve").await.expect(200);

    socket.say(&room, "Still here").await;
    assert_eq!(heard(&mut socket, "chat:room:left").await, [Value::Null; 0]);
}

#[tokio::test]
async fn claim_gives_nothing_to_one_who_is_no_supervisor_any_more() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.register("Ada").await, supervisor(&app, "Grace").await);
    let room = ada.room("private").await;
    let messages = format!("/rooms/{room}/messages");
    let escalation = escalate(&ada, &room, "help").await;
    step(&grace, &escalation, "claim").await.expect(200);
    grace.post(&messages, json!({ "content": "hello" })).await.expect(201);
    let mut socket = grace.connect("/chat").await;

    let change = ChangeUser { user_type: Some(UserType::Employee), ..ChangeUser::default() };
    app.change(grace.email.as_deref().unwrap(), change).await;

    let begun = std::time::Instant::now();
    while grace.post(&messages, json!({ "content": "hello" })).await.status == 201 {
        assert!(begun.elapsed().as_secs() < 5, "it counts within a second");
    }
    escalate(&ada, &room, "help again").await;
    assert_eq!(heard(&mut socket, CREATED).await, [Value::Null; 0]);
}

#[tokio::test]
async fn supervisor_who_was_away_hears_once_what_is_open() {
    let app = TestApp::start().await;
    let (ada, grace) = (app.register("Ada").await, supervisor(&app, "Grace").await);
    let hedy = supervisor(&app, "Hedy").await;
    let room = ada.room("private").await;
    let first = escalate(&ada, &room, "first").await;
    let done = escalate(&ada, &room, "done").await;
    step(&hedy, &done, "claim").await.expect(200);
    let last = escalate(&ada, &room, "last").await;

    // Also when the server was started anew meanwhile.
    let app = app.restart().await;
    let grace = User { address: app.address(), ..grace };
    let mut socket = grace.connect("/chat").await;
    assert_eq!(socket.event(CREATED).await["escalation"], first);
    assert_eq!(socket.event(CREATED).await["escalation"], last);
    socket.disconnect().await;
    assert_silent(&grace).await;

    let app = app.restart().await;
    let (ada, grace) =
        (User { address: app.address(), ..ada }, User { address: app.address(), ..grace });
    let mut socket = grace.connect("/chat").await;
    assert_eq!(heard(&mut socket, CREATED).await, [Value::Null; 0]);
    let more = escalate(&ada, &room, "more").await;
    assert_eq!(socket.event(CREATED).await["escalation"], more);
}

#[tokio::test]
async fn supervisor_whose_connection_was_lost_is_told_again() {
    let pings = [
        ("HORNERO__WEBSOCKET__PING_INTERVAL_MS", "500"),
        ("HORNERO__WEBSOCKET__PING_TIMEOUT_MS", "500"),
    ];
    let app = TestApp::with(&pings).await;
    let (ada, grace) = (app.register("Ada").await, supervisor(&app, "Grace").await);
    let made = escalate(&ada, &ada.room("private").await, "help").await;
    // Sleeps: it neither reads nor answers pings any more.
    let mut asleep = grace.connect("/chat").await;
    assert_eq!(asleep.event(CREATED).await["escalation"], made);
    let begun = std::time::Instant::now();
    while app.get("/health").await.expect(200)["checks"]["websocket_connections"] != 0 {
        assert!(begun.elapsed().as_secs() < 10, "it is not given up");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }

    let mut socket = grace.connect("/chat").await;
    assert_eq!(socket.event(CREATED).await["escalation"], made);
    socket.disconnect().await;
    assert_silent(&grace).await;
}

/// Waits until a supervisor who comes is told nothing. The server may still be busy noting it.
async fn assert_silent(user: &User) {
    let begun = std::time::Instant::now();
    loop {
        let mut socket = user.connect("/chat").await;
        // It is told beside the events of its socket.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        let told = heard(&mut socket, CREATED).await;
        socket.disconnect().await;
        if told.is_empty() {
            return;
        }
        assert!(begun.elapsed().as_secs() < 5, "it is told again and again: {told:?}");
    }
}
