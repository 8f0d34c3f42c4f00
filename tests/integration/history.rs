//! Messages over REST: send them once, read them back.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::util::{TestApp, User, text};

#[tokio::test]
async fn message_is_stored_as_it_was_sent() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (room, path) = room_of(&ada).await;
    let form = json!({
        "content": "one\r\ntwo\rthree", "formatting": "markdown", "metadata": { "mood": "good" },
        "clientMessageId": "m-1",
        // What the server alone says.
        "id": "x", "seq": 99, "senderId": "eve", "timestamp": "never",
    });

    let message = ada.post(&path, form).await.expect(201);

    for (field, value) in [
        ("conversationId", json!(room)),
        ("roomId", json!(room)),
        ("seq", json!(1)),
        ("eventSeq", json!(1)),
        ("senderId", json!(ada.id)),
        ("role", json!("user")),
        ("type", json!("chat")),
        ("content", json!("one\ntwo\nthree")),
        ("formatting", json!("markdown")),
        ("metadata", json!({ "mood": "good" })),
        ("clientMessageId", json!("m-1")),
        ("deliveryStatus", json!("delivered")),
    ] {
        assert_eq!(message[field], value, "{field}");
    }
    assert_eq!(message.get("sessionId"), None);
    assert_eq!(ada.get(&path).await.expect(200)["items"], json!([message]));
}

#[tokio::test]
async fn message_of_a_session_names_the_session() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let session = ada.session().await;
    let path = format!("/chat/sessions/{session}/messages");

    let message = ada.post(&path, json!({ "content": "hello" })).await.expect(201);

    assert_eq!(message["sessionId"], session);
    assert_eq!(message.get("roomId"), None);
    assert_eq!(ada.get(&path).await.expect(200)["items"], json!([message]));
}

#[tokio::test]
async fn content_is_counted_in_characters_and_keeps_all_but_control_ones() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (_, path) = room_of(&ada).await;
    let longest = "\u{1f35e}".repeat(10_000);
    let right_to_left = "\u{202e}tab\there\nand e\u{301}\u{301}";
    for content in [&*longest, right_to_left] {
        let message = ada.post(&path, json!({ "content": content })).await.expect(201);
        assert_eq!(message["content"], content);
    }
    let refusal = ada.post(&path, json!({ "content": longest + "x" })).await.expect(400);
    assert_eq!(refusal["details"]["fields"][0]["message"], "1 to 10000 characters");
}

#[tokio::test]
async fn history_is_newest_first_and_bounded_by_seqs() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (_, path) = room_of(&ada).await;
    say(&ada, &path, 9).await;

    for (query, expected) in [
        ("", vec![9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ("order=asc", vec![1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("limit=2", vec![9, 8]),
        ("limit=2&order=asc", vec![1, 2]),
        ("before=4", vec![3, 2, 1]),
        ("before=4&order=asc", vec![1, 2, 3]),
        ("before=4&limit=1", vec![3]),
        ("before=1", vec![]),
        ("before=0", vec![]),
        ("after=7", vec![8, 9]),
        ("after=7&order=desc", vec![9, 8]),
        ("after=0&limit=1", vec![1]),
        ("after=9", vec![]),
        ("after=9223372036854775807", vec![]),
    ] {
        let page = ada.get(&format!("{path}?{query}")).await.expect(200);
        assert_eq!(seqs(page["items"].as_array().unwrap()), expected, "{query}");
    }
}

#[tokio::test]
async fn pages_hold_every_message_once_in_either_order() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (_, path) = room_of(&ada).await;
    say(&ada, &path, 7).await;

    for (query, expected) in [
        ("limit=3", vec![vec![7, 6, 5], vec![4, 3, 2], vec![1]]),
        ("limit=3&order=asc", vec![vec![1, 2, 3], vec![4, 5, 6], vec![7]]),
        // The bound goes with every page, and the cursor alone decides the order.
        ("limit=3&after=2", vec![vec![3, 4, 5], vec![6, 7]]),
        ("limit=3&before=6", vec![vec![5, 4, 3], vec![2, 1]]),
        ("limit=3&before=6&order=asc", vec![vec![1, 2, 3], vec![4, 5]]),
        ("limit=7", vec![vec![7, 6, 5, 4, 3, 2, 1]]),
    ] {
        let pages = ada.pages(&format!("{path}?{query}")).await;
        let pages: Vec<_> = pages.iter().map(|it| seqs(it)).collect();
        assert_eq!(pages, expected, "{query}");
    }
}

#[tokio::test]
async fn message_sent_while_pages_are_read_moves_none_of_them() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (_, path) = room_of(&ada).await;
    say(&ada, &path, 4).await;
    let first = ada.get(&format!("{path}?limit=2")).await.expect(200);
    say(&ada, &path, 1).await;

    let cursor = text(&first["nextCursor"]);
    let second = ada.get(&format!("{path}?limit=2&cursor={cursor}")).await.expect(200);

    assert_eq!(seqs(second["items"].as_array().unwrap()), [2, 1]);
    // A cursor is a bound as well.
    let newer = ada.get(&format!("{path}?after={cursor}")).await.expect(200);
    assert_eq!(seqs(newer["items"].as_array().unwrap()), [4, 5]);
}

#[tokio::test]
async fn bounds_that_are_wrong_are_refused_with_the_field() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (_, path) = room_of(&ada).await;
    let (_, other) = room_of(&ada).await;
    say(&ada, &path, 2).await;
    say(&ada, &other, 2).await;
    let foreign = text(&ada.get(&format!("{other}?limit=1")).await.expect(200)["nextCursor"]);

    for (field, query) in [
        ("before", "before=1&after=2"),
        ("cursor", &*format!("cursor={foreign}")),
        ("cursor", "cursor=7"),
        ("cursor", "cursor="),
        ("order", "order=sideways"),
        ("limit", "limit=0"),
        ("limit", "limit=101"),
        ("limit", "limit=few"),
    ] {
        let refusal = ada.get(&format!("{path}?{query}")).await;
        assert_eq!(refusal.status, 400, "{query}: {}", refusal.body);
        assert_eq!(refusal.body["details"]["field"], field, "{query}: {}", refusal.body);
    }
    for bound in ["before", "after"] {
        for value in ["", "-1", "yesterday", "99999999999999999999", &foreign] {
            let refusal = ada.get(&format!("{path}?{bound}={value}")).await;
            assert_eq!(refusal.status, 400, "{bound}={value}: {}", refusal.body);
        }
    }
}

