//! What people, programs and robots do that secrets and words are in.

use std::net::SocketAddr;

use hornero::testing::{Handshake, Request};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{OPERATOR, ROBOT_KEY, Secrets, WORDS, WRONG_PASSWORD};
use crate::{
    files::to_room,
    robots::server::{Reply, RobotServer},
    util::{PASSWORD, User, text},
};

/// Registers, guesses, logs in, comes as a guest and refreshes; gives who has registered.
pub(super) async fn people_come(address: SocketAddr, secrets: &mut Secrets) -> User {
    let ask = async |path: &str, form: Value, status| {
        Request::new(address, "POST", path).json(form).await.expect(status)
    };
    let register =
        json!({ "email": "ada@example.org", "password": PASSWORD, "displayName": "Ada" });
    let registered = ask("/auth/register", register.clone(), 201).await;
    ask("/auth/register", register, 409).await;
    let wrong = json!({ "email": "ada@example.org", "password": WRONG_PASSWORD });
    ask("/auth/login", wrong, 401).await;
    for malformed in [
        json!({ "email": WORDS, "password": { "is": WRONG_PASSWORD } }),
        json!({ "email": [WORDS], "password": [WRONG_PASSWORD] }),
        json!(WRONG_PASSWORD),
    ] {
        ask("/auth/login", malformed, 400).await;
    }
    let login = json!({ "email": "ada@example.org", "password": PASSWORD });
    let login = ask("/auth/login", login, 200).await;
    let guest = ask("/auth/guest", json!({ "displayName": "Ben" }), 201).await;
    let refresh = json!({ "refreshToken": guest["refreshToken"] });
    let refreshed = ask("/auth/refresh", refresh, 200).await;
    let by_cookie = Request::new(address, "POST", "/auth/refresh")
        .header("cookie", &format!("refresh_token={}", text(&registered["refreshToken"])))
        .header("sec-fetch-site", "same-origin")
        .json(json!({}))
        .await
        .expect(200);
    // A stolen one, which is used again when its successor was.
    ask("/auth/refresh", json!({ "refreshToken": refreshed["refreshToken"] }), 200).await;
    ask("/auth/refresh", json!({ "refreshToken": guest["refreshToken"] }), 401).await;
    for answer in [&registered, &login, &guest, &refreshed, &by_cookie] {
        secrets.add_login(answer);
    }
    User::of(address, &login)
}

/// Shows tokens and keys at both doors, good and bad, wherever a client can put them.
pub(super) async fn doors_are_tried(ada: &User, key: &str) {
    let address = ada.address;
    let forged = format!("{}x", ada.token);
    for (token, status) in [(ada.token.as_str(), 200), (&forged, 401), (key, 200)] {
        Request::new(address, "GET", "/auth/me").bearer(token).await.expect(status);
        let bearer = format!("Bearer {token}");
        let cookie = format!("access_token={token}");
        let handshake = || Handshake::new(address, "/chat");
        let come = [
            handshake().auth(json!({ "token": token })).connect().await.is_ok(),
            handshake().header("authorization", &bearer).connect().await.is_ok(),
            handshake().query(&format!("token={token}")).connect().await.is_ok(),
            handshake()
                .header("cookie", &cookie)
                .header("origin", &format!("http://{address}"))
                .connect()
                .await
                .is_ok(),
        ];
        // A key is not taken from an address.
        let is_good = status == 200;
        assert_eq!(come, [is_good, is_good, is_good && token != key, is_good]);
        let path = format!("/socket.io/?EIO=4&transport=polling&token={token}");
        let opened = Request::new(address, "GET", &path).await;
        let sid = opened.text.split('"').nth(3).unwrap().to_owned();
        let connect = format!("40/chat,{}", json!({ "token": token }));
        Request::new(address, "POST", &format!("{path}&sid={sid}")).body(connect).await;
        Request::new(address, "GET", &format!("{path}&sid={sid}")).await;
    }
    let mut socket = ada.connect("/chat").await;
    socket.call("auth:refresh", json!({ "token": ada.token })).await;
    let refused = socket.emit_ack("auth:refresh", json!({ "token": forged })).await;
    assert_eq!(refused["error"]["code"], "AUTH_FAILED");
    for password in [OPERATOR, WRONG_PASSWORD] {
        let auth = json!({ "username": "admin", "password": password });
        let come = Handshake::new(address, "/admin").auth(auth).connect().await;
        assert_eq!(come.is_ok(), password == OPERATOR);
    }
}

/// Says the words at both doors, as messages, files and prompts, also where they are refused.
pub(super) async fn things_are_said(ada: &User, robot: &RobotServer) {
    let room = ada.room("public").await;
    let session = ada.session().await;
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;
    socket.join_session(&session).await;
    let form = json!({ "content": WORDS, "metadata": { "note": WORDS } });
    for path in [format!("/rooms/{room}/messages"), format!("/chat/sessions/{session}/messages")] {
        ada.post(&path, form.clone()).await.expect(201);
        ada.get(&path).await.expect(200);
        ada.get(&format!("{path}?cursor={WORDS}")).await.expect(400);
    }
    let id = text(&socket.say(&room, WORDS).await["id"]);
    let edit = json!({ "messageId": id, "content": format!("{WORDS}!") });
    socket.call("chat:message:edit", edit).await;
    socket.call("chat:message:delete", json!({ "messageId": id })).await;
    // What is no message is refused with the words in it.
    for wrong in ["type", "metadata", "clientMessageId", "roomId"] {
        let mut message = json!({ "roomId": room, "content": WORDS });
        message[wrong] = json!([WORDS]);
        ada.post(&format!("/rooms/{room}/messages"), message.clone()).await;
        assert_eq!(socket.emit_ack("chat:message:send", message).await["status"], "error");
    }
    let elsewhere = json!({ "roomId": Uuid::new_v4(), "content": WORDS });
    assert_eq!(socket.emit_ack("chat:message:send", elsewhere).await["status"], "error");
    assert_eq!(socket.emit_ack("chat:nonsense", json!({ "x": WORDS })).await["status"], "error");
    socket.send(&format!("2/chat,[\"chat:message:send\",{WORDS}")).await;
    ada.request("POST", &format!("/rooms/{room}/messages"))
        .header("content-type", "application/json")
        .body(format!("{{\"content\": {WORDS}"))
        .await
        .expect(400);

    let file = to_room(ada, &room, &format!("{WORDS}.txt"), WORDS.as_bytes()).await.expect(201);
    assert_eq!(ada.get(&format!("/files/{}", text(&file["id"]))).await.text, WORDS);
    to_room(ada, &room, WORDS, format!("\0{WORDS}").as_bytes()).await.expect(400);

    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;
    for reply in [
        Reply::parts(&[WORDS, " ", WORDS]),
        Reply::status(401),
        Reply::Body("application/json", format!("{{\"error\": \"{WORDS} {ROBOT_KEY}\"}}")),
    ] {
        robot.reply(reply);
        let prompt = json!({ "roomId": room, "prompt": WORDS, "robotId": "gpt" });
        socket.call("chat:robot:interact", prompt).await;
        while socket.event("chat:robot:response").await["done"] != true {}
    }
}

/// Logs out with the token, which counts no more afterwards.
pub(super) async fn people_go(ada: &User) {
    ada.request("POST", "/auth/logout").await.expect(204);
    ada.get("/auth/me").await.expect(401);
}
