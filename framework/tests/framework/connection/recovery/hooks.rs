//! What gateways have to say about it.

use super::*;

#[tokio::test]
async fn channel_that_is_denied_is_neither_heard_again_nor_told() {
    let app = club(&[]).await;
    let mut ada = enter(&app, json!({}), &[]).await;
    let ben = enter(&app, json!({}), &["kitchen", "closed"]).await;
    let memory = ben.recovery();
    ben.close().await;
    say(&mut ada, "closed", "x").await;
    say(&mut ada, "kitchen", "1").await;

    let mut ben = back(&app, &memory).await;
    assert!(is_who_it_was(&ben, &memory));
    say(&mut ada, "closed", "y").await;
    say(&mut ada, "kitchen", "2").await;
    hears(&mut ben, &["1", "2"]).await;
    assert_eq!(ben.take_heard(), []);
}

#[tokio::test]
async fn hook_that_fails_makes_the_client_come_back_as_new() {
    let app = club(&[]).await;
    let ben = enter(&app, json!({}), &["trap"]).await;
    let memory = ben.recovery();
    ben.close().await;

    let mut ben = app.handshake("/club").open().await.unwrap();
    // It may be told that it is in before it is told that it is not.
    if ben.join("/club", memory.clone()).await != Packet::Closed {
        ben.closed().await;
    }
    let ben = back(&app, &memory).await;
    assert!(!is_who_it_was(&ben, &memory));
}

#[tokio::test]
async fn what_was_said_to_one_socket_alone_is_told_again() {
    let app = club(&[]).await;
    let mut ben = enter(&app, json!({}), &[]).await;
    ben.call("whisper", "1").await;
    hears(&mut ben, &["1"]).await;
    let memory = ben.recovery();
    // The client never reads these.
    ben.call("whisper", "2").await;
    ben.call("say", json!({ "text": "3" })).await;
    ben.close().await;

    let mut ben = back(&app, &memory).await;
    assert!(is_who_it_was(&ben, &memory));
    hears(&mut ben, &["2", "3"]).await;
}

#[tokio::test]
async fn what_is_kept_elsewhere_has_to_be_asked_for() {
    let app = club(&[]).await;
    for (reads, recovered) in [(true, true), (false, false)] {
        let mut ben = enter(&app, json!({}), &[]).await;
        ben.call("whisper", "1").await;
        let mut memory = ben.recovery();
        ben.call("recite", "2").await;
        if reads {
            memory = ben.recovery();
        }
        ben.close().await;
        let ben = back(&app, &memory).await;
        assert_eq!(is_who_it_was(&ben, &memory), recovered);
    }
}

#[tokio::test]
async fn who_was_interrupted_comes_back_as_new() {
    let app = club(&[]).await;
    let mut ben = enter(&app, json!({}), &[]).await;
    ben.call("begin", ()).await;
    let memory = ben.recovery();
    ben.close().await;
    assert!(!is_who_it_was(&back(&app, &memory).await, &memory));
}

#[tokio::test]
async fn socket_hears_nothing_from_before_it_entered_a_channel() {
    let app = club(&[]).await;
    let mut ada = enter(&app, json!({}), &[]).await;
    let mut ben = enter(&app, json!({}), &[]).await;
    let memory = ben.recovery();
    say(&mut ada, "kitchen", "before").await;
    ben.call("enter", "kitchen").await;
    say(&mut ada, "kitchen", "1").await;
    ben.close().await;

    let mut ben = back(&app, &memory).await;
    assert!(is_who_it_was(&ben, &memory));
    hears(&mut ben, &["1"]).await;
}