#[tokio::test]
async fn message_sent_again_is_answered_with_the_first() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (room, path) = room_of(&ada).await;
    let first = json!({ "content": "first", "clientMessageId": "m-1" });
    let again = json!({ "content": "again", "clientMessageId": "m-1" });
    let bare = json!({ "content": "again" });
    let mut socket = ada.connect("/chat").await;
    socket.join(&room).await;

    let stored = ada.post(&path, first.clone()).await;
    assert!(!stored.headers.contains_key("idempotent-replayed"));
    let stored = stored.expect(201);

    for (headers, body) in [
        (vec![], &again),
        (vec![("idempotency-key", "m-1")], &bare),
        (vec![("idempotency-key", "m-1")], &again),
    ] {
        let replayed = ada.post(&path, body.clone()).headers(&headers).await;
        assert_eq!(replayed.headers["idempotent-replayed"], "true", "{headers:?}");
        assert_eq!(replayed.expect(200), stored, "{headers:?}");
    }
    let different = ada.post(&path, first.clone()).headers(&[("idempotency-key", "m-2")]).await;
    assert_eq!(different.expect(400)["details"]["field"], "clientMessageId");

    // The id is the sender's and the room's.
    let ben = app.guest("Ben").await;
    ben.connect("/chat").await.join(&room).await;
    assert_eq!(ben.post(&path, first.clone()).await.expect(201)["seq"], 2);
    let (_, other) = room_of(&ada).await;
    ada.post(&other, first).await.expect(201);

    socket.say(&room, "last").await;
    // Repeats are not announced.
    for content in ["first", "first", "last"] {
        assert_eq!(socket.event("chat:message:received").await["content"], content);
    }
}

#[tokio::test]
async fn idempotency_key_that_is_wrong_is_refused() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (_, path) = room_of(&ada).await;
    let long = "x".repeat(129);
    for key in ["", "two words", "\u{e9}", &long] {
        let headers = [("idempotency-key", key)];
        ada.post(&path, json!({ "content": "hello" })).headers(&headers).await.expect(400);
    }
    let longest = "x".repeat(128);
    let headers = [("idempotency-key", &*longest)];
    let message =
        ada.post(&path, json!({ "content": "hello" })).headers(&headers).await.expect(201);
    assert_eq!(message["clientMessageId"], longest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seqs_have_no_holes_though_many_send_at_once() {
    const EACH: usize = 40;
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (room, path) = room_of(&ada).await;
    let mut users = vec![ada.clone()];
    for name in ["Ben", "Cleo", "Dan", "Eve"] {
        let guest = app.guest(name).await;
        guest.connect("/chat").await.join(&room).await;
        users.push(guest);
    }

    let sending = (0..EACH).flat_map(|n| users.iter().map(move |user| (n, user)));
    let sending = sending.map(async |(n, user)| {
        // Every tenth is sent twice at once, and stored once.
        let form = json!({ "content": format!("{n}"), "clientMessageId": format!("{n}") });
        let again =
            async { if n % 10 == 0 { Some(user.post(&path, form.clone()).await) } else { None } };
        let (answer, again) = tokio::join!(user.post(&path, form.clone()), again);
        if let Some(again) = again {
            assert_eq!(answer.body, again.body);
            assert_eq!(answer.status + again.status, 201 + 200);
        }
        answer.body
    });
    let mut sent = join_all(sending).await;

    sent.sort_by_key(|it| it["seq"].as_i64());
    let expected: Vec<_> = (1..=(EACH * users.len()) as i64).collect();
    assert_eq!(seqs(&sent), expected);
    let pages = ada.pages(&format!("{path}?order=asc&limit=30")).await;
    assert_eq!(pages.concat(), sent);
}

#[tokio::test]
async fn time_of_a_message_is_the_same_wherever_it_is_read() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (room, path) = room_of(&ada).await;
    let mut chat = ada.connect("/chat").await;
    chat.join(&room).await;
    let mut session = ada.connect("/").await;
    session.join_session(&room).await;

    let posted = ada.post(&path, json!({ "content": "hello" })).await.expect(201);

    let time = text(&posted["timestamp"]);
    let milliseconds = time.strip_suffix('Z').unwrap().rsplit_once('.').unwrap().1;
    assert_eq!(milliseconds.len(), 3, "{time}");
    let live = chat.event("chat:message:received").await;
    assert_eq!(live["timestamp"], time);
    assert_eq!(session.event("new_message").await["timestamp"], time);
    assert_eq!(ada.get(&path).await.expect(200)["items"][0]["timestamp"], time);
}

