//! What those who are connected hear, and how they get in.

use hornero::testing::{Refused, soon};
use serde_json::{Value, json};

use crate::util::{Socket, TestApp, User, text};

const NAMESPACES: [&str; 2] = ["/", "/chat"];

#[tokio::test]
async fn message_posted_over_rest_reaches_both_vocabularies_in_both_namespaces() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let mut chats = [ada.connect("/").await, ada.connect("/chat").await];
    let mut sessions = [ada.connect("/").await, ada.connect("/chat").await];
    for socket in &mut chats {
        socket.join(&room).await;
    }
    for socket in &mut sessions {
        socket.join_session(&room).await;
    }
    let mut elsewhere = ada.connect("/chat").await;

    let path = format!("/rooms/{room}/messages");
    let form = json!({ "content": "hello", "metadata": { "a": 1 }, "clientMessageId": "m-1" });
    let posted = ada.post(&path, form).await.expect(201);

    for socket in &mut chats {
        let received = socket.event("chat:message:received").await;
        assert_eq!(without_version(received), posted);
        assert!(socket.heard("new_message").is_empty());
    }
    let mut expected = json!({ "sessionId": room });
    for field in
        ["id", "role", "content", "metadata", "timestamp", "seq", "senderId", "clientMessageId"]
    {
        expected[field] = posted[field].clone();
    }
    for socket in &mut sessions {
        assert_eq!(without_version(socket.event("new_message").await), expected);
        assert!(socket.heard("chat:message:received").is_empty());
    }
    // Who has not joined hears nothing until then.
    elsewhere.join(&room).await;
    assert!(elsewhere.heard("chat:message:received").is_empty());
}

#[tokio::test]
async fn socket_hears_a_conversation_in_the_words_of_its_last_join() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("public").await;
    let mut socket = ada.connect("/").await;
    // So that there is something to hear in both.
    let _chat = joined(&ada, "/", &room).await;
    let mut session = ada.connect("/").await;
    session.join_session(&room).await;
    socket.join(&room).await;
    socket.join_session(&room).await;

    socket.say(&room, "first").await;
    assert_eq!(socket.event("new_message").await["content"], "first");
    socket.join(&room).await;
    assert!(socket.heard("chat:message:received").is_empty());
    socket.say(&room, "second").await;
    assert_eq!(socket.event("chat:message:received").await["content"], "second");
    socket.join(&room).await;
    assert!(socket.heard("new_message").is_empty());

    socket.call("chat:room:leave", json!({ "roomId": room })).await;
    socket.say(&room, "third").await;
    socket.join(&room).await;
    assert!(socket.heard("chat:message:received").is_empty());
}

#[tokio::test]
async fn socket_is_welcomed_by_the_server() {
    let app = TestApp::start().await;
    let ben = app.guest("Ben").await;
    for namespace in NAMESPACES {
        let mut socket = ben.connect(namespace).await;
        let welcome = socket.event("chat:system:notification").await;
        assert_eq!((&welcome["type"], &welcome["userId"]), (&json!("welcome"), &json!(ben.id)));
    }
}

#[tokio::test]
async fn others_are_told_of_a_users_first_and_last_socket_only() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.guest("Ben").await);
    let room = ada.room("public").await;
    let mut chat = joined(&ada, "/chat", &room).await;
    let mut session = ada.connect("/").await;
    session.join_session(&room).await;
    let moved = |kind: &str| json!({ "type": kind, "roomId": room, "userId": ben.id });
    let in_session_words = json!({ "sessionId": room, "userId": ben.id });

    let mut tab = joined(&ben, "/chat", &room).await;
    let phone = joined(&ben, "/", &room).await;
    assert_eq!(moves(&mut chat, &room).await, [moved("user_joined")]);
    assert_eq!(without_version(session.event("user_joined").await), in_session_words);

    // One of two, in either way, is not the last.
    tab.join(&room).await;
    tab.call("chat:room:leave", json!({ "roomId": room })).await;
    tab.call("chat:room:leave", json!({ "roomId": room })).await;
    assert!(moves(&mut chat, &room).await.is_empty());

    phone.disconnect().await;
    assert_eq!(without_version(session.event("user_left").await), in_session_words);
    assert_eq!(moves(&mut chat, &room).await, [moved("user_left")]);

    // And the first again.
    tab.join(&room).await;
    assert_eq!(moves(&mut chat, &room).await, [moved("user_joined")]);
    assert!(moves(&mut tab, &room).await.is_empty(), "nobody is told of themselves");
    assert!(session.heard("user_left").is_empty());
}

