//! However often a connection is lost: in order, each once.

use super::*;

const EVENTS: usize = 400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_that_is_cut_off_again_and_again_hears_all_in_order() {
    let app = Arc::new(club(&[]).await);
    let mut ben = enter(&app, json!({}), &["kitchen"]).await;
    let speakers: Vec<_> =
        ["a", "b"].map(|name| tokio::spawn(speak(Arc::clone(&app), name))).into();
    let (mut heard, mut memory, mut cut) = (Vec::new(), Value::Null, 0);
    while heard.len() < 2 * EVENTS {
        let text = ben.event("said").await["text"].as_str().unwrap().to_owned();
        heard.push(text);
        if heard.len() % 37 == 0 {
            // What was read and not yet looked at was heard, too.
            heard
                .extend(ben.heard("said").iter().map(|it| it["text"].as_str().unwrap().to_owned()));
            memory = ben.recovery();
            if cut % 2 == 0 {
                ben.close().await;
            }
            // Half of the time the old connection is still there, or dropped at this moment.
            ben = back(&app, &memory).await;
            assert!(is_who_it_was(&ben, &memory), "{cut}");
            cut += 1;
        }
    }
    assert!(cut > 10 && memory["offset"].is_string());
    for (name, speaker) in ["a", "b"].into_iter().zip(speakers) {
        speaker.await.unwrap();
        let of_one: Vec<_> = heard.iter().filter(|it| it.starts_with(name)).cloned().collect();
        let all: Vec<_> = (0..EVENTS).map(|n| format!("{name}{n}")).collect();
        assert_eq!(of_one, all);
    }
}

/// Says something to the channel again and again.
async fn speak(app: Arc<TestApp>, name: &'static str) {
    let mut socket = enter(&app, json!({}), &[]).await;
    for n in 0..EVENTS {
        say(&mut socket, "kitchen", &format!("{name}{n}")).await;
    }
}
