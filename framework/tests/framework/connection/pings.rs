//! Pings come when the opening packet says that they do.

use std::time::{Duration, Instant};

use futures_util::StreamExt;

use super::raw::{Polling, Websocket, inn};

const INTERVAL: Duration = Duration::from_millis(400);

/// Who does not answer a ping is gone long before the tests end.
const QUICK: [(&str, &str); 2] = [
    ("HORNERO__WEBSOCKET__PING_INTERVAL_MS", "400"),
    ("HORNERO__WEBSOCKET__PING_TIMEOUT_MS", "300"),
];

#[tokio::test]
async fn first_ping_comes_after_the_interval_over_a_websocket() {
    let app = inn(&QUICK).await;
    let opened = Instant::now();
    let mut client = Websocket::open(&app, None).await.unwrap();
    client.receive("0").await;
    for nth in 1..=3 {
        assert_eq!(client.receive("").await, "2");
        assert!(opened.elapsed() >= INTERVAL * nth - INTERVAL / 4, "{:?}", opened.elapsed());
        client.send("3").await;
    }
    client.send("40").await;
    client.receive("40").await;
}

#[tokio::test]
async fn first_ping_comes_after_the_interval_over_polling() {
    let app = inn(&QUICK).await;
    let opened = Instant::now();
    let client = Polling::open(&app).await;
    for nth in 1..=3 {
        assert_eq!(client.poll().await.text, "2");
        assert!(opened.elapsed() >= INTERVAL * nth - INTERVAL / 4, "{:?}", opened.elapsed());
        client.send("3").await;
    }
    client.send("40").await;
    client.receive("40").await;
}

#[tokio::test]
async fn first_ping_is_not_told_after_an_upgrade_and_later_ones_are() {
    let app = inn(&QUICK).await;
    let polling = Polling::open(&app).await;
    let mut client = Websocket::open(&app, Some(&polling.sid)).await.unwrap();
    client.send("2probe").await;
    client.receive("3probe").await;
    client.send("5").await;
    let upgraded = Instant::now();
    for nth in 1..=2 {
        assert_eq!(client.receive("").await, "2");
        assert!(upgraded.elapsed() >= INTERVAL * nth - INTERVAL / 4, "{:?}", upgraded.elapsed());
        client.send("3").await;
    }
}

#[tokio::test]
async fn who_answers_no_ping_is_gone_over_both_transports() {
    let app = inn(&QUICK).await;
    let polling = Polling::open(&app).await;
    let mut client = Websocket::open(&app, None).await.unwrap();
    client.receive("0").await;
    let (ping, polled) = tokio::join!(client.receive(""), polling.poll());
    assert_eq!((ping.as_str(), polled.text.as_str()), ("2", "2"));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(polling.poll().await.status, 400);
    let ended = async { while let Some(Ok(_)) = client.0.next().await {} };
    hornero::testing::soon(ended).await;
}
