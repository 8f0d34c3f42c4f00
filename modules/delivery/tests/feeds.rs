//! Feeds begin with the first listener and end with the last.

use super::{holes::event, *};

#[tokio::test]
async fn first_listener_hears_what_comes_and_not_what_was() {
    let test = TestLog::started().await;
    let room = test.begin().await;
    test.fill(room, 3).await;
    test.settle().await;

    let listening = test.listen(room).await;

    assert_eq!(soon(listening.at_head(|head| head)).await, 3);
    test.append(room, "4", Fate::Stored).await.unwrap();
    test.settle().await;
    assert_eq!(test.door.told(room), [4]);
}

#[tokio::test]
async fn what_passes_while_the_first_listener_asks_is_behind_its_head() {
    let test = TestLog::started().await;
    let room = test.begin().await;
    let listening = test.hub.listen(room);
    // It has not asked yet, so it is told of none, but knows how far it was.
    test.fill(room, 2).await;
    test.settle().await;
    assert!(test.door.told(room).is_empty());
    assert_eq!(soon(listening.at_head(|head| head)).await, 2);

    test.hub.open(&listening).await.unwrap();
    test.append(room, "3", Fate::Stored).await.unwrap();
    test.settle().await;

    assert_eq!(test.door.told(room), [3]);
}

#[tokio::test]
async fn head_is_what_has_passed_though_the_database_was_asked_before() {
    let test = TestLog::started().await;
    let room = test.begin().await;
    test.fill(room, 2).await;
    let listening = test.hub.listen(room);
    // The reader does not see the third event yet, which was published already.
    test.hub.publish(vec![event(room, 3)], Vec::new()).await;
    test.settle().await;

    test.hub.open(&listening).await.unwrap();

    assert_eq!(soon(listening.at_head(|head| head)).await, 3);
}

#[tokio::test]
async fn second_listener_does_not_move_the_head() {
    let test = TestLog::started().await;
    let (room, _first) = test.listened().await;
    test.door.gate.shut();
    test.append(room, "1", Fate::Stored).await.unwrap();
    test.door.gate.knocked().await;

    // It is stored, but not yet told: whoever comes now may be told of it.
    let second = tokio::spawn({
        let hub = Arc::clone(&test.hub);
        async move {
            let listening = hub.listen(room);
            hub.open(&listening).await.unwrap();
            listening.at_head(|head| head).await
        }
    });
    test.door.gate.open();

    assert_eq!(soon(second).await.unwrap(), 1);
    test.settle().await;
    assert_eq!(test.door.told(room), [1]);
}

/// Otherwise the next listener would be sent again what the door is about to tell.
#[tokio::test]
async fn feed_outlives_its_last_listener_while_an_event_is_delivered() {
    let test = TestLog::started().await;
    let (room, last) = test.listened().await;
    test.door.gate.shut();
    test.append(room, "1", Fate::Stored).await.unwrap();
    test.door.gate.knocked().await;
    drop(last);

    let (hub, told) = (Arc::clone(&test.hub), Arc::clone(&test.door));
    let next = tokio::spawn(async move {
        let listening = hub.listen(room);
        hub.open(&listening).await.unwrap();
        listening.at_head(|head| (head, told.told(room))).await
    });
    // It must not know of the event before the door has told it.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    test.find(room).await;
    assert!(!next.is_finished());
    test.door.gate.open();

    assert_eq!(soon(next).await.unwrap(), (1, vec![1]));
}

#[tokio::test]
async fn feed_is_gone_with_its_last_listener() {
    let test = TestLog::started().await;
    let (room, first) = test.listened().await;
    let second = test.listen(room).await;
    drop(first);
    test.append(room, "1", Fate::Stored).await.unwrap();
    test.settle().await;
    assert_eq!(test.door.told(room), [1]);

    drop(second);
    test.append(room, "2", Fate::Stored).await.unwrap();
    test.settle().await;

    assert_eq!(test.door.told(room), [1]);
    assert_eq!(test.hub.feeds(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listeners_that_come_and_go_hear_everything_behind_their_heads() {
    let test = Arc::new(TestLog::started().await);
    let room = test.begin().await;
    let writing = tokio::spawn({
        let test = Arc::clone(&test);
        async move { test.fill(room, 200).await }
    });
    let mut rounds = 0;
    while !writing.is_finished() {
        let listening = test.listen(room).await;
        // Between two deliveries: whatever is told from here on is behind the head.
        let (head, told) = listening.at_head(|it| (it, test.door.told(room))).await;
        assert!(told.last().is_none_or(|it| *it <= head), "{head} {told:?}");
        tokio::task::yield_now().await;
        // Nothing further is told without what is between.
        let after: Vec<_> = listening.at_head(|_| test.door.told(room)).await[told.len()..].into();
        assert_eq!(after, (head + 1..=head + after.len() as i64).collect::<Vec<_>>());
        rounds += 1;
    }
    writing.await.unwrap();
    test.settle().await;

    assert!(rounds > 0);
    let told = test.door.told(room);
    assert!(told.is_sorted_by(|a, b| a < b), "{told:?}");
}
