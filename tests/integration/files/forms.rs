//! What a form may be, and who may send one.

use std::time::Duration;

use auth::{Role, UserType};
use serde_json::json;
use uuid::Uuid;

use super::{PNG, events::upload, form, kept, kept_are, messages, posted, rows_are, to_room};
use crate::util::{TestApp, text};

#[tokio::test]
async fn parts_come_in_any_order() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (room, session) = (ada.room("private").await, ada.session().await);

    let parts = [
        ("file", Some("notes.txt"), &b"buy milk"[..]),
        ("unknown", None, b"ignored"),
        ("message", None, b"false"),
        ("sessionId", None, session.as_bytes()),
    ];
    let file = posted(&ada, &parts).await.expect(201);

    assert_eq!((&file["contentType"], &file["size"]), (&json!("text/plain"), &json!(8)));
    assert_eq!(file["conversationId"], json!(session));
    let of_session = format!("/chat/sessions/{session}/messages");
    assert_eq!(ada.get(&of_session).await.expect(200)["items"], json!([]));
    let empty = to_room(&ada, &room, "", b"").await.expect(201);
    assert_eq!((&empty["name"], &empty["size"]), (&json!("file"), &json!(0)));
    assert_eq!(messages(&ada, &room).await[0]["type"], "file");
}

#[tokio::test]
async fn names_lose_their_paths() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    for (name, expected) in [
        ("../../../etc/passwd", "passwd"),
        ("..", "file"),
        ("C:\\\\boats.txt", "boats.txt"),
        ("Grüße 🍞.txt", "Grüße 🍞.txt"),
    ] {
        let file = to_room(&ada, &room, name, b"x").await.expect(201);
        assert_eq!(file["name"], expected);
        assert_eq!(messages(&ada, &room).await[0]["content"], expected);
    }
    // Whatever they are called, their bytes are where all are.
    assert_eq!(kept(&app).len(), 4);
}

#[tokio::test]
async fn wrong_forms_are_refused_and_leave_nothing() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (room, session) = (ada.room("private").await, ada.session().await);
    let (to, file) = (("roomId", None, room.as_bytes()), ("file", Some("a.txt"), &b"a"[..]));
    for (field, parts) in [
        ("file", vec![to]),
        ("roomId", vec![file]),
        ("roomId", vec![to, ("sessionId", None, session.as_bytes()), file]),
        ("roomId", vec![to, to, file]),
        ("file", vec![to, file, file]),
        ("roomId", vec![file, ("roomId", None, b"no-uuid")]),
        ("roomId", vec![("roomId", None, &[b'x'; 65]), file]),
        ("message", vec![to, file, ("message", None, b"perhaps")]),
        ("message", vec![to, ("message", None, b"\xff"), file]),
    ] {
        let refusal = posted(&ada, &parts).await.expect(400);
        assert_eq!(refusal["details"]["field"], field, "{refusal}");
        assert_eq!(refusal["error_code"], "INVALID_REQUEST");
    }
    let whole = form(&[to, file]);
    let kind = ("content-type", "multipart/form-data; boundary=hornero-test-boundary");
    for body in [&whole[..whole.len() - 10], &b"no form at all"[..], b""] {
        let request = ada.request("POST", "/files").header(kind.0, kind.1).body(body.to_vec());
        let refusal = request.await.expect(400);
        assert_eq!(refusal["details"]["reason"], "unparsable", "{refusal}");
    }
    ada.post("/files", json!({})).await.expect(415);
    ada.request("POST", "/files").await.expect(415);
    kept_are(&app, 0).await;
    rows_are(&app, 0).await;
    assert_eq!(messages(&ada, &room).await, [] as [serde_json::Value; 0]);
}

#[tokio::test]
async fn types_are_told_by_content_and_must_be_allowed() {
    let app = TestApp::with(&[("HORNERO__FILES__TYPES", "image/png, text/plain")]).await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    to_room(&ada, &room, "boats.exe", PNG).await.expect(201);
    let page = b"<html><script>alert(1)</script></html>";
    let file = to_room(&ada, &room, "page.html", page).await.expect(201);
    assert_eq!(file["contentType"], "text/plain");
    let long = [&b"\0"[..], &[b'a'; 100_000]].concat();
    for bytes in [&b"%PDF-1.7\n\0"[..], b"MZ\x90\0\x03", b"\x7fELF\x02\x01\x01", b"a\0b", &long] {
        let refusal = to_room(&ada, &room, "boats.png", bytes).await.expect(400);
        assert_eq!(refusal["error_code"], "INVALID_REQUEST");
        assert_eq!(refusal["details"]["reason"], "type_not_allowed", "{refusal}");
        assert_eq!(refusal["details"]["allowedTypes"], json!(["image/png", "text/plain"]));
    }
    kept_are(&app, 2).await;
    rows_are(&app, 2).await;
}

#[tokio::test]
async fn file_has_so_many_bytes_at_most() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let most = 10 * 1024 * 1024;
    let bytes = vec![b'a'; most + 1];

    let file = to_room(&ada, &room, "most.txt", &bytes[..most]).await.expect(201);
    let refusal = to_room(&ada, &room, "more.txt", &bytes).await.expect(413);

    assert_eq!(file["size"], most);
    assert_eq!(refusal["error_code"], "INVALID_REQUEST");
    assert_eq!(refusal["details"]["maxBytes"], most);
    // Others keep the limit that they had.
    let message = json!({ "content": "a", "metadata": { "a": "x".repeat(1_100_000) } });
    ada.post(&format!("/rooms/{room}/messages"), message).await.expect(413);
    kept_are(&app, 1).await;
    rows_are(&app, 1).await;
}