#[tokio::test]
async fn what_has_changed_since_an_event_is_listed_in_the_order_of_changes() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let (_, path) = room_of(&ada).await;
    say(&ada, &path, 6).await;
    let all = ada.get(&format!("{path}?order=asc")).await.expect(200)["items"].clone();
    let of = |at: usize| format!("/chat/messages/{}", text(&all[at]["id"]));
    ada.request("PUT", &of(1)).json(json!({ "content": "edited" })).await.expect(200);
    ada.request("DELETE", &of(3)).await.expect(204);
    ada.request("PUT", &of(1)).json(json!({ "metadata": { "a": 1 } })).await.expect(200);

    let since = ada.get(&format!("{path}?changedAfter=6")).await.expect(200);
    let since = since["items"].as_array().unwrap();
    assert_eq!(seqs(since), [4, 2]);
    assert_eq!((&since[0]["eventSeq"], &since[0]["content"]), (&json!(8), &json!("")));
    assert!(since[0]["deletedAt"].is_string());
    assert_eq!((&since[1]["eventSeq"], &since[1]["content"]), (&json!(9), &json!("edited")));

    let pages = ada.pages(&format!("{path}?changedAfter=0&limit=4")).await;
    assert_eq!(pages.len(), 2);
    assert_eq!(seqs(&pages.concat()), [1, 3, 5, 6, 4, 2]);
    let none = ada.get(&format!("{path}?changedAfter=9")).await.expect(200);
    assert_eq!(none, json!({ "items": [], "nextCursor": null, "hasMore": false }));
    for wrong in ["-1", "x", "", "1&before=3", "1&after=3", "1&order=asc"] {
        ada.get(&format!("{path}?changedAfter={wrong}")).await.expect(400);
    }
    let page = ada.get(&format!("{path}?changedAfter=0&limit=1")).await.expect(200);
    let cursor = text(&page["nextCursor"]);
    let (_, elsewhere) = room_of(&ada).await;
    ada.get(&format!("{elsewhere}?cursor={cursor}")).await.expect(400);
    ada.get(&format!("{path}?before={cursor}")).await.expect(400);
}

#[tokio::test]
async fn clearing_is_a_change_of_all_messages_and_is_read_page_by_page() {
    let app = TestApp::start().await;
    let ada = app.register("Ada").await;
    let path = format!("/chat/sessions/{}/messages", ada.session().await);
    say(&ada, &path, 5).await;
    ada.request("DELETE", &path).await.expect(200);
    say(&ada, &path, 1).await;

    let pages = ada.pages(&format!("{path}?changedAfter=5&limit=2")).await;

    assert_eq!(seqs(&pages.concat()), [1, 2, 3, 4, 5, 7]);
    assert!(pages.concat()[..5].iter().all(|it| it["eventSeq"] == 6 && it["content"] == ""));
}

/// A new room of the user's, and the path of its messages.
async fn room_of(user: &User) -> (String, String) {
    let room = user.room("public").await;
    let path = format!("/rooms/{room}/messages");
    (room, path)
}

/// Sends messages, one after the other.
async fn say(user: &User, path: &str, count: usize) {
    for n in 0..count {
        user.post(path, json!({ "content": format!("{n}") })).await.expect(201);
    }
}

fn seqs(messages: &[Value]) -> Vec<i64> {
    messages.iter().map(|it| it["seq"].as_i64().unwrap()).collect()
}