#[tokio::test]
async fn typing_is_told_to_the_others_once() {
    let app = TestApp::start().await;
    let Pair { room, owner, guest, mut ada, mut ben } = Pair::of(&app).await;
    let mut old = guest.connect("/").await;
    old.join_session(&room).await;

    for _ in 0..3 {
        ada.emit("chat:typing:start", json!({ "roomId": room })).await;
    }
    ada.emit("chat:typing:stop", json!({ "roomId": room })).await;
    ada.emit("chat:typing:stop", json!({ "roomId": room })).await;
    ada.say(&room, "done").await;

    let told = |on: bool| json!({ "roomId": room, "userId": owner.id, "isTyping": on });
    let told_in_session = |on| json!({ "sessionId": room, "userId": owner.id, "isTyping": on });
    ben.event("chat:message:received").await;
    old.event("new_message").await;
    let heard = |notices: Vec<Value>| notices.into_iter().map(without_version).collect::<Vec<_>>();
    assert_eq!(heard(ben.heard("chat:user:typing")), [told(true), told(false)]);
    assert_eq!(heard(old.heard("user_typing")), [told_in_session(true), told_in_session(false)]);
    ada.event("chat:message:received").await;
    assert!(ada.heard("chat:user:typing").is_empty(), "nobody is told of themselves");
}

#[tokio::test]
async fn typing_in_session_words_is_heard_in_both() {
    let app = TestApp::start().await;
    let Pair { room, mut ada, mut ben, .. } = Pair::of(&app).await;

    ada.call("typing", json!({ "sessionId": room, "isTyping": true })).await;
    assert_eq!(ben.event("chat:user:typing").await["isTyping"], true);
    ada.call("typing", json!({ "sessionId": room, "isTyping": false })).await;
    assert_eq!(ben.event("chat:user:typing").await["isTyping"], false);
}

#[tokio::test]
async fn typing_ends_with_the_message_whichever_door_it_takes() {
    let app = TestApp::start().await;
    let Pair { room, owner, mut ada, mut ben, .. } = Pair::of(&app).await;
    for over_rest in [false, true] {
        ada.call("chat:typing:start", json!({ "roomId": room })).await;
        assert_eq!(ben.event("chat:user:typing").await["isTyping"], true);
        if over_rest {
            let path = format!("/rooms/{room}/messages");
            owner.post(&path, json!({ "content": "done" })).await.expect(201);
        } else {
            ada.say(&room, "done").await;
        }
        assert_eq!(ben.event("chat:user:typing").await["isTyping"], false);
        ben.event("chat:message:received").await;
    }
}

#[tokio::test]
async fn typing_ends_when_the_typist_is_gone() {
    let app = TestApp::start().await;
    let Pair { room, owner, mut ada, mut ben, .. } = Pair::of(&app).await;
    ada.call("chat:typing:start", json!({ "roomId": room })).await;
    assert_eq!(ben.event("chat:user:typing").await["isTyping"], true);

    ada.disconnect().await;

    let stopped = ben.event("chat:user:typing").await;
    assert_eq!((&stopped["isTyping"], &stopped["userId"]), (&json!(false), &json!(owner.id)));
}