#[tokio::test]
async fn who_may_not_send_may_not_upload() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let guest = app.guest("Gus").await;
    let admin = app.promoted("Root", Some(Role::Admin), None).await;
    let supervisor = app.promoted("Sue", None, Some(UserType::Supervisor)).await;
    let (public, private) = (ada.room("public").await, ada.room("private").await);
    let session = ada.session().await;
    guest.connect("/chat").await.join(&public).await;

    to_room(&guest, &public, "a.txt", b"a").await.expect(403);
    to_room(&ben, &public, "a.txt", b"a").await.expect(403);
    to_room(&ben, &private, "a.txt", b"a").await.expect(404);
    to_room(&supervisor, &private, "a.txt", b"a").await.expect(404);
    to_room(&ada, &Uuid::nil().to_string(), "a.txt", b"a").await.expect(404);
    // A session is no room.
    to_room(&ada, &session, "a.txt", b"a").await.expect(404);
    let to_session = |user| {
        posted(user, &[("file", Some("a.txt"), b"a"), ("sessionId", None, session.as_bytes())])
    };
    to_session(&ben).await.expect(404);
    ada.request("PATCH", &format!("/sessions/{session}"))
        .json(json!({ "status": "closed" }))
        .await
        .expect(200);
    let refusal = to_session(&ada).await.expect(409);
    assert_eq!(refusal["details"]["reason"], "session_closed");
    kept_are(&app, 0).await;
    rows_are(&app, 0).await;

    to_room(&admin, &private, "a.txt", b"a").await.expect(201);
    to_room(&ada, &private, "a.txt", b"a").await.expect(201);
}

#[tokio::test]
async fn files_of_a_user_take_so_many_bytes_together() {
    let app = TestApp::with(&[("HORNERO__FILES__MAX_BYTES_PER_USER", "20000")]).await;
    let (ada, ben) = (app.register("Ada").await, app.register("Ben").await);
    let (room, his) = (ada.room("private").await, ben.room("private").await);
    let bytes = [b'a'; 9_000];
    to_room(&ada, &room, "first.txt", &bytes).await.expect(201);

    // It is known as soon as it has passed, and not before.
    let refusal = to_room(&ada, &room, "more.txt", &[b'a'; 11_001]).await.expect(413);
    assert_eq!(refusal["error_code"], "INVALID_REQUEST");
    assert_eq!(refusal["details"]["reason"], "quota_exceeded");
    assert_eq!(refusal["details"]["maxBytesPerUser"], 20_000);
    kept_are(&app, 1).await;
    rows_are(&app, 1).await;

    // Small ones count 4 KiB each.
    for name in ["b.txt", "c.txt", "d.txt"] {
        to_room(&ada, &room, name, b"small").await.expect(201);
    }
    let refusal = to_room(&ada, &room, "e.txt", b"").await.expect(413);
    assert_eq!(refusal["details"]["reason"], "quota_exceeded");
    let mut socket = ada.connect("/chat").await;
    let ack = upload(&mut socket, &room, b"small").await;
    assert_eq!(ack["error"]["code"], "CLIENT_ERROR", "{ack}");
    assert_eq!(ack["error"]["details"]["reason"], "quota_exceeded");
    to_room(&ben, &his, "his.txt", &bytes).await.expect(201);

    let first = messages(&ada, &room).await;
    let first = first.iter().find(|it| it["content"] == "first.txt").unwrap();
    ada.request("DELETE", &format!("/chat/messages/{}", text(&first["id"]))).await.expect(204);
    to_room(&ada, &room, "e.txt", b"").await.expect(201);
}

#[tokio::test]
async fn slow_clients_and_too_many_are_refused() {
    let app = TestApp::with(&[
        // Long enough for the other upload to be refused before, on a slow machine, too.
        ("HORNERO__FILES__UPLOAD_TIMEOUT_MS", "4000"),
        ("HORNERO__FILES__MAX_UPLOADS", "1"),
    ])
    .await;
    let ada = app.register("Ada").await;
    let room = ada.room("private").await;
    let whole = form(&[("roomId", None, room.as_bytes()), ("file", Some("a.txt"), &[b'a'; 9_000])]);
    let kind = "multipart/form-data; boundary=hornero-test-boundary";
    let mut sent = whole[..5_000].to_vec();
    // As much as it has promised never comes.
    let slow = {
        let (ada, kind) = (ada.clone(), kind.to_owned());
        let stalled = futures_util::stream::once(async move {
            Ok::<_, std::io::Error>(std::mem::take(&mut sent))
        });
        let stalled = futures_util::StreamExt::chain(stalled, futures_util::stream::pending());
        let body = axum::body::Body::from_stream(stalled);
        tokio::spawn(async move {
            ada.request("POST", "/files").header("content-type", &kind).body(body).await
        })
    };
    rows_are(&app, 1).await;
    let busy = to_room(&ada, &room, "b.txt", b"b").await.expect(503);
    assert_eq!(busy["error_code"], "SERVICE_UNAVAILABLE");
    assert!(busy["retry_after_ms"].is_u64(), "{busy}");

    let timeout = tokio::time::timeout(Duration::from_secs(20), slow).await.unwrap().unwrap();

    assert_eq!(timeout.expect(504)["error_code"], "TIMEOUT");
    to_room(&ada, &room, "b.txt", b"b").await.expect(201);
    kept_are(&app, 1).await;
    rows_are(&app, 1).await;
}
