//! Holes in what the hub is given: it fills them from the database, in order.

use super::{logs::Logs, *};
use crate::hub::Event;

pub(super) fn event(conversation: ConversationId, seq: i64) -> Event {
    Event { conversation, seq, body: Arc::new(Note::forged(conversation, seq)) }
}

/// A room that somebody listens to, in which `count` events happen behind the hub's back:
/// as if another node had stored them.
async fn with_unheard(count: i64) -> (TestLog, ConversationId, Listening) {
    let test = TestLog::started().await;
    let room = test.begin().await;
    let listening = test.listen(room).await;
    let elsewhere = Arc::new(Hub::with(TestDoor::new(), Arc::clone(&test.history)));
    Arc::clone(&elsewhere).start().await.unwrap();
    let config = Arc::new(DeliveryConfig::default());
    let log = Arc::new(EventLog::new(test.repository.clone(), elsewhere, config, Arc::default()));
    Arc::clone(&log).start().await.unwrap();
    for n in 1..=count {
        let key = n.to_string();
        let draft = NewNote { conversation: room, key, fate: Fate::Stored };
        soon(log.append(Arc::clone(&test.notes), draft)).await.unwrap();
    }
    (test, room, listening)
}

async fn publish(test: &TestLog, room: ConversationId, seqs: &[i64]) {
    for seq in seqs {
        test.hub.publish(vec![event(room, *seq)], Vec::new()).await;
    }
    test.settle().await;
}

#[tokio::test]
async fn event_that_is_published_again_is_dropped() {
    let (test, room, _listening) = with_unheard(3).await;
    publish(&test, room, &[1, 1, 2, 1, 2, 3, 3]).await;
    assert_eq!(test.door.told(room), [1, 2, 3]);
}

#[tokio::test]
async fn events_that_are_published_together_are_told_once_and_in_order() {
    let (test, room, _listening) = with_unheard(9).await;
    let (other, _also) = test.listened().await;
    test.fill(other, 2).await;
    let of_room = |seq| event(room, seq);
    let events = [1, 2, 2, 1, 3, 5, 6, 4].map(of_room).into_iter().chain([event(other, 2)]);
    test.hub.publish(events.chain([8, 7, 9].map(of_room)).collect(), Vec::new()).await;
    test.settle().await;
    assert_eq!(test.door.told(room), (1..=9).collect::<Vec<_>>());
    assert_eq!(test.door.told(other), [1, 2]);
}

#[tokio::test]
async fn hole_is_filled_from_the_database_in_order() {
    let (test, room, _listening) = with_unheard(9).await;
    publish(&test, room, &[2, 6, 4, 5, 9, 7]).await;
    assert_eq!(test.door.told(room), (1..=9).collect::<Vec<_>>());
}

#[tokio::test]
async fn hole_of_more_than_one_page_is_filled() {
    let (test, room, _listening) = with_unheard(520).await;
    publish(&test, room, &[520]).await;
    assert_eq!(test.door.told(room), (1..=520).collect::<Vec<_>>());
}

#[tokio::test]
async fn hole_that_the_database_has_too_is_skipped_and_logged() {
    let (test, room, _listening) = with_unheard(5).await;
    test.notes.lose_event(room, 3).await;
    let logs = Logs::default();
    {
        let _capturing = logs.capture();
        publish(&test, room, &[5]).await;
    }
    assert_eq!(test.door.told(room), [1, 2, 4, 5]);
    assert!(logs.errors().iter().any(|it| it.contains("lacks 1 events")), "{:?}", logs.errors());
    // And the feed goes on behind it.
    publish(&test, room, &[6]).await;
    assert_eq!(test.door.told(room), [1, 2, 4, 5, 6]);
}

#[tokio::test]
async fn what_nobody_knows_to_be_published_is_published_by_catching_up() {
    let (test, room, _listening) = with_unheard(4).await;
    publish(&test, room, &[1]).await;

    test.hub.catch_up(vec![room]).await;
    test.settle().await;

    assert_eq!(test.door.told(room), [1, 2, 3, 4]);
    // What is published late is not told again.
    publish(&test, room, &[3, 4]).await;
    assert_eq!(test.door.told(room), [1, 2, 3, 4]);
}

#[tokio::test]
async fn database_that_fails_meanwhile_loses_and_doubles_nothing() {
    let (test, room, _listening) = with_unheard(6).await;
    test.repository.fail_reads(true);
    publish(&test, room, &[3, 5]).await;
    assert!(test.door.told(room).is_empty(), "nothing is told before what came before it");

    test.repository.fail_reads(false);
    publish(&test, room, &[6]).await;

    assert_eq!(test.door.told(room), (1..=6).collect::<Vec<_>>());
}

#[tokio::test]
async fn hole_is_filled_later_though_nothing_more_happens() {
    let (test, room, _listening) = with_unheard(3).await;
    test.repository.fail_reads(true);
    publish(&test, room, &[3]).await;
    assert!(test.door.told(room).is_empty());

    test.repository.fail_reads(false);
    test.door.wait_for(room, 3).await;

    assert_eq!(test.door.told(room), [1, 2, 3]);
}

#[tokio::test]
async fn catching_up_is_tried_again_until_the_database_is_back() {
    let (test, room, _listening) = with_unheard(3).await;
    test.repository.fail_reads(true);
    test.hub.catch_up(vec![room]).await;
    test.settle().await;
    assert!(test.door.told(room).is_empty());

    test.repository.fail_reads(false);
    test.door.wait_for(room, 3).await;

    assert_eq!(test.door.told(room), [1, 2, 3]);
}