#[tokio::test]
async fn typing_goes_on_from_another_device_when_the_first_is_gone() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.guest("Ben").await);
    let room = ada.room("public").await;
    let mut listener = ada.connect("/chat").await;
    let (mut desktop, mut phone) = (ben.connect("/chat").await, ben.connect("/").await);
    for socket in [&mut listener, &mut desktop, &mut phone] {
        socket.join(&room).await;
    }

    desktop.emit_ack("chat:typing:start", json!({ "roomId": room })).await;
    phone.emit_ack("chat:typing:start", json!({ "roomId": room })).await;
    assert_eq!(listener.event("chat:user:typing").await["isTyping"], true);
    desktop.disconnect().await;
    // What is sent after the desktop has gone comes after what its going would have said.
    phone.emit_ack("chat:room:leave", json!({ "roomId": room })).await;
    listener.event("chat:system:notification").await;
    assert!(listener.heard("chat:user:typing").is_empty(), "the phone still types");

    phone.disconnect().await;
    assert_eq!(listener.event("chat:user:typing").await["isTyping"], false);
}

#[tokio::test]
async fn events_are_refused_once_the_token_has_ended() {
    let app = TestApp::with(&[("HORNERO__AUTH__JWT__MAX_AGE", "1s")]).await;
    let ada = app.guest("Ada").await;
    let mut socket = ada.connect("/chat").await;
    let absent = json!({ "roomId": uuid::Uuid::nil() });

    // Until then it is the room that refuses, so this waits for the clock and nothing else.
    loop {
        let refusal = socket.emit_ack("chat:room:join", absent.clone()).await;
        match refusal["error"]["code"].as_str() {
            Some("ROOM_ACCESS_DENIED") => tokio::task::yield_now().await,
            Some("AUTH_FAILED") => {
                assert_eq!(refusal["error"]["recoverable"], true);
                return;
            }
            _ => panic!("{refusal}"),
        }
    }
}

