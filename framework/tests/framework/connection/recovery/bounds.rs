//! How long, and how much is kept.

use super::*;

async fn counted(app: &TestApp) -> Value {
    let mut socket = enter(app, json!({}), &[]).await;
    socket.call("counts", ()).await
}

#[tokio::test]
async fn who_has_missed_more_than_is_kept_is_new() {
    let app = club(&[("HORNERO__WEBSOCKET__RECOVERY__MAX_EVENTS", "3")]).await;
    let mut ada = enter(&app, json!({}), &[]).await;
    for (missed, recovered) in [(3, true), (4, false)] {
        let mut ben = enter(&app, json!({}), &["kitchen"]).await;
        ben.call("whisper", "hello").await;
        let (id, memory) = (ben.id().to_owned(), ben.recovery());
        ben.close().await;
        for _ in 0..missed {
            say(&mut ada, "kitchen", "more").await;
        }
        let ben = back(&app, &memory).await;
        assert_eq!(is_who_it_was(&ben, &memory), recovered, "{missed} missed");
        assert_eq!(ben.id() == id, recovered);
    }
    assert_eq!(counted(&app).await["tooOld"], 1);
}

#[tokio::test]
async fn who_has_missed_more_bytes_than_are_kept_is_new() {
    let app = club(&[("HORNERO__WEBSOCKET__RECOVERY__MAX_BYTES", "2000")]).await;
    let mut ada = enter(&app, json!({}), &[]).await;
    let mut ben = enter(&app, json!({}), &["kitchen"]).await;
    ben.call("whisper", "hello").await;
    let memory = ben.recovery();
    ben.close().await;
    for _ in 0..3 {
        say(&mut ada, "kitchen", &"x".repeat(800)).await;
    }
    assert!(!is_who_it_was(&back(&app, &memory).await, &memory));
}

#[tokio::test]
async fn who_has_missed_more_than_a_queue_may_hold_is_new() {
    let app = club(&[("HORNERO__WEBSOCKET__SEND_QUEUE_SIZE", "16")]).await;
    let mut ada = enter(&app, json!({}), &[]).await;
    for (missed, recovered) in [(8, true), (9, false)] {
        let mut ben = enter(&app, json!({}), &["kitchen"]).await;
        ben.call("whisper", "hello").await;
        let memory = ben.recovery();
        ben.close().await;
        for _ in 0..missed {
            say(&mut ada, "kitchen", "more").await;
        }
        let ben = back(&app, &memory).await;
        assert_eq!(is_who_it_was(&ben, &memory), recovered, "{missed} missed");
    }
}

#[tokio::test]
async fn who_was_away_for_too_long_is_new_and_leaves_nothing_behind() {
    let app = club(&[("HORNERO__WEBSOCKET__RECOVERY__MAX_DISCONNECTION_MS", "300")]).await;
    let ben = enter(&app, json!({}), &["kitchen"]).await;
    let memory = ben.recovery();
    ben.close().await;
    soon(async { while counted(&app).await["candles"] == 0 {} }).await;
    // Nobody comes back, and nothing else happens that has to do with it.
    let mut ada = enter(&app, json!({}), &[]).await;
    soon(async { while ada.call("counts", ()).await["candles"] != 0 {} }).await;
    assert!(!is_who_it_was(&back(&app, &memory).await, &memory));
}

#[tokio::test]
async fn of_too_many_who_are_away_the_first_is_forgotten() {
    let app = club(&[("HORNERO__WEBSOCKET__RECOVERY__MAX_SESSIONS", "2")]).await;
    let mut memories = Vec::new();
    for _ in 0..3 {
        let ben = enter(&app, json!({}), &[]).await;
        memories.push(ben.recovery());
        ben.close().await;
        a_moment().await;
    }
    for (place, memory) in memories.iter().enumerate() {
        let ben = back(&app, memory).await;
        assert_eq!(is_who_it_was(&ben, memory), place > 0, "{place}");
        ben.disconnect().await;
    }
}