#[tokio::test]
async fn strangers_do_not_type() {
    let app = TestApp::start().await;
    let Pair { room, mut ada, .. } = Pair::of(&app).await;
    let mut eve = app.guest("Eve").await.connect("/chat").await;

    let refusal = eve.emit_ack("chat:typing:start", json!({ "roomId": room })).await;

    assert_eq!(refusal["error"]["code"], "ROOM_ACCESS_DENIED");
    ada.say(&room, "who is there?").await;
    ada.event("chat:message:received").await;
    assert!(ada.heard("chat:user:typing").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_senders_order_holds_at_every_receiver_under_load() {
    const SENDERS: usize = 5;
    const EACH: usize = 200;
    let app = TestApp::start().await;
    let owner = app.register("Ada").await;
    let room = owner.room("public").await;
    let mut sockets = vec![joined(&owner, "/chat", &room).await];
    for n in 1..SENDERS {
        let guest = app.guest("Ben").await;
        sockets.push(joined(&guest, NAMESPACES[n % 2], &room).await);
    }

    let chatting = sockets.into_iter().enumerate().map(|(sender, mut socket)| {
        let room = room.clone();
        tokio::spawn(async move {
            for n in 0..EACH {
                let message = json!({ "roomId": room, "content": format!("{sender} {n}") });
                socket.emit("chat:message:send", message).await;
            }
            let mut heard = Vec::new();
            for _ in 0..SENDERS * EACH {
                heard.push(socket.event("chat:message:received").await);
            }
            heard
        })
    });
    let receivers = futures_util::future::join_all(chatting).await;

    for heard in receivers {
        let heard = heard.unwrap();
        let seqs: Vec<_> = heard.iter().map(|it| it["seq"].as_u64().unwrap()).collect();
        let expected: Vec<_> = (1..=(SENDERS * EACH) as u64).collect();
        assert_eq!(seqs, expected);
        let mut next = [0; SENDERS];
        for message in heard {
            let content = text(&message["content"]);
            let (sender, n) = content.split_once(' ').unwrap();
            let sender: usize = sender.parse().unwrap();
            assert_eq!(n, next[sender].to_string(), "of {sender}");
            next[sender] += 1;
        }
    }
}

#[tokio::test]
async fn token_is_taken_wherever_a_client_can_put_it() {
    let app = TestApp::start().await;
    let User { id, token, .. } = app.guest("Ben").await;
    let bearer = format!("Bearer {token}");
    let query = format!("token={token}");
    let cookie = format!("access_token={token}");
    let own = format!("http://{}", app.address());
    for namespace in NAMESPACES {
        let handshake = || app.handshake(namespace);
        let in_auth = |auth| handshake().auth(auth);
        for (place, handshake) in [
            ("auth", in_auth(json!({ "token": token }))),
            ("auth with Bearer", in_auth(json!({ "token": bearer }))),
            ("auth with a version", in_auth(json!({ "token": token, "version": "1.7" }))),
            ("header", handshake().header("authorization", &bearer)),
            ("query", handshake().query(&query)),
            ("cookie of an own page", handshake().header("cookie", &cookie).header("origin", &own)),
        ] {
            let mut socket = handshake.connect().await.expect(place);
            let welcome = socket.event("chat:system:notification").await;
            assert_eq!(welcome["userId"], id, "{place}");
        }
    }
}

#[tokio::test]
async fn handshake_without_a_credential_is_refused() {
    let app = TestApp::start().await;
    let token = app.guest("Ben").await.token;
    let cookie = format!("access_token={token}");
    for namespace in NAMESPACES {
        let handshake = || app.handshake(namespace);
        let in_auth = |auth| handshake().auth(auth);
        for (why, code, handshake) in [
            ("nothing", "AUTH_FAILED", handshake()),
            ("no token", "AUTH_FAILED", in_auth(json!({}))),
            ("garbage", "AUTH_FAILED", in_auth(json!({ "token": "x" }))),
            ("no text", "PROTOCOL_ERROR", in_auth(json!({ "token": 7 }))),
            (
                "a cookie that any page may have sent along",
                "AUTH_FAILED",
                handshake().header("cookie", &cookie),
            ),
            (
                "a bad token beside a good cookie",
                "AUTH_FAILED",
                in_auth(json!({ "token": "x" })).header("cookie", &cookie),
            ),
            (
                "a version to come",
                "PROTOCOL_ERROR",
                in_auth(json!({ "token": token, "version": "2.0" })),
            ),
        ] {
            match handshake.connect().await {
                Err(Refused::Connect(error)) => assert_eq!(error["message"], code, "{why}"),
                Err(refused) => panic!("{why}: {refused:?}"),
                Ok(_) => panic!("{why} was let into {namespace}"),
            }
        }
    }
}

#[tokio::test]
async fn foreign_pages_are_refused_whatever_token_they_have() {
    let app = TestApp::with(&[("ALLOWED_ORIGINS", "https://app.example")]).await;
    let token = app.guest("Ben").await.token;
    let auth = json!({ "token": token });
    let foreign = [
        "https://evil.example",
        "https://app.example.evil.example",
        "http://app.example",
        "null",
        &format!("https://{}", app.address().ip()),
        &format!("http://{}", app.address().ip()),
    ];
    for origin in foreign {
        let bearer = format!("Bearer {token}");
        let headers = [("origin", origin), ("authorization", &*bearer)];
        let handshake = app.handshake("/").auth(auth.clone()).headers(&headers);
        let refused = handshake.connect().await.err();
        assert_eq!(refused, Some(Refused::Upgrade(403)), "{origin}");

        for method in ["GET", "POST"] {
            let path = format!("/socket.io/?EIO=4&transport=polling&token={token}");
            let answer = app.request(method, &path).headers(&headers).await;
            assert_eq!(answer.expect(403)["error_code"], "FORBIDDEN", "{method} {origin}");
        }
    }
    for origin in ["https://app.example", &format!("http://{}", app.address())] {
        let headers = [("origin", origin)];
        app.handshake("/").auth(auth.clone()).headers(&headers).connect().await.expect(origin);
        let polling = "/socket.io/?EIO=4&transport=polling";
        assert_eq!(app.get(polling).headers(&headers).await.status, 200, "{origin}");
    }
}

#[tokio::test]
async fn events_are_answered_also_when_they_make_no_sense() {
    let app = TestApp::start().await;
    let Pair { room, mut ada, .. } = Pair::of(&app).await;
    for (event, data, error_event) in [
        ("chat:room:paint", json!({ "roomId": room }), "chat:error"),
        ("chat:room:join", json!({ "roomId": "kitchen" }), "chat:error"),
        ("chat:message:send", json!("hello"), "chat:error"),
        ("join_session", json!({}), "error"),
        ("send_message", Value::Null, "error"),
        ("typing", json!({ "sessionId": room, "isTyping": "yes" }), "error"),
    ] {
        let ack = ada.emit_ack(event, data.clone()).await;
        assert_eq!(ack["status"], "error", "{event}: {ack}");
        assert_eq!(ack["error"]["code"], "PROTOCOL_ERROR", "{event}: {ack}");
        assert_eq!(ack["error"]["recoverable"], true);
        assert_eq!(ada.event(error_event).await, ack["error"], "{event}");
        ada.emit(event, data).await;
        assert_eq!(ada.event(error_event).await, ack["error"], "{event} without an ack");
    }
    ada.say(&room, "still here").await;
}

#[tokio::test]
async fn envelope_is_opened_and_its_request_id_given_back() {
    let app = TestApp::start().await;
    let Pair { room, mut ada, mut ben, .. } = Pair::of(&app).await;
    let envelope = |requests: &str, data: Value| json!({ "event": "chat:message:send", "version": "1.0", "requestId": requests, "data": data });

    let data = json!({ "roomId": room, "content": "hello" });
    let ack = ada.emit_ack("chat:message:send", envelope("r-1", data)).await;
    assert_eq!((&ack["status"], &ack["requestId"]), (&json!("ok"), &json!("r-1")));
    assert_eq!(ben.event("chat:message:received").await.get("requestId"), None);

    let data = json!({ "roomId": room, "content": "" });
    let ack = ada.emit_ack("chat:message:send", envelope("r-2", data)).await;
    assert_eq!((&ack["status"], &ack["requestId"]), (&json!("error"), &json!("r-2")));
    assert_eq!(ada.event("chat:error").await["requestId"], "r-2");
}

/// Two users who have joined the same public room, each with a socket.
struct Pair {
    room: String,
    owner: User,
    guest: User,
    ada: Socket,
    ben: Socket,
}

impl Pair {
    async fn of(app: &TestApp) -> Self {
        let (owner, guest) = (app.register("Ada").await, app.guest("Ben").await);
        let room = owner.room("public").await;
        let ada = joined(&owner, "/chat", &room).await;
        let ben = joined(&guest, "/", &room).await;
        Self { room, owner, guest, ada, ben }
    }
}

/// A socket of the user's that has joined a room in the chat vocabulary.
async fn joined(user: &User, namespace: &str, room: &str) -> Socket {
    let mut socket = user.connect(namespace).await;
    socket.join(room).await;
    socket
}

/// Who has come and gone in a room until now, as the socket was told.
async fn moves(socket: &mut Socket, room: &str) -> Vec<Value> {
    let mark = text(&socket.say(room, "what happened before this?").await["id"]);
    soon(async { while socket.event("chat:message:received").await["id"] != mark {} }).await;
    let told = socket.heard("chat:system:notification").into_iter().map(without_version);
    let about = |it: &Value| it["type"] == "user_joined" || it["type"] == "user_left";
    told.filter(about).collect()
}

/// What a server event says beside the contract's version, which every one has.
#[track_caller]
fn without_version(mut event: Value) -> Value {
    let version = event.as_object_mut().unwrap().remove("version");
    assert_eq!(version, Some(json!("1.0")), "{event}");
    event
}
